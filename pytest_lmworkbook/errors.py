"""Every exception that the package raises on purpose.

    LMWorkbookError
    ├── ProblemFileError    a problem file is wrong; carries all its diagnostics
    ├── SubmissionFault     the student's code crashed, hung, ate the memory, or is not there yet
    └── JudgeError          our own fault: never the student's, never points lost, always a non-zero exit

This module is the left end of the import order: it imports nothing of ours at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_lmworkbook.judge.verdict import Reason, Verdict
    from pytest_lmworkbook.problem.diagnostics import Diagnostic


class LMWorkbookError(Exception):
    """Base of all exceptions of this package."""


class ProblemFileError(LMWorkbookError):
    """A problem file cannot be used; ``diagnostics`` holds every fault, sorted by position."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(f"{len(self.diagnostics)} fault(s) in a problem file")


class SubmissionFault(LMWorkbookError):
    """The submission gave no answer that could be judged.

    Attributes:
        verdict: NOT_ATTEMPTED, CRASHED, TIMED_OUT or OUT_OF_MEMORY; WRONG_ANSWER for a forbidden call.
        message: One or two sentences: which limit, how far, where.
        trace: The student's own traceback, without frames of ours; empty when there is none.
        reason: Why an answer is wrong.
    """

    def __init__(
        self, verdict: Verdict, message: str, *, trace: str = "", reason: Reason | None = None
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.trace = trace
        self.reason = reason


class JudgeError(LMWorkbookError):
    """A fault of the judge or of a problem: a reference that raises, a dead fork server."""
