# ruff: noqa: F722, F821, TC002, UP037
# jaxtyping shapes are strings that ruff takes for forward references, and are read at run time.
from __future__ import annotations

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pytest_lmworkbook.properties.inputs import Bounds
from pytest_lmworkbook.properties.layouts import LAYOUTS
from pytest_lmworkbook.properties.snippet import render_arguments, render_value
from pytest_lmworkbook.properties.tensors import leaves


def everything(
    x: Float[Tensor, "... n d"],
    ids: Int[Tensor, "n"],
    mask: Bool[Tensor, "n d"] | None,
    array: Float[np.ndarray, "n d"],
    flags: Bool[np.ndarray, "d"],
    grads: list[Float[Tensor, "n"]],
    text: str,
    data: bytes,
    pairs: dict[tuple[int, int], float],
    eps: float,
) -> None: ...


def rebuild(lines: list[str]) -> dict[str, object]:
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    return names


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_executing_the_lines_rebuilds_the_arguments_exactly(draw, dtype: str) -> None:
    bounds = Bounds(dims={"n": (1, 4), "d": (1, 4)}, dtypes=(dtype,))
    layouts = set()
    for inputs in draw(everything, bounds, examples=150):
        lines = inputs.describe()
        if any("  # shape" in line for line in lines):
            continue
        layouts |= set(inputs.recipe.layouts.values())
        names = rebuild(lines)
        for name, value in inputs.arguments.items():
            for expected, actual in zip(leaves(value), leaves(names[name]), strict=True):
                assert_same(actual, expected)
        assert names["pairs"] == inputs.arguments["pairs"]
    assert layouts == set(LAYOUTS)


def assert_same(actual: object, expected: object) -> None:
    assert type(actual) is type(expected)
    if isinstance(expected, Tensor):
        assert isinstance(actual, Tensor)
        assert actual.dtype == expected.dtype
        assert torch.equal(actual, expected)
        assert (actual.stride(), actual.storage_offset()) == (
            expected.stride(),
            expected.storage_offset(),
        )
    elif isinstance(expected, np.ndarray):
        assert isinstance(actual, np.ndarray)
        assert actual.dtype == expected.dtype
        assert np.array_equal(actual, expected)
        # numpy gives an axis of one element any stride.
        long = [axis for axis, size in enumerate(expected.shape) if size > 1]
        assert [actual.strides[axis] for axis in long] == [expected.strides[axis] for axis in long]
    else:
        assert actual == expected


def test_how_lines_look() -> None:
    x = torch.tensor([[1.0, 2.0], [0.1, -3.0]])
    lines = render_arguments(
        {
            "x": x,
            "y": x.mT,
            "wide": x.double()[:1],
            "ids": torch.tensor([1, 2]),
            "a": np.zeros((0, 3)),
            "n": None,
        }
    )
    assert lines == [
        "import numpy as np",
        "import torch",
        "x = torch.tensor([[1., 2.], [0.1, -3.]])",
        "y = torch.tensor([[1., 2.], [0.1, -3.]]).mT",
        "wide = torch.tensor([[1., 2.]], dtype=torch.float64)",
        "ids = torch.tensor([1, 2])",
        "a = np.zeros((0, 3))",
        "n = None",
    ]


def test_plain_arguments_need_no_imports() -> None:
    assert render_arguments({"text": "a\n", "n": 3}) == ["text = 'a\\n'", "n = 3"]


def test_a_large_tensor_is_cut_and_says_so() -> None:
    lines = render_arguments(
        {"x": torch.zeros(9, 9), "y": [torch.zeros(65)]}, summary="n=9, seed 3"
    )
    assert lines == [
        "x = ...  # shape (9, 9), float32; n=9, seed 3",
        "y = [...]  # shape (65,), float32; n=9, seed 3",
    ]


def test_odd_strides_and_odd_values() -> None:
    odd = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)[1:, :, ::2]
    names = rebuild(["import torch", f"x = {render_value(odd)}"])
    assert_same(names["x"], odd)
    special = torch.tensor([float("inf"), -float("inf"), 1e-45, 3.4028235e38])
    assert_same(rebuild(["import torch", f"x = {render_value(special)}"])["x"], special)
    assert render_value((1, float("nan"))) == '(1, float("nan"))'
    assert render_value((1,)) == "(1,)"
