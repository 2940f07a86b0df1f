"""Hunting a buggy line: naming it is worth half, a fix that passes the problem's properties the rest.

The bug is a known edit of the reference, shown as source; the lines to name follow from the edit.
"""

from __future__ import annotations

import difflib
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
from pytest_lmworkbook.kinds.build import bare_parameters, function_specimens
from pytest_lmworkbook.kinds.calling import Caller, call_text, run_submission
from pytest_lmworkbook.kinds.checks import check_edit, check_edits
from pytest_lmworkbook.kinds.diagnosis import diagnose_by_running
from pytest_lmworkbook.kinds.functions import check_arguments, grade_function, property_cases
from pytest_lmworkbook.problem.fields import Text
from pytest_lmworkbook.problem.model import Edit, FunctionSpec, Part, Problem
from pytest_lmworkbook.problem.reference import (
    edited_source,
    function_source,
    load_edited,
    without_docstring,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

LINE = "line"


class InnocentLine(Part):
    """A line that looks guilty, and why it is not."""

    contains: Text
    says: Text


class BugSpec(FunctionSpec):
    """YAML of a buggy-line hunt."""

    kind: Literal["bug"]
    bug: Annotated[tuple[Edit, ...], Field(min_length=1)] | Edit
    lines: tuple[InnocentLine, ...] = ()

    @property
    def bugs(self) -> tuple[Edit, ...]:
        """All bugs."""
        return (self.bug,) if isinstance(self.bug, Edit) else self.bug


class BugKind(Kind[BugSpec]):
    """Hunting a buggy line."""

    name = "bug"
    needs = frozenset({"torch"})

    @property
    def spec(self) -> type[BugSpec]:
        """The model of the kind's YAML."""
        return BugSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:
        """The bug and the wrong fixes apply to the reference; properties exist."""
        yield from check_edit(source, root, "bug")
        yield from check_edits(source, root)
        yield from check_arguments(source, root)

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """The line, then one case per property of the fix."""
        half = problem.spec.points / 2
        return (Case(LINE, half), *property_cases(problem, half))

    def entries(self, problem: Problem) -> tuple[str, ...]:
        """The line's name and the fix's."""
        return (problem.spec.entry, _fix(problem))

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:
        """Judge the named lines, or a property of the fix."""
        if case.name == LINE:
            return _grade_line(problem, submission)
        entry = _fix(problem)
        caller = Caller(
            entry, run_submission(problem, submission, entry), call_text(problem, entry)
        )
        return grade_function(
            problem,
            case.name,
            caller,
            submission,
            context,
            diagnose_by_running(problem, _unrepaired(problem)),
        )

    def stub(self, problem: Problem, variant: str) -> str:
        """A name for the line, the numbered source, and a stub for the fix."""
        spec = _spec(problem)
        several = len(guilty_lines(problem)) > 1
        wanted = f"{spec.entry} = [2, 5]" if several else f"{spec.entry} = 2"
        note = f"Answer with the line number{'s' if several else ''}, for example {wanted}, and write the repaired function below."
        line = stubs.value_stub(problem, spec.entry, self.prompt(problem, variant), [note])
        parameters = bare_parameters(problem, spec)
        fix = f'def {_fix(problem)}({parameters}):\n    """The function above, repaired."""\n    raise NotImplementedError\n'
        return f"{line}\n\n{fix}"

    def prompt(self, problem: Problem, variant: str) -> str:  # code has no variants
        """The question and the numbered source."""
        numbered = "\n".join(
            f"  {number:>2}  {line}".rstrip()
            for number, line in enumerate(shown_lines(problem), start=1)
        )
        return f"{problem.spec.prompt.strip()}\n\n{numbered}"

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """Right and wrong fixes; the guilty lines, the innocent ones, and junk."""
        spec = _spec(problem)
        guilty = sorted(guilty_lines(problem))
        for one in function_specimens(problem, _fix(problem)):
            values = (
                dict(one.values) if one.role == "mistake" else {**one.values, spec.entry: guilty}
            )
            if one.role == "junk":
                values[spec.entry] = 0
            yield Specimen(
                role=one.role, name=one.name, values=values, says=one.says, caught_by=one.caught_by
            )
        shown = load_edited(problem.root, spec.reference, _edits(spec))
        yield Specimen(
            role="mistake", name="the bug itself as the fix", values={_fix(problem): shown}
        )
        for line in spec.lines:
            number = _line_number(problem, line)
            yield Specimen(
                role="mistake", name=f"line {number}", values={spec.entry: number}, says=line.says
            )
        for junk in (0, 999, "the third", [], list(range(1, 100)), True, 1.5):
            yield Specimen(role="junk", name=repr(junk)[:40], values={spec.entry: junk})


def shown_lines(problem: Problem) -> list[str]:
    """The source with the bug, as the student sees it."""
    spec = _spec(problem)
    return edited_source(problem.root, spec.reference, _edits(spec)).strip("\n").splitlines()


def guilty_lines(problem: Problem) -> frozenset[int]:
    """The lines, from 1, in which the shown source differs from the reference."""
    right = (
        without_docstring(function_source(problem.root, _spec(problem).reference))
        .strip("\n")
        .splitlines()
    )
    shown = shown_lines(problem)
    guilty: set[int] = set()
    for tag, _, _, first, last in difflib.SequenceMatcher(
        a=right, b=shown, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            # A line that is missing has no number of its own: its successor stands where it should be.
            guilty.update(range(first + 1, max(last, first + 1) + 1))
    return frozenset(guilty)


def _unrepaired(problem: Problem) -> Iterator[tuple[str, Callable[..., object]]]:
    """The bug itself, for a fix that repairs nothing; loaded when a diagnosis asks for it."""
    spec = _spec(problem)
    says = " ".join(one.says for one in spec.bugs)
    yield f"The bug is still there. {says}", load_edited(problem.root, spec.reference, _edits(spec))


def _grade_line(problem: Problem, submission: Submission) -> Outcome:
    spec = _spec(problem)
    found = submission.look(spec.entry)
    if found.state in {"missing", "stub"}:
        return NOT_ATTEMPTED
    answer = found.value if found.state == "value" else submission.call(spec.entry).value
    named = _read_lines(answer)
    count = len(shown_lines(problem))
    guilty = guilty_lines(problem)
    if not named or not all(1 <= line <= count for line in named):
        wanted = "a line number" if len(guilty) == 1 else f"a list of {len(guilty)} line numbers"
        message = f"wanted {wanted} from 1 to {count}, got {answer!r}"[:300]
        return Outcome(
            verdict=Verdict.WRONG_ANSWER,
            reason=Reason.STRUCTURE,
            message=message,
            actual=repr(answer)[:200],
        )
    if named == guilty:
        return ACCEPTED
    return Outcome(
        verdict=Verdict.WRONG_ANSWER,
        reason=Reason.VALUE,
        message=_why_not(problem, named, guilty),
        mistake=_innocent(problem, named),
        actual=", ".join(map(str, sorted(named))),
    )


def _why_not(problem: Problem, named: frozenset[int], guilty: frozenset[int]) -> str:
    if says := _innocent(problem, named):
        return says
    if named < guilty:
        return f"right so far, but {len(guilty)} lines are wrong, not {len(named)}"
    innocent = sorted(named - guilty)
    lines = shown_lines(problem)
    return f"line {innocent[0]} is right as it stands: {lines[innocent[0] - 1].strip()}"


def _innocent(problem: Problem, named: frozenset[int]) -> str:
    """The sentence for the first named line that has one."""
    for line in _spec(problem).lines:
        if _line_number(problem, line) in named:
            return line.says
    return ""


def _line_number(problem: Problem, line: InnocentLine) -> int:
    matches = [
        number for number, text in enumerate(shown_lines(problem), start=1) if line.contains in text
    ]
    return matches[0] if matches else 0


def _read_lines(answer: object) -> frozenset[int]:
    numbers = list(answer) if isinstance(answer, list | tuple | set) else [answer]
    lines = [one for one in numbers if isinstance(one, int) and not isinstance(one, bool)]
    return frozenset(lines) if len(lines) == len(numbers) else frozenset()


def _edits(spec: BugSpec) -> tuple[tuple[str, str], ...]:
    return tuple(pair for one in spec.bugs for pair in one.edits)


def _fix(problem: Problem) -> str:
    return f"{problem.spec.entry}_fix"


def _spec(problem: Problem) -> BugSpec:
    assert isinstance(
        problem.spec, BugSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec
