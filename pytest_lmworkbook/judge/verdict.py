"""What a case and a run came to: verdicts, reasons, and the one result object that every report reads.

Knows nothing of pytest, of problems' models, or of how a verdict was reached.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any, Self

SCHEMA = "lmworkbook/result/v1"


class Verdict(enum.Enum):
    """The outcome of one case; the values are the words of the JSON report."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    #: The stub is untouched.
    NOT_ATTEMPTED = "not_attempted"
    #: A case it depends on failed, or something that it needs is missing on this machine.
    NOT_RUN = "not_run"
    #: Our own fault.
    JUDGE_ERROR = "judge_error"

    @property
    def is_failure(self) -> bool:
        """Whether a run with this verdict must not exit with status 0."""
        return self not in _HARMLESS


_HARMLESS = frozenset({Verdict.ACCEPTED, Verdict.NOT_ATTEMPTED, Verdict.NOT_RUN})


class Reason(enum.Enum):
    """Why an answer is wrong, in the order in which answers are checked."""

    STRUCTURE = "structure"
    SHAPE = "shape"
    DTYPE = "dtype"
    NOT_FINITE = "not_finite"
    VALUE = "value"
    UNIT = "unit"
    MUTATED_INPUT = "mutated_input"
    NOT_DETERMINISTIC = "not_deterministic"
    FORBIDDEN = "forbidden"
    PROPERTY = "property"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What one case came to. All text is ready to print; all values are plain JSON.

    Attributes:
        problem: Problem id, ``lm/4.1``.
        case: Case name within the problem, ``value``.
        message: One line that says what is wrong, or why the case was not run; empty when accepted.
        expected: What the reference gives on the counterexample, as text.
        actual: What the submission gave, as text.
        counterexample: The smallest failing input, as lines to paste into a REPL.
        mistake: The sentence of the known mistake that the submission makes, if one was recognised.
        hints: The hints that were asked for.
        detail: The full failure text as the terminal shows it.
        metrics: Numbers worth keeping (examples tried, worst error, ...).
        duration_s: Wall-clock time spent on the case.
    """

    problem: str
    case: str
    kind: str
    verdict: Verdict
    points: float
    max_points: float
    title: str = ""
    chapter: str = ""
    reason: Reason | None = None
    message: str = ""
    expected: str = ""
    actual: str = ""
    counterexample: str = ""
    mistake: str = ""
    hints: tuple[str, ...] = ()
    detail: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    duration_s: float = 0.0

    @property
    def nodeid(self) -> str:
        """The case's name in pytest: ``lm/4.1::value``."""
        return f"{self.problem}::{self.case}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types only; `from_json` gives the same object back."""
        record = asdict(self)
        record["verdict"] = self.verdict.value
        record["reason"] = self.reason.value if self.reason else None
        record["hints"] = list(self.hints)
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        reason = record["reason"]
        return cls(
            **{
                **record,
                "verdict": Verdict(record["verdict"]),
                "reason": Reason(reason) if reason else None,
                "hints": tuple(record["hints"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run over one submission: the object behind every report.

    Attributes:
        seed: The salt of the drawn examples; None when it is secret.
        isolation: The tier that really ran: ``none``, ``process`` or ``sandbox:...``.
        device: What kernels ran on: ``cpu`` or the GPU's name.
    """

    version: str
    workbook: str
    submission: str
    variant: str
    seed: str | None
    isolation: str
    device: str
    started_at: str
    duration_s: float
    cases: tuple[CaseResult, ...]

    @property
    def points(self) -> float:
        """Points earned, rounded so that sums of halves and thirds compare equal in every report."""
        return round(sum(case.points for case in self.cases), 6)

    @property
    def max_points(self) -> float:
        """Points that could be earned in this run."""
        return round(sum(case.max_points for case in self.cases), 6)

    def to_json(self) -> dict[str, Any]:
        """The JSON report, schema ``lmworkbook/result/v1``."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "workbook": self.workbook,
            "submission": self.submission,
            "variant": self.variant,
            "seed": self.seed,
            "isolation": self.isolation,
            "device": self.device,
            "points": self.points,
            "max_points": self.max_points,
            "started_at": self.started_at,
            "duration_s": round(self.duration_s, 3),
            "cases": [case.to_json() for case in self.cases],
        }
