"""The judge's side of the fork server: start it, ask it for workers, end it.

The server gets a clean environment and an explicit path, and nothing in its arguments. `Walls` may put a
command such as bubblewrap in front; everything else works through three inherited descriptors.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.judge.forkserver import MOST_BYTES
from pytest_lmworkbook.judge.linux import is_linux
from pytest_lmworkbook.judge.walls import Walls
from pytest_lmworkbook.judge.watch import threads_of_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_BOOTSTRAP = """\
import importlib, json, sys
configuration = json.loads(sys.stdin.readline())
sys.path[:] = [*configuration["path"], configuration["package"]]
server = importlib.import_module("pytest_lmworkbook.judge.forkserver")
sys.path[:] = configuration["path"]
server.main(configuration)
"""
#: All that a worker may know of the judge's environment: no tokens, no salt, no settings of ours.
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TZ")
#: One thread per worker, decided before the libraries load: a pool in the server would not survive fork().
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Importing torch from a cold disk is the slowest thing that a first worker waits for.
_FIRST_REPLY_S = 180.0
_END_S = 10.0
_LOG_CHARACTERS = 2_000


class ServerEndedError(Exception):
    """The fork server is gone, or does not answer."""


class ServerProcess:
    """One fork server.

    Args:
        preload: Libraries to import at once.
        walls: What the sandbox puts around it.
        within: Where its private folder goes.
    """

    def __init__(
        self,
        *,
        preload: Collection[str] = (),
        walls: Walls | None = None,
        within: Path | None = None,
    ) -> None:
        if not is_linux():
            raise JudgeError(
                f"isolation tier 'process' needs Linux, and this is {sys.platform}; "
                "run with --lm-isolation none"
            )
        walls = walls or Walls()
        prefix = "s-" if within else "lmworkbook-"  # short: sockets in it have short names only
        self._private = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        if walls.is_open_to_others:
            self._private.chmod(0o711)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_FIRST_REPLY_S)
        command = [sys.executable, "-I", "-c", _BOOTSTRAP]
        with theirs, (self._private / "server.log").open("wb") as log, self._removing_on_error():
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter, our own code)
                walls.wrap(command, self._private) if walls.wrap else command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=server_environment(self._private),
                cwd=self._private,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
            self._configure(theirs.fileno(), preload, walls)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def fork(
        self,
        number: int,
        *,
        needs: Collection[str],
        limits: dict[str, int],
        descriptors: Sequence[int],
    ) -> None:
        """Fork a worker that owns copies of ``descriptors``.

        Raises:
            ServerEndedError: There is no server to do it.
            JudgeError: The server could not: a library that does not import, no memory to fork.
        """
        request = {"do": "fork", "worker": number, "needs": sorted(needs), "limits": limits}
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], list(descriptors))
            message = self._control.recv(MOST_BYTES)
        except OSError as error:
            raise ServerEndedError(str(error)) from error
        if not message:
            raise ServerEndedError("the control socket was closed")
        problem = json.loads(message)["error"]
        if problem:
            raise JudgeError(f"the fork server could not start a worker: {problem}")

    def kill(self, number: int) -> None:
        """Kill a worker and all that it started."""
        self._tell({"do": "kill", "worker": number})

    def ask_where(self, number: int) -> None:
        """Have a worker write its stack to its trace pipe."""
        self._tell({"do": "stuck", "worker": number})

    def log(self) -> str:
        """The end of what the server itself had to say."""
        with contextlib.suppress(OSError):
            text = (self._private / "server.log").read_text(encoding="utf-8", errors="replace")
            return text[-_LOG_CHARACTERS:]
        return ""

    def abandon(self) -> None:
        """Kill a server that no longer answers; its workers die with it."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """End the server and its workers, and remove the private folder."""
        self._control.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._private, ignore_errors=True)

    @contextlib.contextmanager
    def _removing_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._control.close()
            shutil.rmtree(self._private, ignore_errors=True)
            raise JudgeError(f"the fork server does not start: {error}") from error

    def _configure(self, control: int, preload: Collection[str], walls: Walls) -> None:
        path, extra_path, package = split_path(sys.path)
        configuration = {
            "control": control,
            "private": str(self._private),
            "path": path,
            "extra_path": extra_path,
            "package": package,
            "preload": sorted(preload),
            "confinement": dict(walls.confinement),
            "others": threads_of_user(os.getuid()),
            # The kernel ties a child to the thread that started it, not to the process.
            "with_parent": threading.current_thread() is threading.main_thread(),
        }
        stdin = cast("IO[bytes]", self._process.stdin)
        with contextlib.suppress(BrokenPipeError), stdin:  # a dead server is noticed by fork()
            stdin.write(json.dumps(configuration).encode() + b"\n")

    def _tell(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):  # a dead server has no workers
            self._control.send(json.dumps(message).encode())


def split_path(path: Sequence[str]) -> tuple[list[str], list[str], str]:
    """Divide the judge's import path.

    Returns:
        What the server imports from (the standard library and installed packages: nothing that a
        submission could shadow); what workers have on top; the folder of this package, on neither list
        in a checkout, where the references lie beside it.
    """
    package = str(Path(__file__).resolve().parents[2])
    places = list(dict.fromkeys(place for place in path if place))
    trusted = [place for place in places if _is_installed(place)]
    extra = [place for place in places if place not in trusted and place != package]
    return trusted, extra, package


def _is_installed(place: str) -> bool:
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    if place in standard or place.endswith(".zip"):
        return True
    folder = Path(place)
    if folder.name in ("lib-dynload", "site-packages", "dist-packages"):
        return True
    return (folder / "torch" / "version.py").is_file()  # installed with --target


def server_environment(private: Path) -> dict[str, str]:
    """All that the server and its workers know of the judge's environment."""
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **environment,
        **dict.fromkeys(_THREADS, "1"),
        "TMPDIR": str(private),
        "TRITON_INTERPRET": "1",  # read when Triton is imported; this tier only ever interprets
    }
