"""Tier ``process``: each submission in a worker process of its own, with limits.

Survives loops, crashes, ``os._exit`` and memory hogs. It is no sandbox: student code can read what the
user can read. The judge never imports it, and never unpickles anything.
"""

from __future__ import annotations

import signal
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge import answers
from pytest_lmworkbook.judge.connection import (
    OutputTail,
    WorkerConnection,
    WorkerEndedError,
    WorkerLateError,
)
from pytest_lmworkbook.judge.launch import ServerEndedError, ServerProcess
from pytest_lmworkbook.judge.limits import KIB
from pytest_lmworkbook.judge.protocol import Frame, ProtocolError
from pytest_lmworkbook.judge.stuck import find_place
from pytest_lmworkbook.judge.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Found, Returned, SubmissionSpec
    from pytest_lmworkbook.judge.walls import Walls

#: A worker's first answer needs no student code; only a starved machine takes this long.
_OPEN_S = 60.0


class ProcessSubmission:
    """A submission in a worker process, which is replaced when it dies or hangs."""

    def __init__(self, isolation: ProcessIsolation, spec: SubmissionSpec) -> None:
        self.isolation = isolation.name
        self._tier = isolation
        self._spec = spec
        self._root = spec.root.resolve()
        self._output = OutputTail(spec.limits.output_kib * KIB)
        self._spent_s = 0.0
        self._calls = 0
        self._hopeless: SubmissionFault | None = None
        self.is_closed = False
        self._connection: WorkerConnection | None = self._connect()

    def look(self, entry: str) -> Found:
        """See `Submission.look`."""
        limits = self._spec.limits
        frame = self._ask(entry, {"do": "look", "entry": entry}, (), limits.import_s)
        try:
            return answers.read_found(entry, frame.header, frame.blobs, limits)
        except ProtocolError as error:
            raise self._forged(entry, error) from error

    def call(
        self,
        entry: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] = MappingProxyType({}),
        *,
        keep: Sequence[str | int] = (),
    ) -> Returned:
        """See `Submission.call`."""
        limits = self._spec.limits
        request, inputs = answers.call_request(entry, args, kwargs, keep, limits)
        frame = self._ask(entry, request, inputs, limits.call_s)
        try:
            return answers.read_returned(entry, keep, frame.header, frame.blobs, limits)
        except ProtocolError as error:
            raise self._forged(entry, error) from error

    def output(self) -> str:
        """See `Submission.output`; complete once the submission is closed."""
        return self._output.text()

    def close(self) -> None:
        """End the worker and whatever it left behind."""
        self.is_closed = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> WorkerConnection:
        connection = self._tier.connect(self._spec, self._output)
        try:
            connection.ask(answers.open_request(self._spec), (), timeout_s=_OPEN_S)
        except (WorkerEndedError, WorkerLateError, ProtocolError) as error:
            connection.close()
            said = self._output.text()
            raise JudgeError(f"a worker could not open {self._root}: {error}\n{said}") from error
        return connection

    def _ask(
        self, entry: str, request: dict[str, object], inputs: Sequence[bytes], limit_s: float
    ) -> Frame:
        if self._hopeless is not None:
            raise self._hopeless
        left_s = self._spec.limits.total_s - self._spent_s
        if left_s <= 0:
            raise self._out_of_time(entry)
        self._calls += 1
        for _ in range(2):  # the fork server may be killed from outside once; twice is no accident
            started = time.monotonic()
            try:
                # A submission that makes us start over pays for it: otherwise it could take any time it likes.
                if self._connection is None:
                    self._connection = self._connect()
                return self._connection.ask(request, inputs, timeout_s=min(limit_s, left_s))
            except WorkerLateError as late:
                raise self._late(entry, late, min(limit_s, left_s), limit_s) from late
            except ProtocolError as error:
                raise self._forged(entry, error) from error
            except WorkerEndedError as ended:
                self._connection = None
                if ended.status:
                    raise self._crashed(entry, ended) from ended
            finally:
                self._spent_s += time.monotonic() - started
        words = f"the server that starts workers was killed each time that {entry} ran. Does the code send signals?"
        self._hopeless = SubmissionFault(Verdict.CRASHED, words)
        raise self._hopeless

    def _late(
        self, entry: str, late: WorkerLateError, waited_s: float, limit_s: float
    ) -> SubmissionFault:
        self._disconnect()
        place = find_place(late.dump, self._root)
        where = f" It was at {place.at}: `{place.source}`." if place.at else ""
        if waited_s < limit_s:
            fault = self._out_of_time(entry)
            words = f"{fault.message}{where}"
        else:
            words = (
                f"{entry} did not finish within {limit_s:g} s, the limit for one call.{where} "
                "Check what ends the loop there, or how the work grows with the input."
            )
        return SubmissionFault(Verdict.TIMED_OUT, words, trace=place.trace)

    def _out_of_time(self, entry: str) -> SubmissionFault:
        words = (
            f"{entry} used up the {self._spec.limits.total_s:g} s that one problem may take, "
            f"over {self._calls} call{'s' * (self._calls != 1)}."
        )
        return SubmissionFault(Verdict.TIMED_OUT, words)

    def _crashed(self, entry: str, ended: WorkerEndedError) -> SubmissionFault:
        place = find_place(ended.dump, self._root)
        where = f" at {place.at}: `{place.source}`" if place.at else ""
        verdict, words = self._limit_passed(entry, ended)
        if verdict is None and self._ran_out_of_memory(ended):
            verdict = Verdict.OUT_OF_MEMORY
            words = (
                f"{entry} needed more memory than there is{where}; the limit is "
                f"{self._spec.limits.memory_mib:,} MiB. The process was ended ({_words(ended.status)})."
            )
        elif verdict is None:
            verdict = Verdict.CRASHED
            words = f"{entry} ended its process{where}: {_words(ended.status)}."
        return SubmissionFault(verdict, words, trace=place.trace)

    def _limit_passed(self, entry: str, ended: WorkerEndedError) -> tuple[Verdict | None, str]:
        """The limit for which the server or the kernel killed the worker."""
        limits = self._spec.limits
        kind, _, number = ended.over.partition(" ")
        count = int(number) if number.isdigit() else 0
        if kind == "memory":
            words = (
                f"{entry} and the processes that it started used {count:,} MiB of memory together; "
                f"the limit is {limits.memory_mib:,} MiB."
            )
            return Verdict.OUT_OF_MEMORY, words
        if kind == "processes":
            words = (
                f"{entry} had {count:,} processes and threads at a time; the limit is "
                f"{limits.processes:,}. Does it start one per element, or fork in a loop?"
            )
            return Verdict.CRASHED, words
        if kind == "disk":
            words = (
                f"{entry} wrote {count:,} MiB of temporary files; the limit is {limits.disk_mib:,} MiB for all of "
                "them together. Is a file written once per step and never removed?"
            )
            return Verdict.CRASHED, words
        if ended.status == f"signal {int(signal.SIGXCPU)}":
            words = (
                f"{entry} used up the {limits.cpu_s:,} s of processor time that one process may use, "
                "all its threads together."
            )
            return Verdict.TIMED_OUT, words
        return None, ""

    def _ran_out_of_memory(self, ended: WorkerEndedError) -> bool:
        if ended.status == f"signal {int(signal.SIGKILL)}":
            return ended.for_memory
        aborted = ended.status == f"signal {int(signal.SIGABRT)}"
        return aborted and "std::bad_alloc" in self._output.text()

    def _forged(self, entry: str, error: ProtocolError) -> SubmissionFault:
        self._disconnect()
        words = (
            f"{entry} sent the judge something that is not an answer ({error}). "
            "Does the code write to files or sockets that it did not open?"
        )
        return SubmissionFault(Verdict.CRASHED, words)


class ProcessIsolation:
    """Tier ``process``; also the body of any tier that puts the fork server into a box.

    Args:
        preload: Libraries to import before the first submission needs them: ``torch``, ``triton``.
        walls: What a sandbox puts around the fork server.
        name: How reports name the tier.
        within: Where the server's private folder goes.
    """

    def __init__(
        self,
        *,
        preload: Collection[str] = (),
        walls: Walls | None = None,
        name: str = "process",
        within: Path | None = None,
    ) -> None:
        self.name = name
        self._preload = frozenset(preload)
        self._walls = walls
        self._within = within
        self._server: ServerProcess | None = None
        self._workers = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the fork server and return at once; it imports while the judge does."""
        self._started()

    def open(self, spec: SubmissionSpec) -> ProcessSubmission:
        """Fork a worker for one submission; the first waits for the server's imports."""
        return ProcessSubmission(self, spec)

    def close(self) -> None:
        """End the fork server, every worker, and remove their files."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def connect(self, spec: SubmissionSpec, output: OutputTail) -> WorkerConnection:
        """Fork a worker, on a fresh server when the old one is gone.

        Raises:
            JudgeError: No server starts, or it cannot fork.
        """
        log = ""
        for _ in range(2):
            server = self._started()
            try:
                return self._fork(server, spec, output)
            except ServerEndedError:
                log = server.log()
                server.abandon()
                self._server = None
        raise JudgeError(f"the fork server ends as soon as it starts:\n{log}")

    def _started(self) -> ServerProcess:
        if self._server is None:
            self._server = ServerProcess(
                preload=self._preload, walls=self._walls, within=self._within
            )
        return self._server

    def _fork(
        self, server: ServerProcess, spec: SubmissionSpec, output: OutputTail
    ) -> WorkerConnection:
        self._workers += 1
        return WorkerConnection(
            server,
            self._workers,
            needs=spec.needs,
            limits={
                "memory_mib": spec.limits.memory_mib,
                "file_mib": spec.limits.file_mib,
                "result_mib": spec.limits.result_mib,
                "disk_mib": spec.limits.disk_mib,
                "cpu_s": spec.limits.cpu_s,
                "processes": spec.limits.processes,
                "open_files": spec.limits.open_files,
            },
            output=output,
            bounds=answers.bounds_of(spec.limits),
        )


def _words(status: str) -> str:
    kind, _, number = status.partition(" ")
    if kind == "signal" and number.isdigit():
        try:
            return f"signal {signal.Signals(int(number)).name}"
        except ValueError:
            return f"signal {number}"
    if kind == "exit":
        return f"it called os._exit({number}), or a library did"
    return "it closed its connection to the judge"
