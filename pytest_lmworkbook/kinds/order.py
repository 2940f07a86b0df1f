"""Putting steps in order: a partial order, so that every valid order passes."""

from __future__ import annotations

import string
from graphlib import CycleError, TopologicalSorter
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
from pytest_lmworkbook.kinds.checks import items_at, names_at
from pytest_lmworkbook.problem.fields import Identifier, Text
from pytest_lmworkbook.problem.model import Part, Problem, ProblemSpec
from pytest_lmworkbook.problem.variants import shuffled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

ORDER = "order"


class Before(Part):
    """One step must come before another, and why."""

    first: Identifier
    then: Identifier
    says: Text


class WrongOrder(Part):
    """An order that people really give, and what to tell them."""

    order: tuple[Identifier, ...]
    says: Text


class OrderSpec(ProblemSpec):
    """YAML of an ordering question."""

    kind: Literal["order"]
    steps: Annotated[
        dict[Identifier, Text], Field(min_length=2, max_length=len(string.ascii_lowercase))
    ]
    before: Annotated[tuple[Before, ...], Field(min_length=1)]
    mistakes: tuple[WrongOrder, ...] = ()


class OrderKind(Kind[OrderSpec]):
    """Putting steps in order."""

    name = "order"

    @property
    def spec(self) -> type[OrderSpec]:
        """The model of the kind's YAML."""
        return OrderSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:  # needs no reference
        """Constraints name steps, and can all hold at once; wrong orders are whole and wrong."""
        steps = names_at(source, "steps")
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for index, item in items_at(source, "before"):
            for key in ("first", "then"):
                if (name := item.get(key)) not in steps:
                    message = f"{key!r} names {name!r}, wanted one of {', '.join(steps)}"
                    yield source.diagnose("unknown-name", message, ("before", index, key))
            sorter.add(str(item.get("then")), str(item.get("first")))
        try:
            sorter.prepare()
        except CycleError as fault:
            circle = " before ".join(fault.args[1][::-1])
            yield source.diagnose("no-valid-order", f"no order can satisfy {circle}", ("before",))
        for index, item in items_at(source, "mistakes"):
            order = item.get("order")
            if not isinstance(order, list) or sorted(map(str, order)) != sorted(steps):
                message = f"'order' must name every step once, got {order!r}"
                yield source.diagnose("not-an-order", message, ("mistakes", index, "order"))

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """One case."""
        return (Case(ORDER, problem.spec.points),)

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:  # one case
        """Judge a list of letters or step names."""
        spec = _spec(problem)
        found = submission.look(spec.entry)
        if found.state in {"missing", "stub"}:
            return NOT_ATTEMPTED
        answer = (
            found.value if found.state == "value" else submission.call(spec.entry, (), {}).value
        )
        letters = _letters(problem, context.variant)
        order = _read_order(answer, letters)
        if sorted(order) != sorted(spec.steps):
            return _not_an_order(answer, order, letters)
        return _judge(spec, order)

    def stub(self, problem: Problem, variant: str) -> str:
        """A name for the list, with the shuffled steps below."""
        spec = _spec(problem)
        letters = _letters(problem, variant)
        note = f"Answer with the letters in order: {spec.entry} = {list(letters)!r}"
        return stubs.value_stub(problem, spec.entry, spec.prompt, [_listing(spec, letters), note])

    def prompt(self, problem: Problem, variant: str) -> str:
        """The question with its shuffled steps."""
        spec = _spec(problem)
        return f"{spec.prompt}\n\n{_listing(spec, _letters(problem, variant))}"

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """A valid order, every constraint broken, every wrong order, and junk."""
        spec = _spec(problem)
        entry = spec.entry
        right = _one_valid_order(spec)
        yield Specimen(role="reference", name=", ".join(right), values={entry: right})
        for constraint in spec.before:
            name = f"{constraint.then} before {constraint.first}"
            wrong = _swapped(right, constraint)
            # Turning one pair round may break others, whose sentence comes first: then any sentence will do.
            alone = _broken(spec, wrong) == [constraint]
            yield Specimen(
                role="mistake",
                name=name,
                values={entry: wrong},
                says=constraint.says if alone else "",
            )
        for mistake in spec.mistakes:
            name = ", ".join(mistake.order)
            yield Specimen(
                role="mistake", name=name, values={entry: list(mistake.order)}, says=mistake.says
            )
        for junk in ([], right[:-1], right[:-1] + right[:1], "", 1, {"a": 1}, [right]):
            yield Specimen(role="junk", name=repr(junk), values={entry: junk})


def _broken(spec: OrderSpec, order: Sequence[str]) -> list[Before]:
    place = {step: index for index, step in enumerate(order)}
    return [one for one in spec.before if place[one.first] > place[one.then]]


def _judge(spec: OrderSpec, order: list[str]) -> Outcome:
    broken = _broken(spec, order)
    if not broken:
        return ACCEPTED
    says = next((one.says for one in spec.mistakes if list(one.order) == order), broken[0].says)
    return Outcome(
        verdict=Verdict.WRONG_ANSWER,
        reason=Reason.VALUE,
        message=says,
        mistake=says,
        evidence=(
            f"the first pair that is the wrong way round: {spec.steps[broken[0].then]}  |  {spec.steps[broken[0].first]}",
        ),
        actual=", ".join(order),
    )


def _not_an_order(answer: object, order: Sequence[str], letters: Mapping[str, str]) -> Outcome:
    missing = [letter for letter, step in letters.items() if step not in order]
    problem = f"missing: {', '.join(missing)}" if missing and order else f"got {answer!r}"
    return Outcome(
        verdict=Verdict.WRONG_ANSWER,
        reason=Reason.STRUCTURE,
        message=f"wanted each of {', '.join(letters)} once, in order; {problem}"[:300],
        actual=repr(answer)[:200],
    )


def _read_order(answer: object, letters: Mapping[str, str]) -> list[str]:
    """Step names from a list of letters or names, or from text such as ``"c a b"`` or ``"cab"``."""
    if isinstance(answer, str):
        pieces: Sequence[object] = answer.replace(",", " ").split()
        if len(pieces) == 1:
            pieces = list(answer.strip())
    elif isinstance(answer, list | tuple):
        pieces = answer
    else:
        return []
    return [letters.get(str(piece).strip().lower(), str(piece)) for piece in pieces]


def _letters(problem: Problem, variant: str) -> dict[str, str]:
    """Letter to step name, in the shuffled order that is shown."""
    steps = shuffled(tuple(_spec(problem).steps), problem.id, variant)
    return dict(zip(string.ascii_lowercase, steps, strict=False))


def _listing(spec: OrderSpec, letters: Mapping[str, str]) -> str:
    return "\n".join(f"  {letter})  {spec.steps[step]}" for letter, step in letters.items())


def _one_valid_order(spec: OrderSpec) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter({step: set() for step in spec.steps})
    for one in spec.before:
        sorter.add(one.then, one.first)
    return list(sorter.static_order())


def _swapped(order: list[str], pair: Before) -> list[str]:
    """The order with the second step moved just before the first."""
    rest = [step for step in order if step != pair.then]
    rest.insert(rest.index(pair.first), pair.then)
    return rest


def _spec(problem: Problem) -> OrderSpec:
    assert isinstance(
        problem.spec, OrderSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec
