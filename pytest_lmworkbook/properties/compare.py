"""Compare an answer with the expected one: structure, then shape, dtype, finiteness, and values last.

Nothing is ever broadcast, NaN equals NaN only, and an infinity equals the same infinity only. Which dtype a
float has is no matter here (`keeps_dtype` is a property of its own), but a whole number is no float.
torch is imported when there is a tensor to look at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.verdict import Reason
from pytest_lmworkbook.properties.display import (
    describe_tensor,
    describe_type,
    dtype_name,
    render_value,
)
from pytest_lmworkbook.properties.tensors import is_array, is_tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from pytest_lmworkbook.properties.tolerance import Expected

__all__ = ["Mismatch", "compare", "render_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """How an answer differs from the expected one.

    Attributes:
        message: One line that says what is wrong.
        worst: The element that is furthest off, and what is allowed there; empty when no values were compared.
        differing: How many elements differ.
        total: Of how many.
    """

    reason: Reason
    message: str
    expected_text: str = ""
    actual_text: str = ""
    worst: str = ""
    differing: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class _Pair:
    """One leaf of the expected answer and what stands in its place.

    Attributes:
        place: What comes after "output": ``[0]``.
        allowed: From `Expected`: a tensor, a number, or None.
    """

    place: str
    actual: object
    expected: object
    allowed: object


class _Differs(Exception):  # not an error: ends the walk at the first difference
    def __init__(
        self,
        reason: Reason,
        place: str,
        what: str,
        worst: str = "",
        count: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(what)
        self.reason, self.place, self.what, self.worst, self.count = (
            reason,
            place,
            what,
            worst,
            count,
        )


def compare(actual: object, expected: Expected) -> Mismatch | None:
    """Say how an answer differs from the expected one.

    Args:
        actual: What the submission returned.
        expected: What `measure` gave.

    Returns:
        The first difference, or None when the answer is right.
    """
    try:
        pairs = list(_pair(_Pair("", actual, expected.value, expected.allowed)))
        for check in (_check_shape, _check_dtype, _check_finite, _check_values):
            for pair in pairs:
                check(pair)
    except _Differs as difference:
        return Mismatch(
            reason=difference.reason,
            message=f"output{difference.place}: {difference.what}",
            expected_text=render_value(expected.value),
            actual_text=render_value(actual),
            worst=difference.worst and f"{difference.worst} ({expected.explain})",
            differing=difference.count[0],
            total=difference.count[1],
        )
    return None


def _pair(pair: _Pair) -> Iterator[_Pair]:
    """Walk both trees; every leaf that comes out has a fitting type."""
    expected, actual = pair.expected, pair.actual
    if isinstance(expected, list | tuple):
        yield from _pair_items(pair, expected)
    elif isinstance(expected, dict):
        yield from _pair_keys(pair, expected)
    else:
        if not _fits(actual, expected):
            raise _Differs(
                Reason.STRUCTURE,
                pair.place,
                f"is {describe_type(actual)}, wanted {describe_type(expected)}",
            )
        yield pair


def _pair_items(pair: _Pair, expected: list[object] | tuple[object, ...]) -> Iterator[_Pair]:
    actual = pair.actual
    if not isinstance(actual, list | tuple):
        raise _Differs(
            Reason.STRUCTURE,
            pair.place,
            f"is {describe_type(actual)}, wanted {describe_type(expected)}",
        )
    if len(actual) != len(expected):
        raise _Differs(
            Reason.STRUCTURE, pair.place, f"has {len(actual)} items, wanted {len(expected)}"
        )
    allowed = pair.allowed if isinstance(pair.allowed, list | tuple) else [None] * len(expected)
    for index, parts in enumerate(zip(actual, expected, allowed, strict=True)):
        yield from _pair(_Pair(f"{pair.place}[{index}]", *parts))


def _pair_keys(pair: _Pair, expected: dict[object, object]) -> Iterator[_Pair]:
    actual = pair.actual
    if not isinstance(actual, dict):
        raise _Differs(
            Reason.STRUCTURE,
            pair.place,
            f"is {describe_type(actual)}, wanted {describe_type(expected)}",
        )
    missing = [key for key in expected if key not in actual]
    extra = [key for key in actual if key not in expected]
    for keys, what in ((missing, "lacks the key"), (extra, "has a key too many,")):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise _Differs(Reason.STRUCTURE, pair.place, f"{what} {keys[0]!r}{more}")
    allowed = pair.allowed if isinstance(pair.allowed, dict) else {}
    for key, item in expected.items():
        yield from _pair(_Pair(f"{pair.place}[{key!r}]", actual[key], item, allowed.get(key)))


def _fits(actual: object, expected: object) -> bool:
    """Whether the type may stand where the expected one does; a tensor without axes may stand for a number."""
    if is_tensor(expected):
        return is_tensor(actual)
    if is_array(expected):
        return is_array(actual)
    if (is_tensor(actual) or is_array(actual)) and not actual.shape:
        actual = actual.item()
    if isinstance(expected, float):
        return isinstance(actual, int | float) and not isinstance(actual, bool)
    return type(actual) is type(expected)


def _as_tensors(pair: _Pair) -> tuple[Tensor, Tensor] | None:
    """Both sides as tensors; None for leaves that are neither numbers nor tensors."""
    import torch

    if isinstance(pair.expected, str | bytes) or pair.expected is None:
        return None
    if not (
        is_tensor(pair.expected)
        or is_array(pair.expected)
        or isinstance(pair.expected, int | float)
    ):
        return None
    if isinstance(pair.expected, int) and isinstance(pair.actual, int):
        return None  # may be wider than any tensor
    one, two = (
        value.detach().cpu()
        if is_tensor(value)
        else torch.as_tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
        for value in (pair.actual, pair.expected)
    )
    return one, two


def _check_shape(pair: _Pair) -> None:
    both = _as_tensors(pair)
    if both is None or both[0].shape == both[1].shape:
        return
    actual, expected = (tuple(tensor.shape) for tensor in both)
    raise _Differs(Reason.SHAPE, pair.place, f"has shape {actual}, wanted {expected}")


def _check_dtype(pair: _Pair) -> None:
    both = _as_tensors(pair)
    if both is None or (isinstance(pair.expected, float) and isinstance(pair.actual, int)):
        return
    actual, expected = map(_family, both)
    if actual != expected:
        raise _Differs(
            Reason.DTYPE, pair.place, f"holds {actual} ({dtype_name(both[0])}), wanted {expected}"
        )


def _family(tensor: Tensor) -> str:
    if tensor.dtype.is_floating_point:
        return "floats"
    if tensor.dtype.is_complex:
        return "complex numbers"
    return "booleans" if dtype_name(tensor) == "bool" else "integers"


def _check_finite(pair: _Pair) -> None:
    """NaN and infinities have to stand exactly where they are expected."""
    import torch

    both = _as_tensors(pair)
    if both is None or not both[1].dtype.is_floating_point:
        return
    actual, expected = (tensor.double() for tensor in both)
    odd = ~(torch.isfinite(actual) & torch.isfinite(expected))
    same = (actual == expected) | (torch.isnan(actual) & torch.isnan(expected))
    wrong = odd & ~same & ~_is_unjudged(pair, expected)
    if bool(wrong.any()):
        count = (int(wrong.sum()), wrong.numel())
        index = tuple(wrong.nonzero()[0].tolist())
        what = f"{_differ(*count, both[0])}: NaN or infinite, or should be"
        raise _Differs(
            Reason.NOT_FINITE,
            pair.place,
            what,
            f"first  {list(index)}: expected {expected[index]:.6g}, got {actual[index]:.6g}",
            count,
        )


def _is_unjudged(pair: _Pair, like: Tensor) -> Tensor:
    import torch

    return _allowed(pair, like) == torch.inf


def _allowed(pair: _Pair, like: Tensor) -> Tensor:
    import torch

    if is_tensor(pair.allowed):
        return pair.allowed
    number = pair.allowed if isinstance(pair.allowed, int | float) else 0.0
    return torch.full(like.shape, number, dtype=torch.float64)


def _check_values(pair: _Pair) -> None:
    both = _as_tensors(pair)
    if both is None:
        if pair.actual != pair.expected and pair.allowed != math.inf:
            what = f"is {render_value(pair.actual)}, wanted {render_value(pair.expected)}"
            raise _Differs(Reason.VALUE, pair.place, what, count=(1, 1))
        return
    if both[1].dtype.is_floating_point:
        _check_floats(pair, *both)
    else:
        _check_equal(pair, *both)


def _check_floats(pair: _Pair, actual: Tensor, expected: Tensor) -> None:
    import torch

    difference = (actual.double() - expected.double()).abs().nan_to_num(0.0, posinf=0.0)
    allowed = _allowed(pair, expected)
    wrong = difference > allowed
    if not bool(wrong.any()):
        return
    # The furthest off for what is allowed there; where nothing is allowed, by the difference itself.
    ratio = torch.where(wrong, difference / allowed.clamp(min=1e-300), 0.0)
    index = _place_of_largest(ratio)
    worst = (
        f"worst  {list(index)}: expected {_number(expected[index])}, got {_number(actual[index])}, "
        f"|difference| {float(difference[index]):.1e}, allowed {float(allowed[index]):.1e}"
    )
    count = (int(wrong.sum()), wrong.numel())
    raise _Differs(Reason.VALUE, pair.place, _differ(*count, actual), worst, count)


def _check_equal(pair: _Pair, actual: Tensor, expected: Tensor) -> None:
    wrong = (actual != expected) & ~_is_unjudged(pair, expected)
    if not bool(wrong.any()):
        return
    index = tuple(wrong.nonzero()[0].tolist())
    count = (int(wrong.sum()), wrong.numel())
    worst = f"first  {list(index)}: expected {expected[index].item()}, got {actual[index].item()}"
    raise _Differs(Reason.VALUE, pair.place, _differ(*count, actual), worst, count)


def _place_of_largest(values: Tensor) -> tuple[int, ...]:
    flat = int(values.flatten().argmax())
    place: list[int] = []
    for size in reversed(values.shape):
        flat, index = divmod(flat, size)
        place.insert(0, index)
    return tuple(place)


def _differ(count: int, total: int, tensor: Tensor) -> str:
    """How many differ of how many: ``12 of 4096 elements differ (0.3 %), shape (4, 1024), float32``."""
    percent = float(f"{100 * count / total:.2g}")  # two digits, and no exponent for 100
    many = f"{count} of {total} elements differ ({percent:g} %)"
    return f"{'the value differs' if total == 1 else many}, {describe_tensor(tensor)}"


def _number(element: Tensor) -> str:
    return f"{element.item():.6g}"
