"""How far a right answer may be from the exact one, measured on the inputs at hand.

The exact answer is the reference in float64. What a right implementation may lose against it at the dtype of
the inputs is estimated from three measurements, none of which knows the problem:

1. the error that the reference itself makes at that dtype;
2. the same with the order of its sums reversed: an axis is flipped in every argument that has it, which is
   used only where the float64 answer shows that flipping changes nothing but the order of the answer;
3. how far the exact answer moves when every input, and every number that a torch operation computes on the
   way, moves at random by half a unit in its last place. This is what covers sums that cancel, where the
   reference happened to lose nothing. A movement that does not shrink with the change is a jump (a tie was
   broken, a threshold crossed), not rounding, and is left out.

Per row (the last axis) the largest of these, times `FACTOR`, plus a few units in the last place of the row's
largest element. There is no absolute tolerance, and none is written in a problem file. Whole numbers, texts
and truth values have to be equal.

torch is imported when something is measured.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.properties import rounding, tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.rounding import Floats

    Function = Callable[..., object]

#: An implementation may be this much worse than the worst that was measured: two orders of summation and two
#: directions of change are a sample, and the worst of many is a few times the worst of a few.
FACTOR = 4.0
#: Units in the last place of a row's largest element: rounding the result costs half of one, and each of the
#: handful of steps from the last sum to the result (a division, a scale, a residual) up to one.
ULPS = 4.0
#: A Python float may well have been computed in a float32 tensor.
PYTHON_FLOAT_DTYPE = "float32"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reference says, and how far an answer may be from it.

    Attributes:
        value: The exact answer: floats in float64, containers as the reference returns them.
        allowed: The same tree: per float tensor a float64 tensor with the largest difference allowed for each
            element, per float a float, None where the answer has to be equal. Infinite where the reference
            itself cannot hold the answer at this dtype (it overflows): such an element is not judged.
        explain: Where the allowed difference comes from, in words.
        dtype: Of the inputs; what the reference was measured at.
    """

    value: object
    allowed: object
    explain: str = ""
    dtype: str = "float64"


def measure(
    reference: Function, inputs: Inputs, *, alternatives: Sequence[Function] = ()
) -> Expected:
    """Measure what the reference answers, and how far a right answer may be from that.

    Args:
        reference: Called with copies of the inputs only.
        inputs: The arguments.
        alternatives: Other right implementations; their errors count as the reference's own do.

    Raises:
        JudgeError: The reference raises, or answers in another form in float64.
    """
    exact = _call_exact(reference, inputs.widened())
    native = _call(reference, inputs.clone().arguments)
    floats = _floats(exact)
    losses = [_same_form(floats, _floats(native))]
    if any(leaf is not None for leaf in floats):
        losses += _alternative_losses(floats, alternatives, inputs)
        losses += _reversal_losses(floats, reference, inputs)
        losses += _movements(floats, reference, inputs)
    pairs = list(zip(tensors.leaves(exact), tensors.leaves(native), strict=True))
    ulps = ULPS * math.sqrt(max(inputs.recipe.dims.values(), default=1))
    allowed = [
        _allow(one, other, [loss[index] for loss in losses], ulps, inputs.recipe.dtype)
        for index, (one, other) in enumerate(pairs)
    ]
    values = [
        one if wide is not None else other for (one, other), wide in zip(pairs, floats, strict=True)
    ]
    return Expected(
        value=tensors.with_leaves(exact, values),
        allowed=tensors.with_leaves(exact, allowed),
        explain=_explain(inputs.recipe.dtype, ulps),
        dtype=inputs.recipe.dtype,
    )


def _explain(dtype: str, ulps: float) -> str:
    return f"{FACTOR:g} x the rounding measured in {dtype} + {ulps:.0f} units in the last place"


def _call(function: Function, arguments: dict[str, object]) -> object:
    try:
        return tensors.map_leaves(tensors.plain_leaf, function(**arguments))
    except Exception as error:  # whatever a reference raises is a fault of the problem
        name = getattr(function, "__name__", repr(function))
        raise JudgeError(f"the reference {name} raised {type(error).__name__}: {error}") from error


def _call_exact(function: Function, arguments: dict[str, object]) -> object:
    """Call with float64 as the default, so that what the function creates itself is as precise as its inputs."""
    import torch

    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return _call(function, arguments)
    finally:
        torch.set_default_dtype(default)


def _floats(answer: object) -> Floats:
    return [tensors.float_leaf(leaf) for leaf in tensors.leaves(answer)]


def _same_form(exact: Floats, native: Floats) -> Floats:
    losses = rounding.distances(exact, native)
    if losses is None:
        raise JudgeError(
            "the reference answers in another form in float64: shapes "
            f"{_shapes(exact)}, but {_shapes(native)} at the dtype of the inputs"
        )
    return losses


def _shapes(answer: Floats) -> list[tuple[int, ...] | None]:
    return [None if leaf is None else tuple(leaf.shape) for leaf in answer]


def _alternative_losses(
    exact: Floats, alternatives: Sequence[Function], inputs: Inputs
) -> Iterator[Floats]:
    for alternative in alternatives:
        yield _same_form(exact, _floats(_call(alternative, inputs.clone().arguments)))


def _reversal_losses(exact: Floats, reference: Function, inputs: Inputs) -> Iterator[Floats]:
    for reversal in rounding.reversals(inputs):
        with suppress(
            JudgeError
        ):  # a reference may check its arguments; then this axis has no order to vary
            reversed_exact = _floats(_call_exact(reference, reversal.widened))
            undo = rounding.undo_reversal(exact, reversed_exact, reversal.size)
            if undo is not None:
                answer = _floats(_call(reference, reversal.native))
                losses = rounding.distances(exact, undo(answer))
                yield from [] if losses is None else [losses]


def _movements(exact: Floats, reference: Function, inputs: Inputs) -> Iterator[Floats]:
    def call(arguments: dict[str, object]) -> object:
        return _call_exact(reference, arguments)

    for change in rounding.changes(inputs.recipe.dtype):
        with suppress(JudgeError):  # as above: changed arguments may be refused
            large = _floats(change.run(call, inputs.widened()))
            small = _floats(change.smaller().run(call, inputs.widened()))
            moved = rounding.movement(exact, large, small, change.scale)
            yield from [] if moved is None else [moved]


def _allow(
    exact: object, native: object, losses: Sequence[Tensor | None], ulps: float, dtype: str
) -> object:
    """The largest difference allowed at one leaf: a tensor, a float, or None for "has to be equal"."""
    import torch

    value = tensors.float_leaf(exact)
    if value is None:
        return _allow_exact(exact, native)
    finite = torch.isfinite(value)
    held = tensors.float_leaf(native)
    judged = finite if held is None else finite & torch.isfinite(held)
    loss = torch.stack([one for one in losses if one is not None]).amax(dim=0)
    loss, magnitude = (torch.where(judged, one, 0.0) for one in (loss, value.abs()))
    eps = max(rounding.EPS[dtype], rounding.EPS[_dtype_of(native)])
    allowed = FACTOR * _row_maximum(loss) + ulps * eps * _row_maximum(magnitude)
    allowed = torch.where(finite, allowed + ulps * rounding.SMALLEST[_dtype_of(native)], 0.0)
    allowed = torch.where(finite & ~judged, math.inf, allowed)
    return allowed.item() if isinstance(exact, float) else allowed


def _dtype_of(leaf: object) -> str:
    if isinstance(leaf, float):
        return PYTHON_FLOAT_DTYPE
    return str(getattr(leaf, "dtype", PYTHON_FLOAT_DTYPE)).removeprefix("torch.")


def _row_maximum(values: Tensor) -> Tensor:
    """The largest element of each row, in the place of each of its elements."""
    if values.ndim == 0 or values.numel() == 0:
        return values
    return values.amax(dim=-1, keepdim=True).expand_as(values)


def _allow_exact(exact: object, native: object) -> object:
    """Elements on which float64 and the inputs' own dtype disagree (a near tie in an argmax) are not judged."""
    import torch

    if tensors.is_tensor(exact) and tensors.is_tensor(native) and exact.shape == native.shape:
        agree = exact == native
        return None if bool(agree.all()) else torch.where(agree, 0.0, math.inf).double()
    if isinstance(exact, int) and isinstance(native, int) and exact != native:
        return math.inf
    return None
