"""Other ways to the same or nearly the same answer, by which rounding shows: changed and reversed ones.

torch is imported when they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.properties import patterns, tensors
from pytest_lmworkbook.properties.recipe import TensorSpec, tensor_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from pytest_lmworkbook.properties.inputs import Inputs

    Arguments = dict[str, object]
    #: The float leaves of an answer, widened; None for the others.
    Floats = list[Tensor | None]

#: Relative distance from 1 to the next number.
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
#: The smallest number above 0: below a certain size numbers are rounded to multiples of it.
SMALLEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}
#: Half a unit in the last place: what storing a number at its dtype may change it by.
CHANGE = 1.0
#: The exact answer is itself only good to float64's eps, so that no smaller change can be seen in it.
LEAST_CHANGE = 2.0**-30
#: A change this much smaller must move a smooth answer that much less; what still moves by more than `JUMP` of
#: the first movement has jumped. Far apart, so that an answer that saturates is not taken for one that jumps.
SMALLER = 2.0**16
JUMP = 0.25
#: Operations of torch that only move or select numbers, or set them.
_EXACT = frozenset(
    [
        "abs",
        "amax",
        "amin",
        "arange",
        "cat",
        "clamp",
        "clone",
        "copy_",
        "embedding",
        "empty",
        "fill_",
        "flip",
        "full",
        "full_like",
        "gather",
        "index",
        "index_put_",
        "index_select",
        "masked_fill",
        "max",
        "maximum",
        "min",
        "minimum",
        "neg",
        "new_full",
        "new_ones",
        "new_zeros",
        "ones",
        "ones_like",
        "relu",
        "repeat",
        "scatter",
        "select_scatter",
        "slice_scatter",
        "sort",
        "stack",
        "_to_copy",
        "topk",
        "tril",
        "triu",
        "where",
        "zero_",
        "zeros",
        "zeros_like",
    ]
)
#: Streams from here on are for what operations compute, those before for the arguments.
_OPERATIONS = 1000
#: How many random directions of change are tried.
DIRECTIONS = 4
#: Axes are reversed one at a time, the longest first, and no more of them: the cost stays bounded.
MOST_AXES = 3
#: Two numbers sum to the same in either order.
SHORTEST_AXIS = 3
#: Two float64 answers closer than this part of the largest element are one answer.
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """A way to move every float by a part of itself, up or down: those given, and those computed on the way.

    Attributes:
        seed: Which go up and which go down.
        size: The part that they are moved by.
        scale: What one unit of movement of the answer stands for at the dtype in question.
    """

    seed: int
    size: float
    scale: float

    def smaller(self) -> Change:
        """The same directions, by a much smaller part."""
        return Change(self.seed, self.size / SMALLER, self.scale)

    def run(self, function: Callable[[Arguments], object], arguments: Arguments) -> object:
        """Call a function with changed arguments, changing what each torch operation in it computes."""
        changed = tensors.map_arguments(self._changer(), arguments)
        with _changing_mode()(self._changer(first_stream=_OPERATIONS)):
            return function(changed)

    def _changer(self, *, first_stream: int = 0) -> Callable[[object], object]:
        streams = count(first_stream)

        def change(leaf: object) -> object:
            if isinstance(leaf, float):
                return leaf * (1.0 + self.size * _signs((), self.seed, next(streams)).item())
            if tensors.is_tensor(leaf) and leaf.dtype.is_floating_point:
                return leaf.mul_(
                    1.0 + self.size * _signs(tuple(leaf.shape), self.seed, next(streams))
                )
            if tensors.is_array(leaf) and leaf.dtype.kind == "f":
                signs = _signs(leaf.shape, self.seed, next(streams))
                return leaf.astype("float64") * (1.0 + self.size * signs.numpy())
            return leaf

        return change


def changes(dtype: str) -> Iterator[Change]:
    """What rounding to a dtype may change, in a few random directions."""
    wanted = CHANGE * EPS[dtype]
    size = max(wanted, LEAST_CHANGE)
    for seed in range(DIRECTIONS):
        yield Change(seed, size, wanted / size)


@lru_cache(maxsize=4096)
def _signs(shape: tuple[int, ...], seed: int, stream: int) -> Tensor:
    import torch

    return torch.from_numpy(patterns.fill_signs(shape, seed=seed, stream=stream))


@cache
def _changing_mode() -> Callable[[Callable[[object], object]], AbstractContextManager[object]]:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Changing(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's is untyped
        """Rounds, in effect, what each operation computes; views and copies compute nothing."""

        def __init__(self, change: Callable[[object], object]) -> None:
            super().__init__()  # type: ignore[no-untyped-call]  # as above
            self._change = change

        def __torch_dispatch__(
            self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = operation(*args, **(kwargs or {}))
            if operation.is_view or operation.overloadpacket.__name__ in _EXACT:
                return result
            return tensors.map_leaves(self._change, result)

        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return (
                False  # or torch would import its compiler, which takes longer than all else here
            )

    return Changing


def movement(exact: Floats, large: Floats, small: Floats, scale: float) -> Floats | None:
    """How far each element moved; 0 where it jumped. None when the answers are not of one form."""
    far, near = distances(exact, large), distances(exact, small)
    if far is None or near is None:
        return None
    return [
        None if one is None or other is None else (one * (other <= JUMP * one)) * scale
        for one, other in zip(far, near, strict=True)
    ]


def distances(exact: Floats, other: Floats) -> Floats | None:
    """Absolute differences, 0 where either side is not finite; None when the answers are not of one form."""
    if [_shape(leaf) for leaf in exact] != [_shape(leaf) for leaf in other]:
        return None
    return [
        None if one is None or two is None else (one - two).abs().nan_to_num(0.0, posinf=0.0)
        for one, two in zip(exact, other, strict=True)
    ]


def _shape(leaf: Tensor | None) -> tuple[int, ...] | None:
    return None if leaf is None else tuple(leaf.shape)


@dataclass(frozen=True, slots=True)
class Reversal:
    """Arguments with one named axis reversed in all of them, widened and at the dtype of the inputs."""

    size: int
    widened: Arguments
    native: Arguments


def reversals(inputs: Inputs) -> Iterator[Reversal]:
    """Reverse each long axis in turn."""
    specs = list(tensor_specs(inputs.recipe.arguments))
    sizes = {
        name: size
        for spec in specs
        for name, size in zip(spec.axes, spec.shape, strict=True)
        if name and size >= SHORTEST_AXIS and spec.family == "float"
    }
    for name in sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_AXES]:
        flip = _flipper(specs, name)
        yield Reversal(sizes[name], flip(inputs.widened()), flip(inputs.clone().arguments))


def _flipper(specs: Sequence[TensorSpec], name: str) -> Callable[[Arguments], Arguments]:
    def flip(arguments: Arguments) -> Arguments:
        remaining = iter(specs)

        def flip_leaf(leaf: object) -> object:
            if tensors.is_tensor(leaf):
                return leaf.flip(_axes_of(next(remaining), name))
            if tensors.is_array(leaf):
                axes = _axes_of(next(remaining), name)
                return leaf[
                    tuple(slice(None, None, -1 if axis in axes else 1) for axis in range(leaf.ndim))
                ]
            return leaf

        return tensors.map_arguments(flip_leaf, arguments)

    return flip


def _axes_of(spec: TensorSpec, name: str) -> list[int]:
    return [axis for axis, word in enumerate(spec.axes) if word == name]


def undo_reversal(
    exact: Floats, reversed_exact: Floats, size: int
) -> Callable[[Floats], Floats] | None:
    """How to bring the answer to reversed arguments into the order of the exact one; None if that cannot be."""
    if [_shape(leaf) for leaf in exact] != [_shape(leaf) for leaf in reversed_exact]:
        return None
    flips: list[list[int]] = []
    for one, other in zip(exact, reversed_exact, strict=True):
        fitting = _fitting_flip(one, other, size)
        if fitting is None:
            return None
        flips.append(fitting)

    def undo(answer: Floats) -> Floats:
        return [
            leaf if leaf is None or not axes else leaf.flip(axes)
            for leaf, axes in zip(answer, flips, strict=True)
        ]

    return undo


def _fitting_flip(exact: Tensor | None, other: Tensor | None, size: int) -> list[int] | None:
    """The axes of one leaf that reversing the arguments has reversed."""
    if exact is None or other is None:
        return []
    candidates: list[list[int]] = [
        [],
        *([axis] for axis, length in enumerate(exact.shape) if length == size),
    ]
    return next((axes for axes in candidates if _is_same(exact, other.flip(axes))), None)


def _is_same(one: Tensor, other: Tensor) -> bool:
    import torch

    finite = torch.isfinite(one)
    if not torch.equal(finite, torch.isfinite(other)):
        return False
    one, other = one[finite], other[finite]
    return one.numel() == 0 or float((one - other).abs().max()) <= SAME * float(one.abs().max())
