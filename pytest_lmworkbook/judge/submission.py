"""What the judge sees of a submission, and of the isolation tier that runs it.

Each tier is one module that implements both protocols; nothing else in the judge knows which tier it
talks to, and nothing here knows how one works.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from pytest_lmworkbook.judge.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

State: TypeAlias = Literal["missing", "stub", "value", "function"]
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSpec:
    """Which submission to open, and how.

    Attributes:
        root: The student's repository.
        modules: Dotted names in which an entry is looked up, in order: ``("lm.ch04",)``.
        needs: Libraries to have imported before the worker starts: ``torch``, ``triton``.
        environment: Set in the worker before any student import.
        forbid: Torch functions that a call may not use: ``softmax``, or ``torch.Tensor.softmax``.
        limits: Bounds for everything that is run through this submission.
        is_ours: The code is ours, not a student's: it is kept apart from what students can reach.
    """

    root: Path
    modules: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    forbid: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What an entry is.

    Attributes:
        state: ``missing`` (no such file or name), ``stub`` (untouched), ``function`` (anything callable)
            or ``value``.
        value: The value, when it is one; `protocol.Opaque` for what cannot be sent.
        detail: What is missing, or the module that has the entry.
    """

    state: State
    value: object = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a call gave back.

    Attributes:
        value: The returned value, elements and shape only; `protocol.Opaque` for what cannot be sent.
        kept: The arguments named by ``keep`` as the call left them, by keyword or position.
    """

    value: object
    kept: Mapping[str | int, object] = field(default_factory=dict)


class Submission(Protocol):
    """One opened submission; used by one problem, then closed."""

    #: The tier that really runs it, as reports name it.
    isolation: str

    def look(self, entry: str) -> Found:
        """Say what an entry is.

        Raises:
            SubmissionFault: Importing it raised, hung, or took too much.
        """
        ...

    def call(
        self,
        entry: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] = MappingProxyType({}),
        *,
        keep: Sequence[str | int] = (),
    ) -> Returned:
        """Call an entry.

        Args:
            entry: Name in one of the submission's modules.
            args: Positional arguments.
            kwargs: Keyword arguments.
            keep: Arguments whose value after the call is wanted: keywords or positions.

        Raises:
            SubmissionFault: No answer: a stub, an exception, a limit, a dead process.
            JudgeError: Our own fault.
        """
        ...

    def output(self) -> str:
        """What the submission printed so far, cut at ``Limits.output_kib``."""
        ...

    def close(self) -> None:
        """End the worker and whatever it left behind."""
        ...


@runtime_checkable
class Isolation(Protocol):
    """One tier; opened once per run."""

    name: str

    def start(self) -> None:
        """Begin to prepare, without waiting."""
        ...

    def open(self, spec: SubmissionSpec) -> Submission:
        """Prepare a worker for one submission; student code runs at the first look or call."""
        ...

    def close(self) -> None:
        """End every process and remove every file of the tier."""
        ...
