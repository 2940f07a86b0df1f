from __future__ import annotations

import contextlib
import enum
import json
import math
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.protocol import (
    Bounds,
    Decoder,
    Encoder,
    EncodingError,
    Opaque,
    ProtocolError,
    TooLargeError,
    decode,
    encode,
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**2000), 2**2000),
    st.floats(allow_nan=False),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs", "Lu"])),
    st.binary(max_size=600),
    st.complex_numbers(allow_nan=False),
)
KEYS = st.one_of(
    st.text(), st.integers(), st.binary(), st.tuples(st.integers(), st.text()), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner),
        st.sets(KEYS),
        st.frozensets(KEYS),
    ),
    max_leaves=20,
)


def through_json(value: object, **options: object) -> object:
    tree, blobs = encode(value, **options)  # type: ignore[arg-type]
    return decode(json.loads(json.dumps(tree, allow_nan=False)), blobs)


def same(left: object, right: object) -> bool:
    """Equal, and of equal types all the way down: True is not 1, 1 is not 1.0."""
    if type(left) is not type(right) or left != right:
        return False
    if isinstance(left, float):
        return math.copysign(1, left) == math.copysign(1, right)  # type: ignore[arg-type]
    if isinstance(left, list | tuple):
        return all(map(same, left, right))  # type: ignore[arg-type]
    if isinstance(left, dict):
        return all(same(left[key], right[key]) for key in left)  # type: ignore[index]
    return True


@given(VALUES)
@example("\ud800\udc00")  # two lone surrogates, which JSON would join
def test_plain_values_come_back_the_same(value: object) -> None:
    assert same(through_json(value), value)


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, -0.0, 5e-324, 2**63, -(2**63), 1 << 20_000], ids=[*"abcdefg"]
)
def test_numbers_at_the_edges(value: float) -> None:
    assert same(through_json(value), value)


def test_not_a_number_comes_back() -> None:
    assert math.isnan(through_json(math.nan))  # type: ignore[arg-type]


def test_long_text_and_bytes_travel_as_blobs() -> None:
    value = ["ü\ud800" * 5000, b"\xff" * 5000]
    tree, blobs = encode(value)
    assert [len(blob) for blob in blobs] == [25_000, 5000]
    assert decode(tree, blobs) == value


class Colour(enum.IntEnum):
    RED = 3


Point = namedtuple("Point", "x y")  # noqa: PYI024


class LyingInt(int):
    def __index__(self) -> int:
        raise RuntimeError("not called")

    __repr__ = __str__ = __int__ = __index__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, 3),
        (Point(1, 2.0), (1, 2.0)),
        (OrderedDict(a=1), {"a": 1}),
        (LyingInt(7), 7),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(4), 4),
        (np.bool_(True), True),
        (bytearray(b"ab"), b"ab"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_subclasses_and_numpy_scalars_become_plain(value: object, expected: object) -> None:
    assert same(through_json(value), expected)


def test_other_objects_are_named() -> None:
    assert through_json(object) == Opaque("type", "<class 'object'>")
    assert through_json([range(3)]) == [Opaque("range", "range(0, 3)")]


def test_a_repr_that_raises_is_no_harm() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    got = through_json(Bad())
    assert isinstance(got, Opaque)
    assert got.text == "repr() raised ZeroDivisionError"


def test_a_huge_repr_is_cut() -> None:
    class Loud:
        def __repr__(self) -> str:
            return "x" * 1_000_000

    got = through_json(Loud())
    assert isinstance(got, Opaque)
    assert len(got.text) == 200


def test_a_list_that_contains_itself_is_named() -> None:
    value: list[object] = [1]
    value.append(value)
    assert through_json(value) == [1, Opaque("list", "contains itself")]


def test_the_same_list_twice_is_no_cycle() -> None:
    inner = [1]
    assert through_json([inner, inner]) == [[1], [1]]


def test_nesting_has_a_bound() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    tree, blobs = encode(value)
    text = json.dumps(tree)
    assert "nested deeper than 64 levels" in text
    decode(json.loads(text), blobs)


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        ([0] * 101, Bounds(nodes=100)),
        (b"x" * 2000, Bounds(payload=1000)),
        ("x" * 9000, Bounds(payload=1000)),
        ([0.5] * 100, Bounds(header=1000)),
        (["x" * 400] * 3, Bounds(header=1000)),
    ],
)
def test_size_has_a_bound(value: object, bounds: Bounds) -> None:
    with pytest.raises(TooLargeError, match="limit"):
        encode(value, bounds=bounds)


def test_strict_encoding_loses_nothing() -> None:
    with pytest.raises(EncodingError, match="type range cannot be sent"):
        encode([range(3)], strict=True)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        ["?"],
        [1, 2],
        ["l"],
        ["l", 3],
        ["l", [], []],
        ["d", [1]],
        ["d", [["l", []], 1]],
        ["s", [["d", []]]],
        ["f", "1.5"],
        ["f", 1],
        ["i", "zz"],
        ["b", "\u1234"],
        ["B", 1],
        ["B", -1],
        ["B", True],
        ["B", "0"],
        ["u", 0],
        ["c", 1, 2],
        ["c", None, 1.0],
        ["o", 1, 2],
        ["T"],
        ["T", 0, "float32", 3],
        ["T", 0, "float32", [True]],
        ["T", 0, "float32", [-1]],
        ["T", 0, "float32", [2]],
        ["T", 0, "float32", [2**61, 4]],
        ["T", 0, "float32", [0, 2**70]],
        ["T", 0, "float32", [1] * 100],
        ["T", 0, "float32", [1], [[1], 0]],
        ["T", 0, "quint8", [4]],
        ["T", 0, "Tensor", [4]],
        ["T", 0, "__class__", [4]],
        ["T", 0, "bool", [4]],
        ["A", 0, "<f4", [2]],
        ["A", 0, "|O8", [1]],
        ["A", 0, "<f3", [1]],
        ["A", 0, "<M8[ns]", [1]],
        ["A", 0, "|b1", [4]],
        ["A", 0, "<f4", [1], [[1], 0]],
    ],
)
def test_hostile_trees_are_refused(tree: object) -> None:
    with pytest.raises(ProtocolError):
        decode(tree, [b"\xff\x01\x02\x03"])


def test_one_blob_cannot_become_many_values() -> None:
    bomb = ["l", [["A", 0, "<f4", [1]]] * 1000]
    with pytest.raises(ProtocolError, match="stands for two values"):
        decode(bomb, [bytes(4)])


def test_deep_trees_are_refused() -> None:
    tree: object = 1
    for _ in range(5000):
        tree = ["l", [tree]]
    with pytest.raises(ProtocolError):
        decode(tree, [])


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.integers(-3, 5),
        st.floats(allow_nan=False),
        st.sampled_from([*"ltsSdfibBcoTAu", "float32", "<f4", "nan"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner)),
    max_leaves=12,
)


@given(JSON)
def test_any_tree_decodes_or_is_refused(tree: object) -> None:
    with contextlib.suppress(ProtocolError):
        decode(tree, [bytearray(8), bytearray(4)])


def test_several_values_share_one_list_of_blobs() -> None:
    encoder = Encoder()
    trees = [encoder.encode(b"a" * 300), encoder.encode(b"b" * 300)]
    decoder = Decoder(encoder.blobs)
    assert [decoder.decode(tree) for tree in trees] == [b"a" * 300, b"b" * 300]
