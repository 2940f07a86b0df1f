"""Multiple choice: one right option, and a sentence of feedback for each."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds import stubs
from pytest_lmworkbook.kinds.base import NOT_ATTEMPTED, Case, Context, Kind, Outcome, Specimen
from pytest_lmworkbook.problem.fields import Text, refusal
from pytest_lmworkbook.problem.model import Part, Problem, ProblemSpec
from pytest_lmworkbook.problem.variants import shuffled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

CHOICE = "choice"


class Option(Part):
    """One option and what a student who picks it is told."""

    text: Text
    says: Text
    correct: bool = False


class ChooseSpec(ProblemSpec):
    """YAML of a multiple-choice question."""

    kind: Literal["choose"]
    options: Annotated[
        tuple[Option, ...], Field(min_length=2, max_length=len(string.ascii_lowercase))
    ]

    @field_validator("options")
    @classmethod
    def _has_one_answer(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        right = sum(option.correct for option in options)
        if right != 1:
            text = f"exactly one option must have 'correct: true', got {right}"
            raise refusal("not-one-answer", ValueError(text))
        return options


class ChooseKind(Kind[ChooseSpec]):
    """Multiple choice."""

    name = "choose"

    @property
    def spec(self) -> type[ChooseSpec]:
        """The model of the kind's YAML."""
        return ChooseSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:  # needs no reference
        """Two equal options could not be told apart."""
        options = source.value.get("options") if isinstance(source.value, dict) else None
        seen: set[str] = set()
        for index, option in enumerate(options if isinstance(options, list) else ()):
            text = str(option.get("text")) if isinstance(option, dict) else ""
            if text and text in seen:
                yield source.diagnose(
                    "duplicate-option", f"{text!r} is offered twice", ("options", index, "text")
                )
            seen.add(text)

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """One case."""
        return (Case(CHOICE, problem.spec.points),)

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:  # one case
        """Judge a letter, or the option's own text."""
        found = submission.look(problem.spec.entry)
        if found.state in {"missing", "stub"}:
            return NOT_ATTEMPTED
        answer = (
            found.value
            if found.state == "value"
            else submission.call(problem.spec.entry, (), {}).value
        )
        offered = _offered(problem, context.variant)
        option = _picked(answer, offered)
        if option is None:
            letters = ", ".join(offered)
            return Outcome(
                verdict=Verdict.WRONG_ANSWER,
                reason=Reason.STRUCTURE,
                message=f"wanted one letter of {letters}, got {answer!r}"[:300],
                actual=repr(answer)[:200],
            )
        if option.correct:
            return Outcome(verdict=Verdict.ACCEPTED, message=option.says)
        return Outcome(
            verdict=Verdict.WRONG_ANSWER,
            reason=Reason.VALUE,
            message=option.says,
            mistake=option.says,
            actual=f"{answer}",
        )

    def stub(self, problem: Problem, variant: str) -> str:
        """A name for the letter, with the options below."""
        options = "\n".join(
            f"  {letter})  {option.text}" for letter, option in _offered(problem, variant).items()
        )
        note = f'Answer with a letter: {problem.spec.entry} = "a"'
        return stubs.value_stub(problem, problem.spec.entry, problem.spec.prompt, [options, note])

    def prompt(self, problem: Problem, variant: str) -> str:
        """The question with its options."""
        options = "\n".join(
            f"  {letter})  {option.text}" for letter, option in _offered(problem, variant).items()
        )
        return f"{problem.spec.prompt}\n\n{options}"

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """Every option under its letter, and junk."""
        entry = problem.spec.entry
        for letter, option in _offered(problem, "").items():
            role = "reference" if option.correct else "mistake"
            says = "" if option.correct else option.says
            yield Specimen(
                role=role, name=f"{letter}) {option.text}", values={entry: letter}, says=says
            )
        for junk in ("", "z", 0, ["a", "b"], "a b c d"):
            yield Specimen(role="junk", name=repr(junk), values={entry: junk})


def _offered(problem: Problem, variant: str) -> dict[str, Option]:
    """Letter to option, in the order of the variant."""
    assert isinstance(
        problem.spec, ChooseSpec
    )  # narrows for the type checker; kinds get their own specs
    options = shuffled(problem.spec.options, problem.id, variant)
    return dict(zip(string.ascii_lowercase, options, strict=False))


def _picked(answer: object, offered: dict[str, Option]) -> Option | None:
    if not isinstance(answer, str):
        return None
    text = " ".join(answer.split())
    letter = text.strip("().").lower()
    if letter in offered:
        return offered[letter]
    return next(
        (option for option in offered.values() if " ".join(option.text.split()) == text), None
    )
