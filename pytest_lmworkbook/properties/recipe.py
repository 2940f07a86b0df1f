"""What a drawn input is made from: plain data that determines every element of every argument.

`inputs` draws recipes, `tensors` makes the tensors of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_lmworkbook.properties.annotations import Family, Library


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor to be made: stands for it in the arguments of a recipe.

    Attributes:
        axes: Name of each axis in the annotation; empty for an axis that has none, or stands in a batch.
        stream: Tells the tensors of one call apart, so that equal shapes hold different values.
        low: Smallest element, where the problem gives a range.
        high: Largest element, where the problem gives a range.
        masked_rows: Whether a row of a random mask may be False throughout.
    """

    name: str
    library: Library
    family: Family
    dtype: str
    shape: tuple[int, ...]
    axes: tuple[str, ...] = ()
    pattern: str
    layout: str
    stream: int
    low: float | None = None
    high: float | None = None
    masked_rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that determines the arguments of one call.

    Attributes:
        dims: Size of each named axis.
        batches: Sizes that ``...`` and each ``*name`` stand for.
        dtype: Of the float tensors; float64 where there is none, since Python's floats are that.
        arguments: The arguments, with a `TensorSpec` in place of each tensor.
        seed: Seed of all elements.
    """

    dims: dict[str, int] = field(default_factory=dict)
    batches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dtype: str = "float64"
    arguments: dict[str, object] = field(default_factory=dict)
    seed: int = 0

    def __hash__(self) -> int:
        return hash(self.key())

    def key(self) -> str:
        """A text that is equal for equal recipes only."""
        return repr((self.dims, self.batches, self.dtype, self.arguments, self.seed))

    @property
    def layouts(self) -> dict[str, str]:
        """Layout of each tensor."""
        return {spec.name: spec.layout for spec in tensor_specs(self.arguments)}

    @property
    def patterns(self) -> dict[str, str]:
        """Pattern of each tensor."""
        return {spec.name: spec.pattern for spec in tensor_specs(self.arguments)}

    def summary(self) -> str:
        """One line for people: sizes, dtype, what is unusual about the tensors, seed."""
        parts = [f"{name}={size}" for name, size in self.dims.items()]
        parts += [f"{name}={shape}" for name, shape in self.batches.items() if shape]
        parts += [
            f"{spec.name}: {spec.pattern}"
            + (f" {spec.layout}" if spec.layout != "contiguous" else "")
            for spec in tensor_specs(self.arguments)
        ]
        return ", ".join([*parts, self.dtype, f"seed {self.seed}"])


def tensor_specs(value: object) -> Iterator[TensorSpec]:
    """Every specification in a tree of arguments, in order."""
    if isinstance(value, TensorSpec):
        yield value
    elif isinstance(value, dict):
        yield from (spec for item in value.values() for spec in tensor_specs(item))
    elif isinstance(value, list | tuple):
        yield from (spec for item in value for spec in tensor_specs(item))
