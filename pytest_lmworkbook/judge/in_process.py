"""Tier ``none``: the submission runs in the judge's own process, for debuggers and prints.

No limit holds and nothing is hidden. Values still go through the wire format, so that a submission sees
the same inputs, and the judge the same results, as in every other tier.
"""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import SubmissionFault
from pytest_lmworkbook.judge import answers
from pytest_lmworkbook.judge.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_lmworkbook.judge.submission import Found, Returned, SubmissionSpec


class InProcessSubmission:
    """A submission in this process."""

    isolation = "none"

    def __init__(self, spec: SubmissionSpec) -> None:
        self._spec = spec
        self._root = spec.root.resolve()
        self._limits = spec.limits
        self._worker = Worker(bounds=answers.bounds_of(spec.limits))
        self._worker.handle(answers.open_request(spec), ())

    def look(self, entry: str) -> Found:
        """See `Submission.look`."""
        header, blobs = self._ask({"do": "look", "entry": entry}, ())
        with self._keeping_the_cause():
            return answers.read_found(entry, header, blobs, self._limits)

    def call(
        self,
        entry: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] = MappingProxyType({}),
        *,
        keep: Sequence[str | int] = (),
    ) -> Returned:
        """See `Submission.call`; the student's exception is the fault's ``__cause__``."""
        request, inputs = answers.call_request(entry, args, kwargs, keep, self._limits)
        header, blobs = self._ask(request, inputs)
        with self._keeping_the_cause():
            return answers.read_returned(entry, keep, header, blobs, self._limits)

    def output(self) -> str:
        """Nothing: prints go where the judge's own go."""
        return ""

    def close(self) -> None:
        """Forget the submission's modules, path and environment."""
        self._worker.close()

    def _ask(
        self, request: dict[str, object], inputs: Sequence[bytes]
    ) -> tuple[dict[str, object], Sequence[bytes]]:
        with contextlib.chdir(self._root):
            answer = self._worker.handle(request, inputs)
        failure = self._worker.failure
        if failure is not None and _is_the_users(failure):
            raise failure
        return answer

    @contextlib.contextmanager
    def _keeping_the_cause(self) -> Iterator[None]:
        try:
            yield
        except SubmissionFault as fault:
            raise fault from self._worker.failure


class InProcessIsolation:
    """Tier ``none``."""

    name = "none"

    def start(self) -> None:
        """Nothing to prepare."""

    def open(self, spec: SubmissionSpec) -> InProcessSubmission:
        """Open a submission in this process; close it before the next is opened."""
        return InProcessSubmission(spec)

    def close(self) -> None:
        """Nothing to end."""


def _is_the_users(failure: BaseException) -> bool:
    """Whether a person at the keyboard, rather than the code, ended the call: Ctrl-C, or quitting pdb."""
    return isinstance(failure, KeyboardInterrupt) or type(failure).__name__ in ("BdbQuit", "Exit")
