"""The judge's connection to one worker process: ask, with a deadline, and learn how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import kills_for_memory
from pytest_lmworkbook.judge.protocol import (
    Bounds,
    ConnectionEndedError,
    Frame,
    FrameReader,
    ProtocolError,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_lmworkbook.judge.launch import ServerProcess

_PIPE_READ = 1 << 16
_MOST_DUMP = 1 << 18
#: A hanging worker answers a request for its stack within milliseconds, unless the machine is busy.
_DUMP_FIRST_S, _DUMP_REST_S = 1.0, 0.05
#: The server hunts a worker's leftovers for up to 3 s before it reports the end.
_END_S = 5.0


class WorkerLateError(Exception):
    """No answer in time; ``dump`` says where the worker's threads were."""

    def __init__(self, dump: str) -> None:
        super().__init__("no answer in time")
        self.dump = dump


class WorkerEndedError(Exception):
    """The worker process is gone.

    Attributes:
        status: ``exit N``, ``signal N``, or empty when the fork server went with it.
        over: ``memory MIB``, ``processes COUNT`` or ``disk MIB`` where the server killed it for that.
        dump: What `faulthandler` wrote on the way, if anything.
        for_memory: Whether the kernel has killed processes for memory since the worker started.
    """

    def __init__(self, status: str, dump: str, *, for_memory: bool) -> None:
        super().__init__(status or "the fork server ended")
        words = status.split()
        self.status = " ".join(words[:2])
        self.over = " ".join(words[2:])
        self.dump = dump
        self.for_memory = for_memory


class OutputTail:
    """The first bytes that a pipe brings; the rest is read and dropped, so that no print blocks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self._dropped = 0

    def drain(self, descriptor: int) -> bool:
        """Read what is there now, up to a bound; whether more may come."""
        for _ in range(64):  # an endless print must not hold the judge here
            try:
                data = os.read(descriptor, _PIPE_READ)
            except BlockingIOError:
                return True
            if not data:
                return False
            room = self._most - len(self._kept)
            self._kept += data[:room]
            self._dropped += max(0, len(data) - room)
        return True

    def text(self) -> str:
        """What was kept, and how much was not."""
        text = self._kept.decode("utf-8", "replace")
        if self._dropped:
            text += (
                f"\n[output cut after {self._most:,} bytes; {self._dropped:,} more were dropped]\n"
            )
        return text


class WorkerConnection:
    """One worker process and the four descriptors that lead to it.

    Args:
        server: The fork server.
        number: The worker's name there.
        needs: Libraries that the server imports first.
        limits: What the server and the worker enforce; see `process`.
        output: Collects what the worker prints.
        bounds: The most to accept in an answer.
    """

    def __init__(
        self,
        server: ServerProcess,
        number: int,
        *,
        needs: Collection[str],
        limits: dict[str, int],
        output: OutputTail,
        bounds: Bounds,
    ) -> None:
        self._server = server
        self._number = number
        self._output = output
        self._asked = 0
        self._kills = kills_for_memory()
        self._sock, theirs = socket.socketpair()
        (self._printed, out), (self._trace, trace), (self._status, status) = (
            os.pipe() for _ in range(3)
        )
        try:
            descriptors = [theirs.fileno(), out, trace, status]
            server.fork(number, needs=needs, limits=limits, descriptors=descriptors)
        except BaseException:
            self._release()
            raise
        finally:
            theirs.close()
            for descriptor in (out, trace, status):
                os.close(descriptor)
        for descriptor in (self._printed, self._trace, self._status):
            os.set_blocking(descriptor, False)
        self._reader = FrameReader(self._sock, bounds=bounds)
        self._poll = select.poll()
        for descriptor in (self._sock.fileno(), self._printed, self._status):
            self._poll.register(descriptor, select.POLLIN)

    def ask(self, header: dict[str, object], blobs: Sequence[bytes], *, timeout_s: float) -> Frame:
        """Send a request and wait for its answer.

        Raises:
            WorkerLateError: No answer in time. The worker still runs: close the connection.
            WorkerEndedError: The worker is gone.
            ProtocolError: The answer is not one.
        """
        deadline = time.monotonic() + timeout_s
        self._asked += 1
        self._sock.settimeout(timeout_s)
        try:
            send(self._sock, {**header, "id": self._asked}, blobs)
        except TimeoutError:
            raise WorkerLateError(self._dump()) from None
        except OSError:
            raise self._ended() from None
        self._sock.settimeout(0)  # half a frame must not hold the judge
        frame = self._wait(deadline)
        if frame.header.pop("id", None) != self._asked:
            raise ProtocolError("an answer to another request")
        return frame

    def close(self) -> None:
        """Kill the worker, wait until it and its leftovers are gone, collect its last output."""
        if self._sock.fileno() < 0:
            return
        self._server.kill(self._number)
        self._await_status()
        self._release()

    def _wait(self, deadline: float) -> Frame:
        while True:
            timeout_s = deadline - time.monotonic()
            ready = dict(self._poll.poll(max(0.0, timeout_s) * 1000)) if timeout_s > 0 else {}
            if not ready:
                raise WorkerLateError(self._dump())
            if self._printed in ready and not self._output.drain(self._printed):
                self._poll.unregister(self._printed)
            if self._sock.fileno() in ready or self._status in ready:
                frame = self._advance()
                if frame is not None:
                    return frame
                if self._status in ready:
                    raise self._ended()

    def _advance(self) -> Frame | None:
        try:
            return self._reader.advance()
        except ConnectionEndedError:
            raise self._ended() from None

    def _ended(self) -> WorkerEndedError:
        """How the worker ended; one that only closed its socket is killed first."""
        status = self._await_status(grace_s=0.5)
        if status is None:
            self._server.kill(self._number)
            self._await_status()
            status = "closed"
        kills = kills_for_memory()
        for_memory = kills is not None and self._kills is not None and kills > self._kills
        dump = _read_pipe(self._trace, first_s=0.0)
        self._release()
        return WorkerEndedError(status, dump, for_memory=for_memory)

    def _await_status(self, *, grace_s: float = _END_S) -> str | None:
        """The server's word on how the worker ended: "" when the server is gone, None when it is late."""
        poll = select.poll()
        poll.register(self._status, select.POLLIN)
        if poll.poll(grace_s * 1000):
            return os.read(self._status, 100).decode("ascii", "replace")
        if grace_s == _END_S:
            self._server.abandon()
        return None

    def _dump(self) -> str:
        self._server.ask_where(self._number)
        return _read_pipe(self._trace, first_s=_DUMP_FIRST_S)

    def _release(self) -> None:
        self._sock.close()
        with contextlib.suppress(OSError):
            os.set_blocking(self._printed, False)
            self._output.drain(self._printed)
        for descriptor in (self._printed, self._trace, self._status):
            os.close(descriptor)


def _read_pipe(descriptor: int, *, first_s: float) -> str:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    data = bytearray()
    timeout_s = first_s
    while len(data) < _MOST_DUMP and poll.poll(timeout_s * 1000):
        piece = os.read(descriptor, _PIPE_READ)
        if not piece:
            break
        data += piece
        timeout_s = _DUMP_REST_S
    return data.decode("ascii", "replace")
