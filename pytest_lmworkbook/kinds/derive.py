"""Numeric derivations: a number for the book's inputs, or a formula that is tried on drawn ones too.

The number is worth half, the formula the rest. Expected values come from the reference; nothing here imports torch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from pytest_lmworkbook.errors import JudgeError
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
from pytest_lmworkbook.kinds.checks import check_fields, check_names, check_parameters
from pytest_lmworkbook.kinds.numbers import NotANumber, read_number, slip_of_unit
from pytest_lmworkbook.problem.fields import FormulaField, InputName, Number, Reference, Text, Unit
from pytest_lmworkbook.problem.filling import fill
from pytest_lmworkbook.problem.model import InputSpec, Part, Problem, ProblemSpec
from pytest_lmworkbook.problem.reference import ReferencePath, load_reference
from pytest_lmworkbook.problem.units import Quantity, format_quantity, unit_scale
from pytest_lmworkbook.problem.variants import draw_inputs, variant_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

VALUE = "value"
FORMULA = "formula"
#: A formula is compared far tighter than a number that a person rounded; this leaves room for another order of floats.
FORMULA_RTOL = 1e-9
#: Nearer than this, a factor between two numbers says nothing.
_CLOSE = 0.005
#: Enough to tell two different formulas apart in every range; the search stops at the first difference.
DRAWN = 25


class AnswerSpec(Part):
    """What is asked for; the number itself is computed by the reference."""

    unit: Unit
    #: At most 2 %, so that MB and MiB (4.9 %) stay apart.
    rtol: Annotated[float, Field(gt=0, le=0.02)] = 0.01
    #: What the source printed, checked against the reference unless an erratum says that it is wrong.
    published: Number | None = None
    erratum: str = ""


class WrongFormula(Part):
    """A formula that people really use, and what to tell them."""

    formula: FormulaField
    says: Text


class DeriveSpec(ProblemSpec):
    """YAML of a derivation."""

    kind: Literal["derive"]
    inputs: Annotated[dict[InputName, InputSpec], Field(min_length=1)]
    answer: AnswerSpec
    reference: Reference
    mistakes: tuple[WrongFormula, ...] = ()


Inputs = Mapping[str, Quantity]


class DeriveKind(Kind[DeriveSpec]):
    """Numeric derivations."""

    name = "derive"

    @property
    def spec(self) -> type[DeriveSpec]:
        """The model of the kind's YAML."""
        return DeriveSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:
        """Formulas and texts may name the inputs only, and the reference takes them."""
        yield from check_names(source)
        yield from check_parameters(source, root, "inputs")
        yield from check_fields(source, extra=("answer",))

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """The number and the formula, half of the points each; a wrong number says what a wrong formula would."""
        half = problem.spec.points / 2
        return (Case(VALUE, half), Case(FORMULA, half, VALUE))

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:
        """Judge the number or the formula."""
        spec = _spec(problem)
        found = submission.look(spec.entry)
        if found.state in {"missing", "stub"}:
            return NOT_ATTEMPTED
        inputs = variant_inputs(spec.inputs, problem.id, context.variant)
        if case.name == VALUE:
            actual = found.value if found.state == "value" else _call(submission, spec, inputs)
            return _judge_number(problem, inputs, actual, rtol=spec.answer.rtol)
        if found.state == "value":
            text = (
                f"a number was given; a function of {', '.join(spec.inputs)} earns the other half"
            )
            return Outcome(verdict=Verdict.NOT_ATTEMPTED, message=text)
        return self._grade_formula(problem, submission, context, inputs)

    def _grade_formula(
        self, problem: Problem, submission: Submission, context: Context, inputs: Inputs
    ) -> Outcome:
        """The book's inputs first, because they read best; then drawn ones."""
        spec = _spec(problem)
        drawn = random.Random(context.seed(problem, FORMULA))  # noqa: S311  # reproducible from the salt by design
        candidates = [inputs, *(draw_inputs(spec.inputs, drawn) for _ in range(DRAWN))]
        for chosen in candidates:
            actual = _call(submission, spec, chosen)
            outcome = _judge_number(problem, chosen, actual, rtol=FORMULA_RTOL)
            if outcome.verdict is not Verdict.ACCEPTED:
                return _with_call(problem, chosen, outcome, reveals=chosen is not inputs)
        return Outcome(verdict=Verdict.ACCEPTED, metrics={"examples": len(candidates)})

    def stub(self, problem: Problem, variant: str) -> str:
        """A function of the named inputs."""
        spec = _spec(problem)
        inputs = variant_inputs(spec.inputs, problem.id, variant)
        arguments = "\n".join(
            f"    {name}: {_phrase(spec.inputs[name], inputs[name])}" for name in spec.inputs
        )
        unit = spec.answer.unit or "a plain number"
        notes = [
            arguments,
            (
                f"Return a formula of the arguments, in {unit}; they come as plain numbers in base units (byte, s, FLOP). "
                f"Or write {spec.entry} = <number> in place of the function, for half of the points."
            ),
        ]
        return stubs.function_stub(
            problem, spec.entry, ", ".join(spec.inputs), self.prompt(problem, variant), notes
        )

    def prompt(self, problem: Problem, variant: str) -> str:
        """The question with its numbers."""
        return self.fill(problem, problem.spec.prompt, variant)

    def fill(self, problem: Problem, text: str, variant: str) -> str:
        """Inputs as text, the computed answer, and arithmetic over the inputs."""
        spec = _spec(problem)
        inputs = variant_inputs(spec.inputs, problem.id, variant)
        shown = {name: quantity.text for name, quantity in inputs.items()}
        shown["answer"] = format_quantity(expected_value(problem, inputs), spec.answer.unit)
        return fill(text, shown, {**_numbers(inputs), "answer": expected_value(problem, inputs)})

    def audit(self, problem: Problem) -> Iterable[str]:
        """The published number is right, or an erratum says what is; wrong formulas stay apart from the right one."""
        spec = _spec(problem)
        inputs = variant_inputs(spec.inputs, problem.id, "")
        expected = expected_value(problem, inputs)
        published = spec.answer.published
        if published is not None:
            off = abs(published * unit_scale(spec.answer.unit) - expected) > spec.answer.rtol * abs(
                expected
            )
            if off != bool(spec.answer.erratum):
                computed = format_quantity(expected, spec.answer.unit)
                yield (
                    f"the source printed {published:g}, computed is {computed}: an erratum must say what is right"
                    if off
                    else f"the source printed {published:g}, which is right, yet there is an erratum"
                )
        for mistake in spec.mistakes:
            wrong = float(mistake.formula.evaluate(_numbers(inputs)))
            if abs(wrong - expected) <= 2 * spec.answer.rtol * abs(expected):
                yield f"mistake {mistake.formula.text!r} is within twice the tolerance of the right answer"

    def answer(self, problem: Problem, variant: str) -> Mapping[str, Any]:
        """The number in the answer's unit."""
        spec = _spec(problem)
        inputs = variant_inputs(spec.inputs, problem.id, variant)
        value = expected_value(problem, inputs) / unit_scale(spec.answer.unit)
        return {"answer": {"value": value, "unit": spec.answer.unit}, "parts": {}}

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """The reference, each wrong formula (as a number and as a function), and junk."""
        spec = _spec(problem)
        scale = unit_scale(spec.answer.unit)
        right = load_reference(problem.root, spec.reference)
        entry = spec.entry
        yield Specimen(
            role="reference",
            name="formula",
            values={entry: lambda **given: _number(right(**given)) / scale},
        )
        book = variant_inputs(spec.inputs, problem.id, "")
        for mistake in spec.mistakes:
            name = mistake.formula.text

            def wrong(*, formula: Any = mistake.formula, **given: float) -> float:
                return float(formula.evaluate(given)) / scale

            yield Specimen(role="mistake", name=name, values={entry: wrong}, says=mistake.says)
            number = wrong(**_numbers(book))
            yield Specimen(
                role="mistake",
                name=f"{name} (number)",
                values={entry: number},
                says=mistake.says,
                caught_by=VALUE,
            )
        for junk in (0, -1.0, math.nan, math.inf, "a lot", [1], True):
            yield Specimen(role="junk", name=repr(junk), values={entry: junk})


def expected_value(problem: Problem, inputs: Inputs) -> float:
    """What the reference gives, in base units.

    Raises:
        JudgeError: The reference raised, or gave no finite number.
    """
    return _expected(
        problem.root, _spec(problem).reference, tuple(_numbers(inputs).items()), problem.id
    )


@cache
def _function(root: Path, reference: ReferencePath) -> Callable[..., object]:
    """Loaded once: a formula is tried on dozens of inputs, and looking at the file costs more than the arithmetic."""
    return load_reference(root, reference)


@cache
def _expected(
    root: Path, reference: Any, items: tuple[tuple[str, float], ...], problem_id: str
) -> float:
    function = _function(root, reference)
    try:
        return _number(function(**dict(items)))
    except Exception as fault:
        given = ", ".join(f"{name}={value!r}" for name, value in items)
        raise JudgeError(
            f"{problem_id}: the reference {reference} failed on {given}: {fault!r}"
        ) from fault


def _judge_number(problem: Problem, inputs: Inputs, actual: object, *, rtol: float) -> Outcome:
    """Compare one number; every fault of its form first."""
    spec = _spec(problem)
    expected = expected_value(problem, inputs)
    try:
        base = read_number(actual, unit=spec.answer.unit)
    except NotANumber as fault:
        return Outcome(
            verdict=Verdict.WRONG_ANSWER,
            reason=fault.reason,
            message=str(fault),
            actual=repr(actual)[:200],
        )
    if abs(base - expected) <= rtol * abs(expected):
        return ACCEPTED
    mistake = _recognise(spec, inputs, base, expected, rtol)
    unit = spec.answer.unit
    return Outcome(
        verdict=Verdict.WRONG_ANSWER,
        reason=Reason.VALUE,
        message=mistake or slip_of_unit(base, expected, unit) or _distance(base, expected),
        mistake=mistake,
        actual=format_quantity(base, unit),
    )


def _with_call(problem: Problem, inputs: Inputs, outcome: Outcome, *, reveals: bool) -> Outcome:
    """Add the call that shows it; on the question's own inputs the expected number would be the answer itself."""
    spec = _spec(problem)
    lines = [f"{name} = {quantity.value!r}" for name, quantity in inputs.items()]
    lines.append(f"{spec.entry}({', '.join(f'{name}={name}' for name in inputs)})")
    expected = format_quantity(expected_value(problem, inputs), spec.answer.unit) if reveals else ""
    return replace(outcome, counterexample="\n".join(lines), expected=expected)


def _recognise(
    spec: DeriveSpec, inputs: Inputs, actual: float, expected: float, rtol: float
) -> str:
    """The sentence of the mistake whose number this is; the closest when several are near."""
    near: list[tuple[float, str]] = []
    for mistake in spec.mistakes:
        try:
            wrong = float(mistake.formula.evaluate(_numbers(inputs)))
        except ArithmeticError:
            continue  # a wrong formula may divide by zero where the right one does not
        distance = abs(actual - wrong)
        # A mistake that happens to be right on these inputs explains nothing.
        if distance <= rtol * abs(wrong) and abs(wrong - expected) > rtol * abs(expected):
            near.append((distance, mistake.says))
    return min(near)[1] if near else ""


def _distance(actual: float, expected: float) -> str:
    if actual == 0 or expected == 0 or actual * expected < 0:
        return "the number is wrong"
    ratio = actual / expected
    if abs(ratio - 1) < _CLOSE:
        return f"close, but {100 * abs(ratio - 1):.2g} % off: compute with the inputs as given, and round nothing"
    return (
        f"the number is {ratio:.3g} times the right one"
        if ratio > 1
        else f"the right number is {1 / ratio:.3g} times this one"
    )


def _call(submission: Submission, spec: DeriveSpec, inputs: Inputs) -> object:
    return submission.call(spec.entry, (), _numbers(inputs)).value


def _numbers(inputs: Inputs) -> dict[str, float]:
    return {name: quantity.value for name, quantity in inputs.items()}


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise JudgeError(f"the reference gave {value!r}, wanted a finite number")
    return float(value)


def _phrase(spec: InputSpec, quantity: Quantity) -> str:
    return f"{spec.says}, {quantity.text}" if spec.says else quantity.text


def _spec(problem: Problem) -> DeriveSpec:
    assert isinstance(
        problem.spec, DeriveSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec
