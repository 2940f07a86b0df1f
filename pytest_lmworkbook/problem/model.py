"""What every problem file has, and the parts that several kinds share.

A kind adds its own keys by subclassing `ProblemSpec` in its own module, as a kind of another package would.
Frozen, no I/O; positions and wording of faults are `load`'s work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from pytest_lmworkbook.problem.fields import (
    Identifier,
    Number,
    QuantityField,
    Reference,
    Span,
    Text,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path


class Part(BaseModel):
    """Base of every piece of a problem file: frozen, and unknown keys are faults."""

    # A run builds the validators of the kinds that it meets, which is most of what importing the models would cost.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class ProblemSpec(Part):
    """The keys that every kind has."""

    kind: str
    title: Text
    prompt: Text
    entry: Identifier
    points: Annotated[float, Field(gt=0)] = 1.0
    hints: tuple[Text, ...] = ()
    explanation: str = ""
    #: Where a fact of the prompt comes from.
    source: str = ""
    #: What the source text had wrong, what is right, and why.
    erratum: str = ""


class InputSpec(Part):
    """One named input of a derivation: the book's value and the range that variants are drawn from."""

    value: QuantityField
    range: tuple[QuantityField, QuantityField]
    multiple_of: Annotated[int, Field(gt=0)] | None = None
    #: A phrase for the stub's docstring: "dense bf16 peak".
    says: str = ""

    @property
    def is_integer(self) -> bool:
        """Whether drawn values are whole numbers."""
        return not self.value.unit and isinstance(self.value.value, int)

    @field_validator("range")
    @classmethod
    def _is_ordered(cls, span: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = span
        if not 0 < low.value < high.value:
            text = f"wanted a range from a positive value to a greater one, got {low.text} to {high.text}"
            raise refusal("bad-range", ValueError(text))
        return span


#: Read as text, because it may name a dimension; to an editor, which knows YAML's own types, a number is fine.
Bound = Annotated[str, WithJsonSchema({"type": ["number", "string"]})]


class ArgumentSpec(Part):
    """Bounds for one argument of a drawn call, where the defaults will not do.

    Bounds may name a dimension: ``range: [1, experts]``.
    """

    range: tuple[Bound, Bound] | None = None
    pattern: str | None = None
    choices: tuple[Number, ...] | None = None


class Edit(Part):
    """A known wrong version of a function: a small edit of its source, with one sentence of help."""

    #: One text, or a list of ``[old, new]`` pairs.
    replace: str | tuple[tuple[str, str], ...]
    with_: Annotated[str | None, Field(alias="with")] = None
    says: Text
    #: The property that must notice it; any, when left out.
    caught_by: str | None = None
    #: For a kernel file with several functions: the one that is edited.
    function: Identifier | None = None

    @property
    def edits(self) -> tuple[tuple[str, str], ...]:
        """All edits as pairs of old and new text."""
        if isinstance(self.replace, str):
            return ((self.replace, self.with_ or ""),)
        return self.replace


class EquivalentMutant(Part):
    """A generic mutant of the reference that no check can tell from it, and why."""

    was: Text
    becomes: str = ""
    because: Text


class PropertySpec(Part):
    """A property that belongs to one problem: a function beside the reference."""

    name: Identifier
    check: Reference


class FunctionSpec(ProblemSpec):
    """The keys of problems that judge a function on drawn inputs."""

    reference: Reference
    dims: dict[str, Span] = Field(default={})
    arguments: dict[str, ArgumentSpec] = Field(default={})
    dtypes: tuple[str, ...] = ("float32", "float64")
    properties: tuple[Identifier | PropertySpec, ...] = ("matches_reference",)
    mistakes: tuple[Edit, ...] = ()
    #: Other implementations that are right too.
    accepted: tuple[Reference, ...] = ()
    #: Mutants that survive `verify --mutate` because they compute the same.
    equivalent: tuple[EquivalentMutant, ...] = ()
    #: Torch functions that a submission may not call: `softmax`, or one spelling, `torch.Tensor.softmax`.
    forbid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem file that was read without a fault.

    Attributes:
        id: ``lm/4.1``.
        workbook: ``lm``.
        chapter: The chapter's id, ``4``.
        path: The YAML file.
        root: The problem set's folder; references are found from here.
        spec: The typed content.
    """

    id: str
    workbook: str
    chapter: str
    path: Path
    root: Path
    spec: ProblemSpec

    @property
    def name(self) -> str:
        """The id within the workbook, ``4.1``."""
        return self.id.partition("/")[2]

    @property
    def module(self) -> str:
        """The student's module where the entry is looked up: ``lm.ch04``."""
        return f"{self.workbook}.ch{int(self.chapter):02d}"
