"""Landlock through ctypes: which files a process may still open, without any privilege.

Also cuts TCP (ABI 4) and signals and abstract sockets to the outside (ABI 6). Runs in workers; imports
nothing of ours. Numbers are those of ``linux/landlock.h``.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_READ = _EXECUTE | _READ_FILE | _READ_DIR
#: ABI version -> the highest file right that it knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_RIGHTS = 16
#: Below this neither TCP nor signals are cut, and the tier promises both.
LEAST_ABI = 6


def abi() -> int:
    """The kernel's Landlock version; 0 when there is none."""
    version = ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, 0, _VERSION_FLAG)
    return max(0, int(version))


def restrict(
    *, read: Iterable[str], listed: Iterable[str], write: Iterable[str], tcp: bool
) -> None:
    """Leave this process, and all that it starts, only these files.

    Args:
        read: Files, and folders with all that is in them, to read and execute.
        listed: Folders of which only the names may be read.
        write: Files and folders to do anything in but make devices.
        tcp: Whether TCP stays open (the process has a network of its own).

    Raises:
        OSError: The kernel refused; nothing may run then.
    """
    version = abi()
    handled = (1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1
    network = 0 if tcp or version < 4 else 0b11
    scoped = 0b11 if version >= LEAST_ABI else 0  # abstract sockets and signals
    attributes = struct.pack("<QQQ", handled, network, scoped)
    size = 8 if version < 4 else 16 if version < LEAST_ABI else 24
    ruleset = _call(_CREATE, ctypes.create_string_buffer(attributes), size, 0)
    try:
        for path in read:
            _allow(ruleset, path, _READ & handled)
        for path in listed:
            _allow(ruleset, path, _READ_DIR)
        for path in write:
            _allow(ruleset, path, handled & ~_MAKE_DEVICES)
        _call(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there, or not ours to open, needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        if rights:
            rule = ctypes.create_string_buffer(struct.pack("<Qi", rights, opened))
            _call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    result = int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock system call {number}: {os.strerror(code)}")
    return result
