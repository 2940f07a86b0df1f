"""Try to break out of a sandbox before it is trusted: read, write, connect, signal, spy.

A tier is only as good as its enforcement on this kernel, in this container, as this user. So a small
submission attacks the judge for real, and the judge looks at what came of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import LMWorkbookError
from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.sandbox.visible import secret_folders
from pytest_lmworkbook.judge.submission import SubmissionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_lmworkbook.judge.submission import Isolation

#: What must not be possible, in the words of `doctor`.
BREACHES = {
    "read": "a file of the judge's could be read",
    "secrets": "a folder with problems or references could be read",
    "write": "a file could be written outside the box",
    "submission": "the submission's own copy could be changed",
    "tcp": "a TCP connection to the judge's machine was possible",
    "udp": "a UDP message reached the judge's machine",
    "signal": "a signal could be sent to the judge",
    "environ": "the judge's environment could be read",
    "cmdline": "the judge's command line could be read",
    "variables": "variables of the judge's environment were inherited",
    "setuid": "set-user-ID programs still give their rights",
}
_VARIABLE = "LMWORKBOOK_SALT"
_ATTACK = """
import os, signal, socket
from pathlib import Path

def attack(canary, folders, outside, tcp, udp, judge):
    done = []

    def attempt(name, action):
        try:
            if action():
                done.append(name)
        except (OSError, ValueError):
            pass

    attempt("read", lambda: Path(canary).read_bytes())
    for folder in folders:
        attempt("secrets", lambda: [path for path in Path(folder).rglob("*") if path.is_file() and path.read_bytes()])
    Path_write = lambda path: Path(path).write_text("written") and False
    attempt("", lambda: Path_write(outside))
    attempt("", lambda: Path_write(canary))
    attempt("submission", lambda: Path(__file__).with_name("planted.py").write_text("x"))
    attempt("submission", lambda: Path(__file__).write_text("x"))
    attempt("tcp", lambda: socket.create_connection(("127.0.0.1", tcp), timeout=1))

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"x", ("127.0.0.1", udp))

    attempt("", send)
    attempt("signal", lambda: os.kill(judge, 0) is None)
    attempt("variables", lambda: any(name.startswith(("LMWORKBOOK", "GITHUB")) for name in os.environ))
    status = Path("/proc/self/status").read_text()
    attempt("setuid", lambda: "NoNewPrivs:\\t1" not in status)
    spied = {}
    for name in ("environ", "cmdline"):
        try:
            spied[name] = Path(f"/proc/{judge}/{name}").read_bytes()
        except OSError:
            spied[name] = b""
    return {"done": done, "spied": spied}
"""


def find_breaches(isolation: Isolation) -> tuple[str, ...]:
    """Attack from inside.

    Returns:
        Keys of `BREACHES`, each an attack that worked.

    Raises:
        LMWorkbookError: The sandbox does not even start.
    """
    with tempfile.TemporaryDirectory(prefix="lmworkbook-probe-") as name, _listening() as ears:
        folder = Path(name).resolve()
        folder.chmod(0o711)  # only permissions of the file itself, and the box, protect the canary
        canary, outside = folder / "canary", folder / "written"
        canary.write_text(secrets.token_hex(), encoding="ascii")
        canary.chmod(0o600)
        before = canary.read_bytes()
        root = folder / "submission"
        root.mkdir()
        (root / "attack.py").write_text(_ATTACK, encoding="utf-8")
        spec = SubmissionSpec(root=root, modules=("attack",), limits=Limits(call_s=20.0))
        with _with_variable():
            submission = isolation.open(spec)
        try:
            targets = [str(path) for path in secret_folders()]
            ports = [ear.getsockname()[1] for ear in ears]
            asked = (str(canary), targets, str(outside), *ports, os.getpid())
            answer = submission.call("attack", asked).value
        finally:
            submission.close()
        if not isinstance(answer, dict):
            raise LMWorkbookError(f"the probe gave {answer!r}")
        found = {*answer["done"]}
        found |= {name for name, seen in answer["spied"].items() if seen and seen == _own(name)}
        if canary.read_bytes() != before or outside.exists():
            found.add("write")
        if _has_message(ears[1]):
            found.add("udp")
        return tuple(sorted(found))


def describe(breaches: Sequence[str]) -> str:
    """Breaches as a sentence."""
    return "; ".join(BREACHES.get(name, name) for name in breaches)


def _own(name: str) -> bytes:
    return Path(f"/proc/self/{name}").read_bytes()


def _has_message(ear: socket.socket) -> bool:
    try:
        return bool(ear.recv(16))
    except OSError:
        return False


@contextlib.contextmanager
def _listening() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        for ear in (tcp, udp):
            ear.bind(("127.0.0.1", 0))
            ear.setblocking(False)  # noqa: FBT003 (the method takes nothing else)
        tcp.listen(1)
        yield tcp, udp


@contextlib.contextmanager
def _with_variable() -> Iterator[None]:
    """Something in the environment that must not be inherited."""
    if _VARIABLE in os.environ:
        yield
        return
    os.environ[_VARIABLE] = "canary"
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
