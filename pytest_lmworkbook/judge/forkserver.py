"""The fork server: imports the big libraries once, before any student code, and forks workers.

Runs as its own process (started by `launch`), alone or inside a sandbox; it never runs student code and
knows nothing of problems. The judge sends one datagram per request over the control socket:

    {"do": "fork", "worker": n, "needs": [...], "limits": {...}} + [socket, output, trace, status]
                                             -> {"worker": n, "error": ""}
    {"do": "kill" | "stuck", "worker": n}    -> nothing

When a worker ends, its descendants are killed and its status pipe gets one line: ``exit N`` or
``signal N``, with ``memory MIB``, ``processes COUNT`` or ``disk MIB`` behind it where the server killed it for
that.
Workers are named by number, since process ids mean nothing across a pid namespace.
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
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_lmworkbook.judge.child import STUCK_SIGNAL, ChildSpec, run_child
from pytest_lmworkbook.judge.linux import adopt_orphans, children_of, die_with_parent
from pytest_lmworkbook.judge.sandbox.confine import confine_server
from pytest_lmworkbook.judge.watch import children_of_process, folder_bytes, own_bytes, usage_of

if TYPE_CHECKING:
    from pytest_lmworkbook.judge.sandbox.confine import Confinement

#: A request is a few hundred bytes.
MOST_BYTES = 1 << 16
_DESCRIPTORS = 4
#: How long leftover processes of one worker are hunted; a fork bomb dies within this.
_SWEEP_S = 3.0
#: How often the families of workers are counted.
_LOOK_S = 0.05
#: Walking through a folder takes longer than counting processes.
_LOOKS_PER_WALK = 5


@dataclass(slots=True)
class _Child:
    number: int
    status: int
    temporary: Path
    memory_mib: int
    processes: int
    disk_mib: int
    over: str = ""


class ForkServer:
    """The loop of the server process.

    Args:
        control: Datagrams from and to the judge.
        private: A folder that only this run uses; removed at the end.
        extra_path: Folders that workers, but never this process, import from.
        others: Threads that the same user runs outside.
        confinement: See `sandbox.confine`.
    """

    def __init__(
        self,
        control: socket.socket,
        private: Path,
        extra_path: tuple[str, ...],
        *,
        others: int = 0,
        confinement: Confinement | None = None,
    ) -> None:
        self._control = control
        self._private = private
        self._extra_path = extra_path
        self._others = others
        self._confinement = confinement or {}
        self._children: dict[int, _Child] = {}
        self._shared = 0
        self._looks = 0
        #: What lies in the scratch folders before any student code has run: mount points, for the most part.
        self._scratch = {
            folder: {path.name for path in folder.iterdir()}
            for folder in map(Path, self._confinement.get("scratch", ()))
        }

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
            pause_ms = _LOOK_S * 1000 if self._children else None
            ready = {descriptor for descriptor, _ in poll.poll(pause_ms)}
            self._look()
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

    def _look(self) -> None:
        """Kill a worker whose family uses too much; orphans count as everybody's."""
        if not self._children:
            return
        self._looks += 1
        orphans = [pid for pid in children_of_process(os.getpid()) if pid not in self._children]
        for pid, child in self._children.items():
            if child.over:
                continue  # killed, and not reaped yet
            usage = usage_of([pid, *orphans], shared=self._shared)
            if usage.bytes > child.memory_mib << 20:
                child.over = f" memory {usage.bytes >> 20}"
            elif usage.threads > child.processes:
                child.over = f" processes {usage.threads}"
            elif self._looks % _LOOKS_PER_WALK == 0:
                size = folder_bytes(child.temporary) >> 20
                child.over = f" disk {size}" if size > child.disk_mib else ""
            if child.over:
                self._kill(pid)

    def _kill(self, pid: int) -> None:
        if self._has_own_pids and len(self._children) == 1:
            # One call for every process there is but this one and init: no bomb is faster.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        _kill(pid)

    @property
    def _has_own_pids(self) -> bool:
        return bool(self._confinement.get("own_pids"))

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
            self._shared = own_bytes(os.getpid())
            gc.freeze()  # the collector would copy every shared page it looks at
            temporary = self._private / f"worker-{request['worker']}"
            pid = os.fork()
            if pid == 0:
                spec = ChildSpec(
                    temporary=temporary,
                    extra_path=self._extra_path,
                    others=self._others,
                    confinement=self._confinement,
                    **request["limits"],
                )
                _live(sock, output, trace, spec)
            self._children[pid] = _Child(
                request["worker"],
                os.dup(status),
                temporary,
                request["limits"]["memory_mib"],
                request["limits"]["processes"],
                request["limits"]["disk_mib"],
            )
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
                self._kill(pid)
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
        _remove(child.temporary)
        if not self._children:
            for folder, names in self._scratch.items():
                _empty(folder, keep=names)
        code = os.waitstatus_to_exitcode(status)
        words = (f"signal {-code}" if code < 0 else f"exit {code}") + child.over
        with contextlib.suppress(OSError):  # the judge may have gone
            os.write(child.status, words.encode())
        os.close(child.status)

    def _sweep(self, *, keep: set[int]) -> None:
        """Kill the adopted orphans: processes that outlived the worker that started them."""
        if self._has_own_pids and not keep:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
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
        configuration: ``control`` (descriptor), ``private``, ``extra_path``, ``preload``, ``others``,
            ``confinement`` and ``with_parent`` (whether the thread that started us lives as long as the judge).
    """
    sys.argv = [""]
    confinement = configuration["confinement"]
    confine_server(confinement)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's to handle
    signal.signal(signal.SIGTERM, _leave)
    if configuration["with_parent"]:
        die_with_parent()
    adopt_orphans()
    server = ForkServer(
        socket.socket(fileno=configuration["control"]),
        Path(configuration["private"]),
        tuple(configuration["extra_path"]),
        others=configuration["others"],
        confinement=confinement,
    )
    try:
        for library in configuration["preload"]:
            with contextlib.suppress(ImportError):  # reported when a submission needs it
                importlib.import_module(library)
        server.run()
    finally:
        # Both the closed socket and the signal tell of the judge's end; the second must not disturb the cleaning.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
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


def _remove(folder: Path) -> None:
    """Remove a folder, also one whose owner has closed it."""

    def open_and_retry(function: Any, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            Path(path).parent.chmod(0o700)
            if Path(path).is_dir() and not Path(path).is_symlink():
                Path(path).chmod(0o700)
            function(path)

    # The second time finds what was inside of folders that the first has opened.
    for _ in range(2):
        shutil.rmtree(folder, onerror=open_and_retry)


def _empty(folder: Path, *, keep: set[str]) -> None:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.name in keep:
                continue
            if path.is_dir() and not path.is_symlink():
                _remove(path)
            else:
                path.unlink(missing_ok=True)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
