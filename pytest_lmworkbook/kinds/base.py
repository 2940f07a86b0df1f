"""What a kind of problem is: the interface that every kind implements, ours and other packages' alike.

A kind reads its keys from YAML (`spec`), says which cases a problem has, judges one case of one submission, and
writes the stub that a student fills. It sees the submission only through `judge.submission.Submission`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.problem.model import Problem, ProblemSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Isolation, Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source

S = TypeVar("S", bound=ProblemSpec)


@dataclass(frozen=True, slots=True)
class Case:
    """One graded item of a problem.

    Attributes:
        name: Unique within the problem; the end of the pytest nodeid.
        points: Share of the problem's points.
        depends_on: Name of a case without which this one says nothing new; it is graded first.
    """

    name: str
    points: float
    depends_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What judging one case came to, before points are given."""

    verdict: Verdict
    reason: Reason | None = None
    #: One line: what is wrong.
    message: str = ""
    #: Further lines of the failure text, in order.
    evidence: tuple[str, ...] = ()
    expected: str = ""
    actual: str = ""
    counterexample: str = ""
    #: The sentence of the recognised mistake.
    mistake: str = ""
    #: The student's own traceback.
    trace: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


ACCEPTED = Outcome(verdict=Verdict.ACCEPTED)
NOT_ATTEMPTED = Outcome(verdict=Verdict.NOT_ATTEMPTED, message="not attempted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What judging may depend on besides problem and submission.

    Attributes:
        salt: Every drawn example follows from it: same salt, same examples, on every machine.
        variant: Name that redraws inputs and option orders; empty for the book's own.
        examples: Drawn inputs per property.
        shrink: Whether to look for the smallest failing input; `verify` only asks whether there is one.
        isolation: Where our own kernels run, for a diagnosis; None when nothing may be started.
    """

    salt: str = "public"
    variant: str = ""
    examples: int = 60
    shrink: bool = True
    isolation: Isolation | None = None

    def seed(self, problem: Problem, case: str) -> int:
        """The seed of one case's examples: H(salt, problem, case)."""
        text = "\0".join((self.salt, problem.id, case)).encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A known submission to one problem, and what grading it must come to; `verify` grades them all.

    Attributes:
        role: ``reference``, ``accepted``, ``mistake`` or ``junk``.
        name: What it is, for the report of `verify`.
        values: The chapter module's names, as a student would have written them.
        source: Instead of values, the text of a chapter module (kernels have to be compiled from a file).
        says: The sentence that a mistake must be answered with; empty for any answer.
        caught_by: The case that must notice a mistake; empty for any.
    """

    role: str
    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
    says: str = ""
    caught_by: str = ""


class Kind(ABC, Generic[S]):
    """One kind of problem."""

    name: ClassVar[str]
    #: What a worker must have imported before it is forked: "torch", "triton".
    needs: ClassVar[frozenset[str]] = frozenset()

    @property
    @abstractmethod
    def spec(self) -> type[S]:
        """The model of the kind's YAML."""

    @abstractmethod
    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """The graded items; their points add up to the problem's."""

    @abstractmethod
    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:
        """Judge one case.

        Raises:
            SubmissionFault: The submission gave no answer; the caller makes an outcome of it.
            Exception: Anything else is a fault of ours.
        """

    @abstractmethod
    def stub(self, problem: Problem, variant: str) -> str:
        """The lines of the student's chapter module for this problem."""

    @abstractmethod
    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """Known submissions, right and wrong, for `verify`."""

    def entries(self, problem: Problem) -> tuple[str, ...]:
        """The names that a student fills for this problem."""
        return (problem.spec.entry,)

    def environment(self) -> Mapping[str, str]:
        """Variables that the worker must have before it imports the submission."""
        return {}

    def check(
        self, source: Source, root: Path
    ) -> Iterable[Diagnostic]:  # most kinds have nothing to add
        """Faults of a file that its model cannot see."""
        return ()

    def audit(self, problem: Problem) -> Iterable[str]:  # most kinds have nothing to add
        """Faults of a problem that only computing can find, such as a published number that is wrong."""
        return ()

    def answer(
        self, problem: Problem, variant: str
    ) -> Mapping[str, Any] | None:  # only numeric kinds answer
        """The answer for instructors, plain JSON; None where there is no short one."""
        return None

    def prompt(self, problem: Problem, variant: str) -> str:  # most prompts have no variants
        """The question as a student reads it."""
        return problem.spec.prompt

    def fill(
        self, problem: Problem, text: str, variant: str
    ) -> str:  # most texts have nothing to fill
        """A hint or an explanation with its numbers filled in."""
        return text


def share(points: float, parts: int) -> float:
    """Equal shares of a problem's points."""
    return points / parts
