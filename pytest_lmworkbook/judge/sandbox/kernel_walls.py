"""Landlock and seccomp: what an unprivileged process can give up by itself, where bubblewrap cannot run.

Each worker restricts itself after the libraries are loaded and before it knows the submission; the fork
server stays outside, where it can kill every leftover. There is no network at all, unless root can make one
with nothing but loopback.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import is_linux
from pytest_lmworkbook.judge.sandbox import landlock, seccomp
from pytest_lmworkbook.judge.sandbox.tier import Variant, is_root, spare_uid
from pytest_lmworkbook.judge.walls import Walls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_lmworkbook.judge.sandbox.visible import View

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm")  # noqa: S108 (what POSIX names so)
#: Facts about the machine; not /proc itself, where the command lines of all processes are.
_FACTS = (
    *(f"/proc/{name}" for name in ("cpuinfo", "meminfo", "stat", "version", "uptime", "loadavg")),
    *(f"/proc/{name}" for name in ("filesystems", "sys/kernel", "sys/vm", "sys/fs", "self/mounts")),
    "/sys/devices",
    "/sys/bus/pci",  # where gloo looks for network cards
    "/sys/class/net",
    "/sys/kernel/mm/transparent_hugepage",
)


class LandlockSeccomp:
    """The second choice: nothing to install."""

    name = "landlock"
    cure = (
        "needs Linux 6.12 or newer with Landlock switched on (lsm=...,landlock), on x86-64 or arm64"
    )
    tolerates: frozenset[str] = frozenset()

    def obstacle(self) -> str:
        """See `Tier.obstacle`."""
        if not is_linux():
            return f"it needs Linux, and this is {sys.platform}"
        if not seccomp.is_known_machine():
            return "there is no table of system calls for this machine"
        version = landlock.abi()
        if version < landlock.LEAST_ABI:
            return f"the kernel's Landlock ABI is {version}; {landlock.LEAST_ABI} is the first to stop signals"
        return ""

    def variants(self, view: View) -> tuple[Variant, ...]:
        """As root: as another user, else as a root without powers; with a network of its own where that works."""
        if not is_root():
            return (_variant("no network", view, {}),)
        other: dict[str, object] = {"worker_uid": spare_uid()}
        powerless: dict[str, object] = {"powerless": True}
        loopback = {"network": True, "scratch": ["/dev/shm"]}  # noqa: S108 (its own, made for it)
        return tuple(
            _variant(name, view, who)
            for name, who in (
                ("uid of its own, loopback", {**other, **loopback}),
                ("root without powers, loopback", {**powerless, **loopback}),
                ("uid of its own, no network", other),
                ("root without powers, no network", powerless),
            )
        )


def _variant(name: str, view: View, who: Mapping[str, object]) -> Variant:
    return Variant(name=name, build=lambda base: _walls(base, view, who))


def _walls(base: Path, view: View, who: Mapping[str, object]) -> Walls:
    read, listed = _readable(view)
    return Walls(
        confinement={
            **who,
            "landlock": {
                "read": [*read, *_FACTS, str(base / "submission")],
                "listed": listed,
                "write": list(_DEVICES),
            },
            "seccomp": {"internet": bool(who.get("network"))},
        },
        is_open_to_others="worker_uid" in who,
    )


def _readable(view: View) -> tuple[list[str], list[str]]:
    """Landlock can only add: a folder with something hidden in it becomes its other entries, one by one."""
    read: list[str] = []
    listed: list[str] = []
    for folder in (*view.folders, *view.settings):
        for path, whole in _split(folder.resolve(), view.hidden):
            (read if whole else listed).append(str(path))
    return read, listed


def _split(folder: Path, hidden: tuple[Path, ...]) -> Iterator[tuple[Path, bool]]:
    if folder in hidden:
        return
    if not any(path.is_relative_to(folder) for path in hidden):
        yield folder, True
        return
    yield folder, False
    for entry in sorted(folder.iterdir()):
        yield from _split(entry, hidden)
