"""The few Linux calls that Python does not wrap, and what a process may say about itself.

Importable everywhere; each function does nothing, or answers None, where the call does not exist.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def is_linux() -> bool:
    """Whether the process tiers can run here at all."""
    return sys.platform == "linux"


def die_with_parent(with_signal: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, with_signal)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def data_bytes() -> int | None:
    """What counts towards RLIMIT_DATA in this process now."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return None


def kills_for_memory() -> int | None:
    """How many processes the kernel has killed for memory since boot."""
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return int(counters[counters.index("oom_kill") + 1]) if "oom_kill" in counters else None


def children_of(parent: int) -> list[int]:
    """The living processes whose parent is ``parent``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # "pid (name) state ppid ...": the name may hold blanks and parentheses.
            state, ppid = (
                (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            )
        except (OSError, ValueError):
            continue  # it ended while we looked
        if int(ppid) == parent and state != "Z":
            found.append(int(entry.name))
    return found


def _prctl(option: int, value: int) -> None:
    if is_linux():
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
