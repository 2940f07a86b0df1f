"""The fork server: imports the big libraries once, before any student code, and forks workers.

Runs as its own process (started by `launch`), alone or inside a sandbox; it never runs student code and
knows nothing of problems. The judge sends one datagram per request over the control socket:

    {"do": "fork", "worker": n, "needs": [...], "limits": {...}} + [socket, output, trace, status]
                                             -> {"worker": n, "error": ""}
    {"do": "kill" | "stuck", "worker": n}    -> nothing

When a worker ends, its descendants are killed and its status pipe gets one line: ``exit N`` or
``signal N``. Workers are named by number, since process ids mean nothing across a pid namespace.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pytest_lmworkbook.judge.child import STUCK_SIGNAL, ChildSpec, run_child
from pytest_lmworkbook.judge.linux import adopt_orphans, children_of, die_with_parent

#: A request is a few hundred bytes.
MOST_BYTES = 1 << 16
_DESCRIPTORS = 4
#: How long leftover processes of one worker are hunted; a fork bomb dies within this.
_SWEEP_S = 3.0


@dataclass(frozen=True, slots=True)
class _Child:
    number: int
    status: int
    temporary: Path


class ForkServer:
    """The loop of the server process.

    Args:
        control: Datagrams from and to the judge.
        private: A folder that only this run uses; removed at the end.
        extra_path: Folders that workers, but never this process, import from.
    """

    def __init__(self, control: socket.socket, private: Path, extra_path: tuple[str, ...]) -> None:
        self._control = control
        self._private = private
        self._extra_path = extra_path
        self._children: dict[int, _Child] = {}

    def run(self) -> None:
        """Serve until the judge closes the control socket."""
        wakeup_read, wakeup_write = socket.socketpair()
        for end in (wakeup_read, wakeup_write):
            end.settimeout(0)
        signal.set_wakeup_fd(wakeup_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the wake-up byte is all that is wanted
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(wakeup_read, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if wakeup_read.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    wakeup_read.recv(4096)
                self._reap()
            if self._control.fileno() in ready and not self._answer():
                return

    def close(self) -> None:
        """Kill every worker and remove the private folder."""
        for pid in self._children:
            _kill(pid)
        self._sweep(keep=set())
        shutil.rmtree(self._private, ignore_errors=True)

    def _answer(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MOST_BYTES, _DESCRIPTORS)
        if not message:
            return False
        request = json.loads(message)
        match request["do"]:
            case "fork":
                reply = {"worker": request["worker"], "error": self._fork(request, descriptors)}
                self._control.send(json.dumps(reply).encode())
            case "kill":
                self._signal(request["worker"], signal.SIGKILL)
            case "stuck":
                self._signal(request["worker"], STUCK_SIGNAL)
        return True

    def _fork(self, request: dict[str, Any], descriptors: list[int]) -> str:
        """Fork one worker; what went wrong, or nothing."""
        sock, output, trace, status = descriptors
        try:
            for library in request["needs"]:
                importlib.import_module(library)
            gc.freeze()  # the collector would copy every shared page it looks at
            temporary = self._private / f"worker-{request['worker']}"
            pid = os.fork()
            if pid == 0:
                spec = ChildSpec(
                    temporary=temporary, extra_path=self._extra_path, **request["limits"]
                )
                _live(sock, output, trace, spec)
            self._children[pid] = _Child(request["worker"], os.dup(status), temporary)
        except Exception as error:  # noqa: BLE001 (told to the judge, which raises it)
            return f"{type(error).__name__}: {error}"
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return ""

    def _signal(self, number: int, with_signal: int) -> None:
        for pid, child in self._children.items():
            if child.number != number:
                continue
            if with_signal == signal.SIGKILL:
                _kill(pid)
            else:
                os.kill(pid, with_signal)  # not reaped yet, so the id is still its own

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                self._bury(pid, child, status)

    def _bury(self, pid: int, child: _Child, status: int) -> None:
        _kill_group(pid)
        self._sweep(keep=set(self._children))
        shutil.rmtree(child.temporary, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        words = f"signal {-code}" if code < 0 else f"exit {code}"
        with contextlib.suppress(OSError):  # the judge may have gone
            os.write(child.status, words.encode())
        os.close(child.status)

    def _sweep(self, *, keep: set[int]) -> None:
        """Kill the adopted orphans: processes that outlived the worker that started them."""
        deadline = time.monotonic() + _SWEEP_S
        while _has_children() and time.monotonic() < deadline:
            orphans = [pid for pid in children_of(os.getpid()) if pid not in keep]
            if not orphans:
                return
            for pid in orphans:
                _kill(pid)
            for pid in orphans:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def main(configuration: dict[str, Any]) -> None:
    """Start the server; called by the bootstrap that `launch` writes.

    Args:
        configuration: ``control`` (descriptor), ``private``, ``extra_path``, ``preload`` and
            ``with_parent`` (whether the thread that started us lives as long as the judge).
    """
    sys.argv = [""]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's to handle
    signal.signal(signal.SIGTERM, _leave)
    if configuration["with_parent"]:
        die_with_parent()
    adopt_orphans()
    server = ForkServer(
        socket.socket(fileno=configuration["control"]),
        Path(configuration["private"]),
        tuple(configuration["extra_path"]),
    )
    try:
        for library in configuration["preload"]:
            with contextlib.suppress(ImportError):  # reported when a submission needs it
                importlib.import_module(library)
        server.run()
    finally:
        server.close()


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)


def _live(sock: int, output: int, trace: int, spec: ChildSpec) -> NoReturn:
    """The forked child's whole life; it never returns into the server's loop."""
    code = 0
    try:
        run_child(socket.socket(fileno=sock), output=output, trace=trace, spec=spec)
    except BaseException:  # noqa: BLE001 (nothing may unwind into the server's frames)
        code = 70
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _kill(pid: int) -> None:
    _kill_group(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    # Where the worker has not come to setsid() yet there is no such group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
