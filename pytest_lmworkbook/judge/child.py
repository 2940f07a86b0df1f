"""What a freshly forked worker process does: shed what it inherited, limit itself, answer requests."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import die_with_parent
from pytest_lmworkbook.judge.protocol import (
    Bounds,
    ConnectionEndedError,
    Frame,
    FrameReader,
    send,
)
from pytest_lmworkbook.judge.rlimits import apply_limits
from pytest_lmworkbook.judge.sandbox.confine import confine_worker
from pytest_lmworkbook.judge.worker import Worker

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from pytest_lmworkbook.judge.sandbox.confine import Confinement

#: Sent to a worker that hangs, to learn where.
STUCK_SIGNAL = signal.SIGUSR1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What the server tells a worker at birth; the rest comes over the worker's own socket.

    Attributes:
        temporary: A folder of its own, removed by the server afterwards.
        memory_mib: See `Limits`.
        file_mib: See `Limits`.
        result_mib: See `Limits`.
        disk_mib: See `Limits`; the server looks after it.
        cpu_s: See `Limits`.
        processes: See `Limits`.
        open_files: See `Limits`.
        others: Threads of the same user outside: the kernel's limit counts them.
        extra_path: Folders of the judge's path that the server itself does not import from.
        confinement: See `sandbox.confine`; empty outside of the sandbox.
    """

    temporary: Path
    memory_mib: int
    file_mib: int
    result_mib: int
    disk_mib: int
    cpu_s: int
    processes: int
    open_files: int
    others: int
    extra_path: tuple[str, ...]
    confinement: Confinement


def run_child(sock: socket.socket, *, output: int, trace: int, spec: ChildSpec) -> None:
    """Serve requests until the judge closes the connection."""
    os.setsid()  # no terminal, and one process group to kill
    _reset_signals()
    _redirect(output)
    _close_others(keep={sock.fileno(), trace})
    faulthandler.enable(trace)
    faulthandler.register(STUCK_SIGNAL, trace)
    spec.temporary.mkdir(mode=0o700)
    _use_folder(spec.temporary, home=bool(spec.confinement))
    sys.path.extend(spec.extra_path)
    _use_one_thread()
    confine_worker(spec.confinement, spec.temporary)
    die_with_parent(signal.SIGKILL)  # the kernel forgets it when the user changes
    apply_limits(
        memory_mib=spec.memory_mib,
        file_mib=spec.file_mib,
        cpu_s=spec.cpu_s,
        # The server counts and kills; this is for a bomb that grows between two of its looks.
        processes=spec.others + 2 * spec.processes,
        open_files=spec.open_files,
    )
    _serve(sock, Bounds(payload=spec.result_mib << 20))


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _redirect(output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    # By line: what was printed before a crash is there afterwards.
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]  # Final for readers, not for their owner


def _close_others(*, keep: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (names are numbers, not paths)
        if int(name) > 2 and int(name) not in keep:
            with contextlib.suppress(OSError):  # the listing's own descriptor is gone
                os.close(int(name))


def _use_folder(temporary: Path, *, home: bool) -> None:
    """Temporary files and compiler caches of one worker are no other's to find or to poison."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    os.environ["TRITON_CACHE_DIR"] = str(temporary / "triton")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(temporary / "inductor")
    if home:
        os.environ["HOME"] = str(temporary)


def _use_one_thread() -> None:
    """One thread per worker: inputs are small, and a student's own fork stays safe."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _serve(sock: socket.socket, bounds: Bounds) -> None:
    me = os.getpid()
    worker = Worker(bounds=bounds)
    reader = FrameReader(sock, bounds=bounds)
    while True:
        try:
            frame = _next_frame(reader)
        except ConnectionEndedError:
            return
        answer, blobs = worker.handle(frame.header, frame.blobs)
        if frame.header.get("do") == "open":
            os.chdir(str(frame.header["root"]))
        if os.getpid() != me:  # the student's code forked, and this is the copy that returned
            os._exit(0)
        _flush()
        send(sock, {**answer, "id": frame.header.get("id")}, blobs)


def _next_frame(reader: FrameReader) -> Frame:
    while True:
        frame = reader.advance(wait=True)
        if frame is not None:
            return frame


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the student's code may have closed or replaced it
            stream.flush()
