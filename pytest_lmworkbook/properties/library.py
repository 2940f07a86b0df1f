"""The library of named properties: what a problem may demand of a function, each in words and as a check.

A check looks at one drawn call and raises `Violation` when the property does not hold there. It sees the submission
only as a function from inputs to what came back. Torch is imported when a check runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.judge.verdict import Reason
from pytest_lmworkbook.properties.compare import Mismatch, compare, render_value
from pytest_lmworkbook.properties.inputs import Inputs
from pytest_lmworkbook.properties.layouts import LAYOUTS
from pytest_lmworkbook.properties.search import Violation
from pytest_lmworkbook.properties.tolerance import Expected, measure

if TYPE_CHECKING:
    from torch import Tensor

    from pytest_lmworkbook.properties.bounds import Bounds

#: What came back from one call: the value, and the arguments as the call left them, by position or keyword.
Answer = tuple[object, Mapping[str | int, object]]
#: Calls the submission; the second argument names what to bring back of the arguments.
Run = Callable[[Inputs, Sequence[str | int]], Answer]
#: A problem's own property: gets the call and the arguments, gives a sentence when it does not hold.
OwnCheck = Callable[[Callable[..., object], dict[str, object]], str | None]

MATCHES_REFERENCE = "matches_reference"
#: dtypes that a result must keep, whatever dtypes values are compared in.
ALL_FLOATS = ("float32", "float64", "bfloat16", "float16")


class _Call:
    """A reference with its alternatives, and the inputs of a call; equal when all are, which the recipe tells without looking at elements."""

    def __init__(self, functions: tuple[Callable[..., object], ...], inputs: Inputs) -> None:
        self.functions = functions
        self.inputs = inputs
        self._key = (functions, inputs.recipe.key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


# `verify` grades dozens of submissions on the same drawn inputs; measuring costs more than all the rest of a trial.
@lru_cache(maxsize=512)
def _measure_once(call: _Call) -> Expected:
    reference, *alternatives = call.functions
    return measure(reference, call.inputs, alternatives=alternatives)


@dataclass(frozen=True, slots=True)
class Trial:
    """One drawn call: its inputs, the submission, and the reference.

    Attributes:
        alternatives: Other right implementations, whose rounding is allowed too.
    """

    inputs: Inputs
    run: Run
    reference: Callable[..., object]
    alternatives: tuple[Callable[..., object], ...] = ()

    def value(self, inputs: Inputs | None = None) -> object:
        """What the submission returns on the trial's inputs, or on others."""
        return self.run(inputs or self.inputs, ())[0]

    def expect(self) -> Expected:
        """What the reference returns, with the measured tolerance."""
        return _measure_once(_Call((self.reference, *self.alternatives), self.inputs))


@dataclass(frozen=True, slots=True)
class Property:
    """A named property.

    Attributes:
        says: The property in words.
        check: Raises `Violation` when the property does not hold for a trial.
        narrow: Turns the problem's bounds into those that this property is tried on.
    """

    name: str
    says: str
    check: Callable[[Trial], None]
    narrow: Callable[[Bounds], Bounds] = lambda bounds: bounds


def own_property(name: str, function: OwnCheck) -> Property:
    """A problem's own property, a plain function beside the reference; its docstring says it in words."""

    def check(trial: Trial) -> None:
        def call(**arguments: object) -> object:
            return trial.value(Inputs(arguments, trial.inputs.recipe))

        if sentence := function(call, trial.inputs.clone().arguments):
            raise _violation(Reason.PROPERTY, sentence)

    says = (function.__doc__ or name.replace("_", " ")).strip().splitlines()[0]
    return Property(name, says, check)


def _matches_reference(trial: Trial) -> None:
    expected = trial.expect()
    if mismatch := compare(trial.value(), expected):
        raise Violation(mismatch)


def _keeps_dtype(trial: Trial) -> None:
    wanted = trial.reference(**trial.inputs.clone().arguments)
    actual = trial.value()
    for place, expected_leaf, actual_leaf in _pairs(wanted, actual):
        if (expected_type := getattr(expected_leaf, "dtype", None)) != getattr(
            actual_leaf, "dtype", None
        ):
            got = getattr(actual_leaf, "dtype", type(actual_leaf).__name__)
            where = f"output{place}" if place else "the output"
            raise _violation(
                Reason.DTYPE,
                f"{where} is {_short(got)} for {trial.inputs.recipe.dtype} inputs, wanted {_short(expected_type)}",
                expected=_short(expected_type),
                actual=_short(got),
            )


def _keeps_shape(trial: Trial) -> None:
    wanted = trial.reference(**trial.inputs.clone().arguments)
    for place, expected_leaf, actual_leaf in _pairs(wanted, trial.value()):
        expected_shape, shape = (
            tuple(getattr(leaf, "shape", ())) for leaf in (expected_leaf, actual_leaf)
        )
        if shape != expected_shape:
            raise _violation(
                Reason.SHAPE,
                f"output{place} has shape {shape}, wanted {expected_shape}",
                expected=str(expected_shape),
                actual=str(shape),
            )


def _leaves_inputs_alone(trial: Trial) -> None:
    arguments = trial.inputs.arguments
    _, kept = trial.run(trial.inputs, tuple(arguments))
    for name, before in trial.inputs.clone().arguments.items():
        if name in kept and not _identical(before, kept[name]):
            raise _violation(
                Reason.MUTATED_INPUT,
                f"the call changed its argument {name!r}; work on a copy, or write x = x + y instead of x += y",
                expected=render_value(before),
                actual=render_value(kept[name]),
            )


def _deterministic(trial: Trial) -> None:
    first, second = trial.value(), trial.value()
    if not _identical(first, second):
        raise _violation(
            Reason.NOT_DETERMINISTIC,
            "two calls with equal inputs gave different results",
            expected=render_value(first),
            actual=render_value(second),
        )


def _rows_sum_to_one(trial: Trial) -> None:
    import torch

    value = trial.value()
    if not isinstance(value, torch.Tensor) or not value.ndim:
        raise _violation(Reason.STRUCTURE, f"wanted a tensor with rows, got {render_value(value)}")
    sums = value.double().sum(dim=-1)
    wrong = ~((sums - 1).abs() <= _allowed_of_sums(trial, value))
    if bool(wrong.any()):
        worst = float(sums[wrong].flatten()[0])
        message = f"a row sums to {worst:.9g}, wanted 1"
        raise _violation(Reason.PROPERTY, message, expected="1", actual=f"{worst:.9g}")


def _allowed_of_sums(trial: Trial, value: Tensor) -> Tensor:
    """What a sum may be off by: the errors allowed for its elements, together."""
    import torch

    allowed = trial.expect().allowed
    if isinstance(allowed, torch.Tensor) and allowed.shape == value.shape:
        return allowed.sum(dim=-1)
    eps = torch.finfo(value.dtype).eps if value.is_floating_point() else 0.0
    return torch.full(value.shape[:-1], value.shape[-1] * eps, dtype=torch.float64)


def _shift_invariant(trial: Trial) -> None:
    """f(x + c) = f(x): tried with inputs and shifts on a grid on which adding is exact."""
    import torch

    (name, first), *_ = (
        (name, x) for name, x in trial.inputs.arguments.items() if isinstance(x, torch.Tensor)
    )
    shifted = trial.inputs.clone()
    shifted.arguments[name] = first + 2.0
    if not torch.equal(shifted.arguments[name].double(), first.double() + 2.0):  # type: ignore[attr-defined]  # a tensor, made one line above
        return  # adding was not exact here, so nothing follows
    if mismatch := compare(trial.value(shifted), trial.expect()):
        raise Violation(
            _reworded(mismatch, f"adding 2 to every element of {name!r} changes the result")
        )


def _only(*patterns: str) -> Callable[[Bounds], Bounds]:
    return lambda bounds: replace(bounds, patterns=patterns)


def _in_all_dtypes(bounds: Bounds) -> Bounds:
    return replace(bounds, dtypes=tuple(dict.fromkeys((*bounds.dtypes, *ALL_FLOATS))))


def _writable(bounds: Bounds) -> Bounds:
    """Without stride 0: writing to such a tensor raises, which is another fault than changing it."""
    return replace(bounds, layouts=tuple(one for one in bounds.layouts if one != "expanded"))


def _contiguous(bounds: Bounds) -> Bounds:
    return replace(bounds, layouts=LAYOUTS[:1])


LIBRARY: Mapping[str, Property] = {
    one.name: one
    for one in (
        Property(
            MATCHES_REFERENCE,
            "the result equals the reference's, within its measured rounding error",
            _matches_reference,
        ),
        Property("keeps_shape", "the result has the shape of the reference's", _keeps_shape),
        Property(
            "keeps_dtype",
            "the result has the dtype of the reference's, for every float dtype",
            _keeps_dtype,
            _in_all_dtypes,
        ),
        Property(
            "leaves_inputs_alone",
            "no argument is changed by the call",
            _leaves_inputs_alone,
            _writable,
        ),
        Property("deterministic", "equal inputs give equal results", _deterministic, _contiguous),
        Property(
            "accepts_any_layout",
            "the result is right for sliced, transposed and expanded inputs",
            _matches_reference,
        ),
        Property(
            "finite_on_large_values",
            "the result is right for values of a thousand and more",
            _matches_reference,
            _only("large"),
        ),
        Property("rows_sum_to_one", "every row of the result sums to 1", _rows_sum_to_one),
        Property(
            "shift_invariant",
            "adding a constant to the first input changes nothing",
            _shift_invariant,
            _only("small_integers", "ties"),
        ),
    )
}


def _violation(reason: Reason, message: str, *, expected: str = "", actual: str = "") -> Violation:
    return Violation(
        Mismatch(reason=reason, message=message, expected_text=expected, actual_text=actual)
    )


def _reworded(mismatch: Mismatch, message: str) -> Mismatch:
    return replace(mismatch, reason=Reason.PROPERTY, message=f"{message}: {mismatch.message}")


def _pairs(expected: object, actual: object, place: str = "") -> list[tuple[str, Any, Any]]:
    """Leaves of two trees side by side; a difference of structure is one pair."""
    if (
        isinstance(expected, list | tuple)
        and isinstance(actual, list | tuple)
        and len(expected) == len(actual)
    ):
        return [
            pair
            for index, (one, other) in enumerate(zip(expected, actual, strict=True))
            for pair in _pairs(one, other, f"{place}[{index}]")
        ]
    return [(place, expected, actual)]


def _identical(one: object, other: object) -> bool:
    """Equal in structure, dtype, shape and every bit of value; NaN equals itself here, for nothing was computed."""
    import numpy as np
    import torch

    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and bool(torch.equal(torch.nan_to_num(one), torch.nan_to_num(other)))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind == "f"
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_identical, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_identical(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or (one != one and other != other))  # NaN


def _short(dtype: object) -> str:
    return str(dtype).removeprefix("torch.")
