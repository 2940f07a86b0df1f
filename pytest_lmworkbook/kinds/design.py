"""Designing a configuration: a predicate over what is proposed, so that every valid design passes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds import stubs
from pytest_lmworkbook.kinds.base import (
    ACCEPTED,
    NOT_ATTEMPTED,
    Case,
    Context,
    Kind,
    Outcome,
    Specimen,
)
from pytest_lmworkbook.kinds.checks import check_fields, check_names
from pytest_lmworkbook.problem.fields import (
    FormulaField,
    Identifier,
    InputName,
    Number,
    QuantityField,
    Reference,
    Text,
)
from pytest_lmworkbook.problem.filling import fill
from pytest_lmworkbook.problem.model import Part, Problem, ProblemSpec
from pytest_lmworkbook.problem.reference import load_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

DESIGN = "design"
_KNOWN = ("constants", "fields", "quantities")


class FieldSpec(Part):
    """One number that the student chooses."""

    range: tuple[Number, Number]
    real: bool = False
    says: str = ""


class Requirement(Part):
    """What must hold, and what to tell when it does not."""

    formula: FormulaField
    says: Text


class WrongDesign(Part):
    """A design that people really propose, and what to tell them."""

    design: dict[Identifier, Number]
    says: Text


class DesignSpec(ProblemSpec):
    """YAML of a design question."""

    kind: Literal["design"]
    constants: dict[InputName, QuantityField] = Field(default={})
    fields: Annotated[dict[InputName, FieldSpec], Field(min_length=1)]
    quantities: dict[InputName, Reference] = Field(default={})
    require: Annotated[tuple[Requirement, ...], Field(min_length=1)]
    example: dict[Identifier, Number]
    mistakes: tuple[WrongDesign, ...] = ()


class DesignKind(Kind[DesignSpec]):
    """Designing a configuration."""

    name = "design"

    @property
    def spec(self) -> type[DesignSpec]:
        """The model of the kind's YAML."""
        return DesignSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:  # references are fields
        """Formulas and texts may name constants, fields and quantities only."""
        yield from check_names(source, where="require", keys=_KNOWN)
        yield from check_fields(source, keys=_KNOWN)

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """One case."""
        return (Case(DESIGN, problem.spec.points),)

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:  # one case
        """Judge a dict of the fields."""
        spec = _spec(problem)
        found = submission.look(spec.entry)
        if found.state in {"missing", "stub"}:
            return NOT_ATTEMPTED
        answer = (
            found.value if found.state == "value" else submission.call(spec.entry, (), {}).value
        )
        if fault := _fault_of_form(spec, answer):
            return Outcome(
                verdict=Verdict.WRONG_ANSWER,
                reason=Reason.STRUCTURE,
                message=fault,
                actual=repr(answer)[:200],
            )
        assert isinstance(answer, dict)  # _fault_of_form refuses everything else
        return _judge(problem, {name: answer[name] for name in spec.fields})

    def stub(self, problem: Problem, variant: str) -> str:
        """A name for the dict, with the fields below."""
        spec = _spec(problem)
        listing = "\n".join(f"  {name}: {_describe(field)}" for name, field in spec.fields.items())
        note = f"Answer with a dict: {spec.entry} = {{{', '.join(f'{name!r}: ...' for name in spec.fields)}}}"
        return stubs.value_stub(problem, spec.entry, self.prompt(problem, variant), [listing, note])

    def prompt(self, problem: Problem, variant: str) -> str:
        """The question with its constants."""
        return self.fill(problem, problem.spec.prompt, variant)

    def fill(self, problem: Problem, text: str, variant: str) -> str:  # designs have no variants
        """Constants as the file gives them; fields and quantities of the example."""
        spec = _spec(problem)
        values = _values(problem, spec.example)
        shown = {name: _show(value) for name, value in values.items()}
        shown |= {name: quantity.text for name, quantity in spec.constants.items()}
        return fill(text, shown, values)

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """The example, every wrong design, and junk."""
        spec = _spec(problem)
        entry = spec.entry
        yield Specimen(
            role="reference", name=repr(dict(spec.example)), values={entry: dict(spec.example)}
        )
        for mistake in spec.mistakes:
            design = dict(mistake.design)
            yield Specimen(
                role="mistake", name=repr(design), values={entry: design}, says=mistake.says
            )
        zero = dict.fromkeys(spec.fields, 0)
        for junk in (
            {},
            zero,
            dict.fromkeys(spec.fields, "many"),
            [1, 2],
            7,
            dict(spec.example) | {"extra": 1},
        ):
            yield Specimen(role="junk", name=repr(junk), values={entry: junk})


def _judge(problem: Problem, design: Mapping[str, float]) -> Outcome:
    spec = _spec(problem)
    values = _values(problem, design)
    broken = [one for one in spec.require if not one.formula.evaluate(values)]
    if not broken:
        return ACCEPTED
    shown = {name: _show(value) for name, value in values.items()}
    known = next((one.says for one in spec.mistakes if dict(one.design) == dict(design)), "")
    reasons = [fill(one.says, shown, values) for one in broken]
    derived = ", ".join(f"{name} = {shown[name]}" for name in spec.quantities)
    return Outcome(
        verdict=Verdict.WRONG_ANSWER,
        reason=Reason.VALUE,
        message=known or reasons[0],
        mistake=known,
        evidence=(
            *(reasons if known else reasons[1:]),
            *([f"your design gives {derived}"] if derived else []),
        ),
        actual=repr(dict(design)),
    )


def _fault_of_form(spec: DesignSpec, answer: object) -> str:
    """What is wrong with the form of an answer; empty when nothing is."""
    wanted = ", ".join(repr(name) for name in spec.fields)
    if not isinstance(answer, dict):
        return f"wanted a dict with the keys {wanted}, got {answer!r}"[:300]
    if set(answer) != set(spec.fields):
        return f"wanted exactly the keys {wanted}, got {', '.join(map(repr, answer)) or 'none'}"[
            :300
        ]
    for name, field in spec.fields.items():
        value = answer[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if (
            not number
            or not field.range[0] <= value <= field.range[1]  # before int(): it refuses NaN and inf
            or (not field.real and value != int(value))
        ):
            return f"{name!r} must be {_describe(field)}, got {value!r}"
    return ""


def _values(problem: Problem, design: Mapping[str, float]) -> dict[str, float]:
    """Constants, the design's fields, and the quantities that follow from both, in base units."""
    spec = _spec(problem)
    known: dict[str, float] = {
        name: quantity.value for name, quantity in spec.constants.items()
    } | dict(design)
    derived: dict[str, float] = {}
    for name, reference in spec.quantities.items():
        function = load_reference(problem.root, reference)
        wanted = inspect.signature(function).parameters
        derived[name] = function(**{key: known[key] for key in wanted if key in known})  # type: ignore[assignment]  # references of designs return numbers
    return known | derived


def _show(value: float) -> str:
    """Whole numbers whole: a count of parameters is read in thousands, not as a power of ten."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _describe(field: FieldSpec) -> str:
    kind = "a number" if field.real else "a whole number"
    low, high = field.range
    return f"{kind} from {low:,} to {high:,}" + (f" ({field.says})" if field.says else "")


def _spec(problem: Problem) -> DesignSpec:
    assert isinstance(
        problem.spec, DesignSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec
