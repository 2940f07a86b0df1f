"""One grading session of pytest: the problems, the grader, the results that came in, and what is written at the end.

Under xdist the controller has the results (they travel on the reports) and the workers have the grader.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook import __version__
from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.collect import CaseItem, FailureText, load_selected, make_nodes
from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.verdict import CaseResult, RunResult, Verdict
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import BrokenProblem
from pytest_lmworkbook.settings import read_settings, replaces_collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

    from pytest_lmworkbook.judge.submission import Isolation
    from pytest_lmworkbook.kinds.base import Kind
    from pytest_lmworkbook.problem.load import Workbook
    from pytest_lmworkbook.problem.model import Problem
    from pytest_lmworkbook.settings import Settings

_SELECTED = "lmworkbook_selected"


@dataclass
class WorkbookSession:
    """What one pytest run knows about the problems that it grades."""

    settings: Settings
    workbook: Workbook
    problems: list[Problem | BrokenProblem]
    grader: Grader
    alone: bool
    #: Every selected case, as a result that says it never ran; in order.
    selected: dict[str, CaseResult] = field(default_factory=dict)
    results: dict[str, CaseResult] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    started_at: str = field(
        default_factory=lambda: dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    )
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def start(cls, config: pytest.Config) -> WorkbookSession:
        """Read settings and problem files; no worker is started and nothing of the student's is touched."""
        settings = read_settings(config, builtin_root())
        kinds = load_kinds()
        workbook, problems = load_selected(settings, kinds)
        isolation = open_isolation(
            settings.isolation, needs(kinds, problems), hidden=settings.problem_sets
        )
        context = Context(
            salt=settings.salt,
            variant=settings.variant,
            examples=settings.examples,
            isolation=isolation,
        )
        grader = Grader(
            kinds,
            settings.submission,
            isolation,
            context,
            hints=settings.hints,
            rerun_options=settings.rerun_options,
        )
        return cls(settings, workbook, problems, grader, replaces_collection(config))

    def add_nodes(self, session: pytest.Session, report: pytest.CollectReport) -> None:
        """Put the problems' nodes behind (or, when only problems were asked for, in place of) the session's own."""
        if report.passed:
            own = [] if self.alone else report.result
            report.result = [*own, *make_nodes(session, self.problems, self.grader)]

    def note_selected(self, items: Iterable[pytest.Item]) -> None:
        """Remember what is going to run."""
        for item in items:
            if isinstance(item, CaseItem):
                blank = self._blank(item)
                self.selected[item.nodeid] = blank

    def note_result(self, report: pytest.TestReport) -> None:
        """Take a result from a report."""
        if record := getattr(report, "lm_result", None):
            result = self.results[report.nodeid] = CaseResult.from_json(record)
            if report.failed and isinstance(report.longrepr, str):
                # xdist sends texts only; with this the short summary and JUnit say the same with and without it.
                report.longrepr = FailureText(result)

    def note_worker(self, output: Mapping[str, Any]) -> None:
        """Take over what an xdist worker selected; all workers select the same."""
        for record in output.get(_SELECTED, ()):
            blank = CaseResult.from_json(record)
            self.selected.setdefault(blank.nodeid, blank)

    def finish(self, config: pytest.Config) -> bool:
        """Write the reports; an xdist worker hands over what it selected instead.

        Returns:
            False when a report could not be written.
        """
        if hasattr(config, "workeroutput"):
            config.workeroutput[_SELECTED] = [blank.to_json() for blank in self.selected.values()]
            return True
        if config.option.collectonly:
            return True  # nothing was graded: a report would say that nothing is right
        # Each is tried: one report that cannot be written must not keep the next from being.
        written = [self._write(name, path) for name, path in self.settings.reports]
        return all(written)

    def run_result(self) -> RunResult:
        """The result object; a selected case without a result is in it, with 0 points."""
        known = {**self.selected, **self.results}
        places = {
            f"{problem.id}::{case.name}": place
            for place, (problem, case) in enumerate(
                (problem, case) for problem in self.problems for case in self.grader.cases(problem)
            )
        }
        # In the workbook's order, whatever order the cases ran in.
        cases = [
            known[nodeid] for nodeid in sorted(known, key=lambda nodeid: places.get(nodeid, 0))
        ]
        return RunResult(
            version=__version__,
            workbook=self.settings.workbook,
            submission=str(self.settings.submission),
            variant=self.settings.variant,
            seed=self.settings.seed,
            isolation=self.grader.isolation.name,
            device="cpu",
            started_at=self.started_at,
            duration_s=time.perf_counter() - self.started,
            cases=tuple(cases),
        )

    def show_summary(self, reporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        from pytest_lmworkbook.report.terminal import render_summary

        if not self.results or reporter.config.option.collectonly:
            return
        reporter.ensure_newline()
        width, color = reporter._tw.fullwidth, reporter._tw.hasmarkup  # noqa: SLF001  # pytest offers no public way to either
        text = render_summary(
            self.run_result(),
            title=self.workbook.title,
            chapters=self.workbook.chapter_titles,
            width=width,
            color=color,
        )
        reporter.write(text)
        for line in (*self._explanations(), *self.written):
            reporter.write_line(line)

    def close(self) -> None:
        """End the workers."""
        self.grader.close()

    def _blank(self, item: CaseItem) -> CaseResult:
        problem = item.parent.problem
        spec = getattr(problem, "spec", None)
        return CaseResult(
            problem=problem.id,
            case=item.case.name,
            kind=spec.kind if spec else "",
            title=spec.title if spec else "",
            chapter=problem.chapter,
            verdict=Verdict.NOT_RUN,
            points=0.0,
            max_points=item.case.points,
            message="the run ended before this case had a result",
        )

    def _write(self, name: str, path: Path) -> bool:
        from pytest_lmworkbook.report.formats import write_report

        try:
            write_report(self.run_result(), name, path)
        except OSError as fault:
            self.written.append(f"ERROR: the {name} report could not be written to {path}: {fault}")
            return False
        self.written.append(f"{name} report: {path}")
        return True

    def _explanations(self) -> Iterable[str]:
        """With ``--lm-explain``: the explanation of every problem that was solved whole."""
        if not self.settings.explain:
            return
        for problem in self.problems:
            mine = [result for result in self.results.values() if result.problem == problem.id]
            if isinstance(problem, BrokenProblem) or not mine:
                continue
            if all(result.verdict is Verdict.ACCEPTED for result in mine):
                kind, spec = self.grader.kinds[problem.spec.kind], problem.spec
                text = kind.fill(problem, spec.explanation, self.settings.variant).strip()
                yield f"\n{problem.id}  {spec.title}\n{text}"


def needs(
    kinds: Mapping[str, Kind[Any]], problems: Iterable[Problem | BrokenProblem]
) -> frozenset[str]:
    """What workers must have imported for these problems."""
    found: frozenset[str] = frozenset()
    for problem in problems:
        spec = getattr(problem, "spec", None)
        if spec is not None:
            found |= kinds[spec.kind].needs
    return found


def open_isolation(tier: str, preload: frozenset[str], *, hidden: Iterable[Path] = ()) -> Isolation:
    """The tier by name; no worker is started yet, but a sandbox is tried out.

    Args:
        tier: One of `settings.ISOLATIONS`.
        preload: Libraries that workers need.
        hidden: Folders of problem sets, which a sandbox does not show.

    Raises:
        pytest.UsageError: No sandbox works here; nothing weaker takes its place.
    """
    if tier == "none":
        from pytest_lmworkbook.judge.in_process import InProcessIsolation

        return InProcessIsolation()
    if tier == "sandbox":
        import pytest

        from pytest_lmworkbook.judge.sandbox.choose import open_sandbox

        try:
            return open_sandbox(preload, hidden=hidden)
        except JudgeError as fault:
            raise pytest.UsageError(str(fault)) from fault
    from pytest_lmworkbook.judge.process import ProcessIsolation

    return ProcessIsolation(preload=preload)
