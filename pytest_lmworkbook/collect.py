"""Problems as pytest nodes: one collector per problem file, one item per case.

Nodes are children of the session and not of a folder: problem files live outside of the student's repository, and
``lm/4.1::value`` is the name that everybody knows a case by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import TerminalRepr  # the only base that pytest's terminal accepts

from pytest_lmworkbook.errors import LMWorkbookError
from pytest_lmworkbook.judge.verdict import CaseResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from _pytest._io import TerminalWriter

    from pytest_lmworkbook.grading import Grader
    from pytest_lmworkbook.kinds.base import Case
    from pytest_lmworkbook.problem.load import BrokenProblem, KindLoader, Workbook
    from pytest_lmworkbook.problem.model import Problem
    from pytest_lmworkbook.settings import Settings


class CaseFailed(Exception):  # what happened, in pytest's manner
    """A case was not accepted; its text is the result's."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.message)
        self.result = result


@dataclass
class FailureText(TerminalRepr):
    """A failure as pytest prints it: the whole text, and one line for the short summary."""

    result: CaseResult

    @property
    def reprcrash(self) -> FailureText:
        """Where pytest looks for the line of its short summary."""
        return self

    @property
    def message(self) -> str:
        """The line of the short summary."""
        return self.result.message

    def toterminal(self, tw: TerminalWriter) -> None:
        """Print the text."""
        tw.line(self.result.detail)


class ProblemNode(pytest.Collector):
    """One problem file."""

    problem: Problem | BrokenProblem
    grader: Grader

    @classmethod
    def from_problem(
        cls, session: pytest.Session, problem: Problem | BrokenProblem, grader: Grader
    ) -> ProblemNode:
        """The node of a problem that was loaded already: parsing is no work of ``collect``."""
        node: ProblemNode = cls.from_parent(session, name=problem.id, nodeid=problem.id)
        node.problem = problem
        node.grader = grader
        return node

    def collect(self) -> Iterable[pytest.Item]:
        """The problem's cases."""
        for case in self.grader.cases(self.problem):
            item: CaseItem = CaseItem.from_parent(self, name=case.name)
            item.case = case
            yield item


class CaseItem(pytest.Item):
    """One case; its outcome is in `result` once it ran."""

    parent: ProblemNode
    case: Case
    result: CaseResult | None = None

    def runtest(self) -> None:
        """Grade, and translate the verdict into pytest's three."""
        grader = self.parent.grader
        result = self.result = grader.grade(self.parent.problem, self.case)
        self.user_properties += [
            ("lm_verdict", result.verdict.value),
            ("lm_points", result.points),
            ("lm_max_points", result.max_points),
        ]
        if result.verdict in {Verdict.NOT_ATTEMPTED, Verdict.NOT_RUN}:
            pytest.skip(result.message)
        if not result.verdict.is_failure:
            return
        if self.config.getoption("usepdb") and grader.last_fault and grader.last_fault.__cause__:
            # The debugger is wanted where the student's code failed, not where we noticed.
            raise grader.last_fault.__cause__
        raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure text of the result; pytest's own for anything else."""
        if self.result is not None and self.result.detail:
            return FailureText(self.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the problem is: its file."""
        return self.parent.problem.path, 0, self.nodeid

    @property
    def location(self) -> tuple[str, int | None, str]:  # pytest caches it; ours is a constant
        """The node's own name: pytest would show a path in site-packages behind it."""
        # Not the name alone: this is also the headline of a failure.
        return self.parent.nodeid, 0, f"{self.parent.nodeid} {self.name}"


def load_selected(
    settings: Settings, kinds: Mapping[str, KindLoader]
) -> tuple[Workbook, list[Problem | BrokenProblem]]:
    """The problems that the settings select, from the first problem set that has the workbook.

    Returns:
        The workbook, and its selected problems in order.

    Raises:
        pytest.UsageError: No such workbook, chapter or problem; the message lists what there is.
    """
    from pytest_lmworkbook.problem.load import ProblemSet, find_workbook

    sets = [ProblemSet(root, kinds) for root in settings.problem_sets]
    try:
        workbook = find_workbook(sets, settings.workbook)
    except LMWorkbookError as fault:
        raise pytest.UsageError(_text_of(fault)) from fault
    _refuse_unknown("chapter", settings.chapters, list(workbook.chapter_titles))
    problems = workbook.load(settings.chapters)
    if not problems:
        written = sorted({one.chapter for one in workbook.load()}, key=lambda one: (len(one), one))
        raise pytest.UsageError(
            f"workbook {workbook.name} has no problems in chapter {', '.join(settings.chapters or ())} yet; "
            f"there are problems in {', '.join(written) or 'no chapter'}"
        )
    if settings.problems is not None:
        _refuse_unknown(
            "problem", settings.problems, [one.id.partition("/")[2] for one in problems]
        )
        problems = tuple(one for one in problems if one.id.partition("/")[2] in settings.problems)
    return workbook, list(problems)


def make_nodes(
    session: pytest.Session, problems: Sequence[Problem | BrokenProblem], grader: Grader
) -> Iterator[ProblemNode]:
    """The collectors of a session, in the problems' order."""
    for problem in problems:
        yield ProblemNode.from_problem(session, problem, grader)


def _refuse_unknown(what: str, wanted: Sequence[str] | None, known: Sequence[str]) -> None:
    import difflib

    for name in wanted or ():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise pytest.UsageError(
                f"--lm-{what}: no {what} {name!r}, there is {', '.join(known) or 'none'}{hint}"
            )


def _text_of(fault: LMWorkbookError) -> str:
    from pytest_lmworkbook.errors import ProblemFileError
    from pytest_lmworkbook.problem.diagnostics import render_diagnostics

    return (
        render_diagnostics(fault.diagnostics) if isinstance(fault, ProblemFileError) else str(fault)
    )
