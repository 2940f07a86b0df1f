"""Who a process is, and what it may still become: user id, capabilities, new privileges, dumps.

Runs in the fork server and in workers. Imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522


def become(uid: int) -> None:
    """Give up being root for good; capabilities go with it."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def drop_capabilities() -> None:
    """Stay the same user with no capability, now or after any exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    for capability in range(last + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to a process that has none
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(24)
    number = _SYS_CAPSET.get(os.uname().machine)
    if number is None or libc.syscall(number, header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def gain_nothing() -> None:
    """No set-user-id program gives this process, or what it starts, more rights than it has."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")


def hide_memory(*, hidden: bool = True) -> None:
    """Close (or open) this process's /proc entries and memory to others of the same user."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, int(not hidden), 0, 0, 0)
