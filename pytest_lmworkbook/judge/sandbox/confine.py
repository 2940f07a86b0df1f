"""What the fork server and its workers do to themselves, told by the tier in a plain dict.

    server_uid   become this user before anything else
    network      make a network of its own with nothing but loopback, and a /dev/shm of bounded size (needs root)
    own_pids     everything with a process id is ours: a leftover is killed whatever its parent
    scratch      folders to empty when a worker ends
    worker_uid   each worker becomes this user
    powerless    each worker gives up root's capabilities and stays root
    landlock     {"read", "listed", "write"}: all that a worker may open
    seccomp      {"internet": bool}: filter a worker's system calls

Runs in the server and in workers; the tiers in the judge write the dict, nothing else reads it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_lmworkbook.judge.sandbox import identity, landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Confinement: TypeAlias = "Mapping[str, Any]"

_NEW_NETWORK, _NEW_MOUNTS = 0x40000000, 0x00020000
_PRIVATE_FOR_ALL = 0x4000 | 0x40000
_NO_SETUID_NO_DEVICES = 0x2 | 0x4
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914
_UP_AND_RUNNING = 0x41


def confine_server(confinement: Confinement) -> None:
    """Called once, before the first import of a library."""
    if confinement.get("network"):
        _make_network()
        _make_shared_memory()
    if (uid := confinement.get("server_uid")) is not None:
        identity.become(uid)
    identity.hide_memory()  # its descriptors and memory are not the workers' to open


def confine_worker(confinement: Confinement, temporary: Path) -> None:
    """Called in each worker, before it knows the submission.

    Args:
        confinement: See the module.
        temporary: The worker's own folder.
    """
    identity.gain_nothing()
    if (uid := confinement.get("worker_uid")) is not None:
        os.chown(temporary, uid, uid)
        identity.become(uid)
    if confinement.get("powerless"):
        identity.drop_capabilities()
    identity.hide_memory(hidden=False)  # a process that is hidden cannot read its own /proc entries
    if rules := confinement.get("landlock"):
        landlock.restrict(
            read=[*rules["read"], "/proc/self"],
            listed=rules["listed"],
            write=[*rules["write"], str(temporary)],
            tcp=bool(confinement.get("network")),
        )
    if rules := confinement.get("seccomp"):
        seccomp.install(internet=rules["internet"])


def _make_shared_memory() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = b"mode=1777,size=1g"
    if (
        libc.unshare(_NEW_MOUNTS) != 0
        or libc.mount(None, b"/", None, _PRIVATE_FOR_ALL, None) != 0
        or libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", _NO_SETUID_NO_DEVICES, options) != 0
    ):
        raise OSError(ctypes.get_errno(), "a /dev/shm of its own")


def _make_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(loopback, _GET_FLAGS, request))[1]
        fcntl.ioctl(loopback, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP_AND_RUNNING))
