"""From a problem and a case to a `CaseResult`: points, dependencies between cases, and whose fault it was.

The only place where outcomes become results. Nothing of pytest: the plugin, the batch runner and `verify` all
grade through here.
"""

from __future__ import annotations

import time
import traceback
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from pytest_lmworkbook.errors import SubmissionFault
from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.submission import Isolation, Submission, SubmissionSpec
from pytest_lmworkbook.judge.verdict import CaseResult, Verdict
from pytest_lmworkbook.kinds.base import Case, Context, Kind, Outcome
from pytest_lmworkbook.problem.diagnostics import render_diagnostics
from pytest_lmworkbook.problem.load import BrokenProblem
from pytest_lmworkbook.report.failure import render_failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from pytest_lmworkbook.problem.model import Problem

#: The one case of a problem file that cannot be used.
BROKEN_CASE = "problem-file"

#: A case whose base ended so is not run: it would only crash, hang or miss the stub again.
_ENDS_IT = frozenset(
    {
        Verdict.WRONG_ANSWER,
        Verdict.CRASHED,
        Verdict.TIMED_OUT,
        Verdict.OUT_OF_MEMORY,
        Verdict.NOT_RUN,
    }
)


@dataclass
class Grader(AbstractContextManager["Grader"]):
    """Grades the cases of one submission, one at a time, in any order.

    Attributes:
        kinds: Kind name to kind.
        root: The submission's folder.
        isolation: The tier that runs the submission.
        hints: How many hints to show with a failure.
        rerun_options: What a rerun needs besides the problem's id: an own problem set, a variant, a salt.
        independent: Whether cases are judged even when one that they wait for failed, as `verify` wants it.
    """

    kinds: Mapping[str, Kind[Any]]
    root: Path
    isolation: Isolation
    context: Context
    limits: Limits = field(default_factory=Limits)
    hints: int = 0
    rerun_options: tuple[str, ...] = ()
    independent: bool = False
    _submissions: dict[str, Submission] = field(default_factory=dict)
    _results: dict[str, CaseResult] = field(default_factory=dict)
    #: The student's exception behind the latest result, for the debugger.
    last_fault: SubmissionFault | None = None

    def cases(self, problem: Problem | BrokenProblem) -> tuple[Case, ...]:
        """The graded items of a problem; a broken file is one item."""
        if isinstance(problem, BrokenProblem):
            return (Case(BROKEN_CASE, problem.points),)
        return self.kinds[problem.spec.kind].cases(problem)

    def grade(self, problem: Problem | BrokenProblem, case: Case) -> CaseResult:
        """Grade one case; a case that it depends on is graded first, once. Never raises for a fault of anybody."""
        self.last_fault = None
        started = time.perf_counter()
        if isinstance(problem, BrokenProblem):
            return _broken_result(problem, case)
        if (known := self._results.get(f"{problem.id}::{case.name}")) is not None:
            return known
        outcome = self._after_its_base(problem, case) or self._judge(problem, case)
        result = self._result(problem, case, outcome, time.perf_counter() - started)
        self._results[result.nodeid] = result
        return result

    def _after_its_base(self, problem: Problem, case: Case) -> Outcome | None:
        """An outcome when the case that this one depends on has decided it."""
        base = next((one for one in self.cases(problem) if one.name == case.depends_on), None)
        if base is None or self.independent:
            return None
        result = self.grade(problem, base)
        if result.verdict in _ENDS_IT:
            return Outcome(
                verdict=Verdict.NOT_RUN,
                message=f"waits for {base.name} ({_words(result.verdict)})",
            )
        if result.verdict is Verdict.ACCEPTED:
            return None
        return Outcome(verdict=result.verdict, message=result.message)

    def _judge(self, problem: Problem, case: Case) -> Outcome:
        kind = self.kinds[problem.spec.kind]
        if missing := sorted(name for name in kind.needs if find_spec(name) is None):
            return Outcome(
                verdict=Verdict.NOT_RUN,
                message=f"needs {', '.join(missing)}, which is not installed here: see lmworkbook doctor",
            )
        try:
            return kind.grade(problem, case, self._submission(problem), self.context)
        except SubmissionFault as fault:
            self.last_fault = fault
            return Outcome(
                verdict=fault.verdict, reason=fault.reason, message=fault.message, trace=fault.trace
            )
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is ours, and the other cases go on
            self._close(problem.id)
            trace = "".join(traceback.format_exception(fault))
            return Outcome(
                verdict=Verdict.JUDGE_ERROR,
                message=f"a fault of the grader or of the problem, not of the submission: {fault}",
                trace=trace,
            )

    def _submission(self, problem: Problem) -> Submission:
        """The worker for a problem; only one is alive at a time, so that memory stays bounded."""
        if problem.id not in self._submissions:
            for other in list(self._submissions):
                self._close(other)
            kind = self.kinds[problem.spec.kind]
            spec = SubmissionSpec(
                root=self.root,
                modules=(problem.module,),
                needs=kind.needs,
                environment=kind.environment(),
                forbid=getattr(problem.spec, "forbid", ()),
                limits=self.limits,
            )
            self._submissions[problem.id] = self.isolation.open(spec)
        return self._submissions[problem.id]

    def _close(self, problem: str) -> None:
        if submission := self._submissions.pop(problem, None):
            submission.close()

    def _result(
        self, problem: Problem, case: Case, outcome: Outcome, duration_s: float
    ) -> CaseResult:
        spec = problem.spec
        accepted = outcome.verdict is Verdict.ACCEPTED
        result = CaseResult(
            problem=problem.id,
            case=case.name,
            kind=spec.kind,
            title=spec.title,
            chapter=problem.chapter,
            verdict=outcome.verdict,
            reason=outcome.reason,
            points=case.points if accepted else 0.0,
            max_points=case.points,
            message=outcome.message,
            expected=outcome.expected,
            actual=outcome.actual,
            counterexample=outcome.counterexample,
            mistake=outcome.mistake,
            hints=self._hints(problem, outcome),
            metrics=dict(outcome.metrics),
            duration_s=round(duration_s, 4),
        )
        return (
            result
            if not result.verdict.is_failure
            else _with_detail(result, outcome, self._output(problem), self.rerun_options)
        )

    def _hints(self, problem: Problem, outcome: Outcome) -> tuple[str, ...]:
        if outcome.verdict in {Verdict.ACCEPTED, Verdict.JUDGE_ERROR}:
            return ()
        kind = self.kinds[problem.spec.kind]
        shown = problem.spec.hints[: self.hints]
        return tuple(kind.fill(problem, hint, self.context.variant).strip() for hint in shown)

    def _output(self, problem: Problem) -> str:
        submission = self._submissions.get(problem.id)
        return submission.output() if submission else ""

    def end_submissions(self) -> None:
        """End the worker; the tier stays up for others."""
        for problem in list(self._submissions):
            self._close(problem)

    def close(self) -> None:
        """End the worker and what the tier keeps."""
        self.end_submissions()
        self.isolation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _broken_result(problem: BrokenProblem, case: Case) -> CaseResult:
    text = render_diagnostics(problem.diagnostics)
    count = len(problem.diagnostics)
    return CaseResult(
        problem=problem.id,
        case=case.name,
        kind="",
        chapter=problem.chapter,
        verdict=Verdict.JUDGE_ERROR,
        points=0.0,
        max_points=case.points,
        message=f"the problem file has {count} fault" + ("" if count == 1 else "s"),
        detail=text,
    )


def _with_detail(
    result: CaseResult, outcome: Outcome, output: str, rerun_options: Sequence[str]
) -> CaseResult:
    text = render_failure(
        result,
        evidence=outcome.evidence,
        trace=outcome.trace,
        output=output,
        rerun_options=rerun_options,
    )
    return replace(result, detail=text)


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")
