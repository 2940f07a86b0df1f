"""Bubblewrap: own mounts, processes, network and user for the fork server, so for every worker.

Inside: the system and the Python environment, read-only; a copy of the submission, read-only; the few files
of ours that a worker imports; private /tmp and /dev/shm of bounded size; loopback and no other network. As
root, the server gives up root as its first act inside; the limits of `rlimits` are set inside as well.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import is_linux
from pytest_lmworkbook.judge.sandbox import seccomp
from pytest_lmworkbook.judge.sandbox.tier import Variant, is_root, spare_uid
from pytest_lmworkbook.judge.sandbox.visible import PACKAGE, worker_files
from pytest_lmworkbook.judge.walls import Walls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_lmworkbook.judge.sandbox.visible import View

#: Of each of the three places that can be written to; their pages are memory.
SCRATCH_MIB = 1024
_PROCESSORS = "/sys/devices/system/cpu"
_GPU_DEVICES = ("nvidia*", "dri", "kfd")
_ACCOUNTS = {
    "passwd": "root:x:0:0:root:/:/bin/sh\nstudent:x:{uid}:{uid}:student:/tmp:/bin/sh\n",
    "group": "root:x:0:\nstudent:x:{uid}:\n",
    "hosts": "127.0.0.1 localhost lmworkbook\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


class Bubblewrap:
    """The first choice on Linux."""

    name = "bubblewrap"
    cure = (
        "install it (apt-get install bubblewrap). Where it is installed and refused, allow user namespaces: "
        "'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0' on Ubuntu 24.04 and GitHub's runners; in a "
        "container, run it with '--security-opt seccomp=unconfined --security-opt apparmor=unconfined'"
    )
    tolerates: frozenset[str] = frozenset()

    def obstacle(self) -> str:
        """See `Tier.obstacle`."""
        if not is_linux():
            return f"it needs Linux, and this is {sys.platform}"
        return "" if shutil.which("bwrap") else "there is no bwrap on the PATH"

    def variants(self, view: View) -> tuple[Variant, ...]:
        """As root: with a user id of its own, else (files that only root can read) as a powerless root."""
        shared = Variant(name="user namespace", build=lambda base: _walls(base, view, uid=None))
        if not is_root():
            return (shared,)
        own = Variant(name="uid of its own", build=lambda base: _walls(base, view, uid=spare_uid()))
        return own, shared


def _walls(base: Path, view: View, *, uid: int | None) -> Walls:
    for name, text in _ACCOUNTS.items():
        (base / name).write_text(
            text.format(uid=os.geteuid() if uid is None else uid), encoding="ascii"
        )

    def wrap(command: list[str], private: Path) -> list[str]:
        return [*_options(base, private, view, own_uid=uid is not None), "--", *command]

    confinement: dict[str, object] = {
        "own_pids": True,
        "scratch": ["/tmp", "/dev/shm"],  # noqa: S108 (inside the box)
    }
    if uid is not None:
        confinement["server_uid"] = uid
    if seccomp.is_known_machine():
        confinement["seccomp"] = {"internet": True}
    return Walls(wrap=wrap, confinement=confinement)


def _options(base: Path, private: Path, view: View, *, own_uid: bool) -> Iterator[str]:
    yield shutil.which("bwrap") or "bwrap"
    # As root with a user namespace every file would belong to nobody; without it, root can become another user.
    shares = ("pid", "net", "ipc", "uts", "cgroup-try", *(() if own_uid else ("user",)))
    yield from (f"--unshare-{share}" for share in shares)
    yield from ("--hostname", "lmworkbook", "--new-session", "--clearenv")
    if threading.current_thread() is threading.main_thread():
        yield "--die-with-parent"  # of the thread that starts it, which must therefore be one that stays
    if own_uid:
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    for name, value in _environment(private).items():
        yield from ("--setenv", name, value)
    yield from _devices()
    # First of all: an environment or a checkout below /tmp is mounted into the private one.
    for scratch in ("/tmp", "/dev/shm"):  # noqa: S108 (inside the box)
        yield from _tmpfs(scratch, "1777")
    yield from _passable(
        base,
        private,
        *view.folders,
        PACKAGE / "judge" / "sandbox",
        Path(_PROCESSORS),
        Path("/etc/hosts"),
    )
    for folder in view.folders:
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        else:
            yield from ("--ro-bind", str(folder), str(folder))
    for path in view.settings:
        yield from ("--ro-bind", str(path), str(path))
    yield from ("--ro-bind-try", _PROCESSORS, _PROCESSORS)
    yield from _our_files(view)
    yield from _tmpfs(str(private), "0777")
    yield from ("--ro-bind", str(base / "submission"), str(base / "submission"))
    for name in _ACCOUNTS:
        yield from ("--ro-bind", str(base / name), f"/etc/{name}")
    yield from ("--remount-ro", "/", "--chdir", "/")


def _devices() -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev")
    for pattern in _GPU_DEVICES:
        for device in Path("/dev").glob(pattern):
            yield from ("--dev-bind", str(device), str(device))
    yield from ("--remount-ro", "/dev")


def _passable(*folders: Path) -> Iterator[str]:
    """Folders on the way to others; left to itself, bwrap copies a mode that may close them to the own uid."""
    parents = {parent for folder in folders for parent in folder.parents}
    for parent in sorted(parents - {Path("/")}, key=lambda path: len(path.parts)):
        yield from ("--perms", "0755", "--dir", str(parent))


def _our_files(view: View) -> Iterator[str]:
    for path in view.hidden:
        yield from ("--tmpfs", str(path))
    for name in worker_files():
        yield from ("--ro-bind", str(PACKAGE / name), str(PACKAGE / name))
    for path in view.hidden:
        yield from ("--remount-ro", str(path))


def _tmpfs(path: str, permissions: str) -> Iterator[str]:
    yield from ("--size", str(SCRATCH_MIB << 20), "--perms", permissions, "--tmpfs", path)


def _environment(private: Path) -> dict[str, str]:
    from pytest_lmworkbook.judge.launch import server_environment

    inherited = server_environment(private)
    return {**inherited, "HOME": "/tmp", "USER": "student", "LOGNAME": "student"}  # noqa: S108 (inside the box)
