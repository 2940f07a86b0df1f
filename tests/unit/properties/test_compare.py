from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from pytest_lmworkbook.judge.verdict import Reason
from pytest_lmworkbook.properties.compare import Mismatch, compare, render_value
from pytest_lmworkbook.properties.tolerance import Expected

INF, NAN = math.inf, math.nan


def expect(value: object, allowed: object = None, explain: str = "why") -> Expected:
    return Expected(value, allowed, explain, "float32")


def floats(*values: float, allowed: float = 1e-6) -> Expected:
    value = torch.tensor(values, dtype=torch.float64)
    return expect(value, torch.full_like(value, allowed))


@dataclass(frozen=True)
class Opaque:
    type_name: str
    text: str


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.tensor([1.0, 2.0]), floats(1, 2)),
        (torch.tensor([1.0, 2.0], dtype=torch.bfloat16), floats(1, 2)),
        (torch.tensor([INF, -INF, NAN]), floats(INF, -INF, NAN)),
        (torch.tensor([NAN]), floats(3, allowed=INF)),
        (
            torch.zeros(0, 3),
            expect(torch.zeros(0, 3, dtype=torch.float64), torch.zeros(0, 3, dtype=torch.float64)),
        ),
        (1.0, expect(1.0, 0.0)),
        (1, expect(1.0, 0.0)),
        (torch.tensor(1.0), expect(1.0, 0.0)),
        (torch.tensor(3), expect(3)),
        ([1, 2], expect((1, 2), (None, None))),
        ({"b": 2, "a": 1}, expect({"a": 1, "b": 2}, {"a": None, "b": None})),
        (2**80, expect(2**80)),
        (None, expect(None)),
        (np.array([1.5]), expect(np.array([1.5]), torch.zeros(1, dtype=torch.float64))),
        (torch.tensor([1, 9]), expect(torch.tensor([1, 2]), torch.tensor([0.0, INF]))),
    ],
)
def test_right_answers(actual: object, expected: Expected) -> None:
    assert compare(actual, expected) is None


@pytest.mark.parametrize(
    ("actual", "expected", "reason", "message"),
    [
        (
            None,
            floats(1),
            Reason.STRUCTURE,
            "output: is None (is a `return` missing?), wanted a tensor of shape (1,)",
        ),
        (
            [1.0],
            floats(1),
            Reason.STRUCTURE,
            "output: is a list of 1 items, wanted a tensor of shape (1,)",
        ),
        (1.0, floats(1), Reason.STRUCTURE, "output: is float 1.0, wanted a tensor of shape (1,)"),
        (
            np.ones(1),
            floats(1),
            Reason.STRUCTURE,
            "output: is an array of shape (1,), wanted a tensor of shape (1,)",
        ),
        (
            Opaque("Thing", "<thing>"),
            floats(1),
            Reason.STRUCTURE,
            "output: is Thing: <thing>, wanted a tensor of shape (1,)",
        ),
        ((1, 2, 3), expect((1, 2)), Reason.STRUCTURE, "output: has 3 items, wanted 2"),
        (
            (1, [2]),
            expect((1, 2)),
            Reason.STRUCTURE,
            "output[1]: is a list of 1 items, wanted int 2",
        ),
        (
            {"a": 1},
            expect({"a": 1, "b": 2, "c": 3}),
            Reason.STRUCTURE,
            "output: lacks the key 'b' and 1 more",
        ),
        ({(1, 2): 1, 7: 1}, expect({(1, 2): 1}), Reason.STRUCTURE, "output: has a key too many, 7"),
        (True, expect(1), Reason.STRUCTURE, "output: is bool True, wanted int 1"),
        (3.0, expect(3), Reason.STRUCTURE, "output: is float 3.0, wanted int 3"),
        (torch.ones(1, 2), floats(1, 1), Reason.SHAPE, "output: has shape (1, 2), wanted (2,)"),
        (torch.ones(()), floats(1), Reason.SHAPE, "output: has shape (), wanted (1,)"),
        (
            torch.ones(1),
            expect(torch.ones(5, dtype=torch.float64), torch.ones(5)),
            Reason.SHAPE,
            "output: has shape (1,), wanted (5,)",
        ),
        (
            torch.tensor([1, 2]),
            floats(1, 2),
            Reason.DTYPE,
            "output: holds integers (int64), wanted floats",
        ),
        (
            torch.tensor([1.0]),
            expect(torch.tensor([1])),
            Reason.DTYPE,
            "output: holds floats (float32), wanted integers",
        ),
        (
            torch.tensor([1]),
            expect(torch.tensor([True])),
            Reason.DTYPE,
            "output: holds integers (int64), wanted booleans",
        ),
        (
            torch.tensor([1.0, NAN]),
            floats(1, 2),
            Reason.NOT_FINITE,
            "output: 1 of 2 elements differ (50 %), shape (2,), float32: NaN or infinite, or should be",
        ),
        (
            torch.tensor([INF]),
            floats(-INF),
            Reason.NOT_FINITE,
            "output: the value differs, shape (1,), float32: NaN or infinite, or should be",
        ),
        (
            torch.tensor([1.0]),
            floats(NAN),
            Reason.NOT_FINITE,
            "output: the value differs, shape (1,), float32: NaN or infinite, or should be",
        ),
        ([1, 5], expect([1, 2], [None, None]), Reason.VALUE, "output[1]: is 5, wanted 2"),
        ("ab", expect("abc"), Reason.VALUE, "output: is 'ab', wanted 'abc'"),
        (
            {(1, 2): 3},
            expect({(1, 2): 4}, {(1, 2): None}),
            Reason.VALUE,
            "output[(1, 2)]: is 3, wanted 4",
        ),
        (
            torch.tensor([1, 2]),
            expect(torch.tensor([1, 3])),
            Reason.VALUE,
            "output: 1 of 2 elements differ (50 %), shape (2,), int64",
        ),
    ],
)
def test_wrong_answers(actual: object, expected: Expected, reason: Reason, message: str) -> None:
    mismatch = compare(actual, expected)
    assert mismatch is not None
    assert (mismatch.reason, mismatch.message) == (reason, message)


def test_the_whole_mismatch_of_a_tensor() -> None:
    expected = floats(0.5, 1, -2, 4, allowed=1e-6)
    assert compare(torch.tensor([0.5, 1.25, -2.0, 4.0000005]), expected) == Mismatch(
        reason=Reason.VALUE,
        message="output: 1 of 4 elements differ (25 %), shape (4,), float32",
        expected_text="tensor([0.5, 1, -2, 4])",
        actual_text="tensor([0.5, 1.25, -2, 4])",
        worst="worst  [1]: expected 1, got 1.25, |difference| 2.5e-01, allowed 1.0e-06 (why)",
        differing=1,
        total=4,
    )


def test_nothing_broadcasts() -> None:
    ones = torch.ones(4, 3, dtype=torch.float64)
    for actual in (
        torch.ones(3),
        torch.ones(1, 3),
        torch.ones(4, 1),
        torch.ones(()),
        torch.ones(1, 4, 3),
    ):
        mismatch = compare(actual, expect(ones, torch.full_like(ones, INF)))
        assert mismatch is not None
        assert mismatch.reason is Reason.SHAPE
    mismatch = compare(torch.ones(3), expect(1.0, 0.0))
    assert mismatch is not None
    assert mismatch.reason is Reason.STRUCTURE


def test_what_comes_first_is_told() -> None:
    # Wrong in every way: shape before dtype, dtype before values; and structure anywhere before any of them.
    expected = expect((torch.ones(2, dtype=torch.float64), 1), (torch.zeros(2), None))
    assert compare((torch.tensor([7]), 2), expected).reason is Reason.SHAPE  # type: ignore[union-attr]
    assert compare((torch.tensor([7, 7]), 2), expected).reason is Reason.DTYPE  # type: ignore[union-attr]
    assert compare((torch.tensor([7]), "x"), expected).reason is Reason.STRUCTURE  # type: ignore[union-attr]


def test_large_values_are_shown_by_their_beginning() -> None:
    assert (
        render_value(torch.arange(100))
        == "tensor([0, 1, 2, 3, 4, 5, 6, 7, ...]), shape (100,), int64"
    )
    assert len(render_value(list(range(1000)))) < 900
    assert render_value({"a": (1.23456789,)}) == "{'a': (1.23457,)}"
    assert render_value(np.array([0.5])) == "array([0.5])"
