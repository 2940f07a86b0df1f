"""How much memory, how many threads and how much disk a worker and all its descendants use.

No limit of the kernel's counts a family of processes without a cgroup, and none counts root's, so the fork
server looks a few times a second. Runs in the server; reads /proc and nothing else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import children_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROC = Path("/proc")
#: Enough to know that a family is too large; a fork bomb is not counted to its end.
_MOST_PROCESSES = 5_000
_MOST_FILES = 20_000
#: What st_blocks counts in, whatever the file system.
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Usage:
    """What a family of processes uses.

    Attributes:
        bytes: Memory of its own: what it shares with the process it was forked from is not counted.
        threads: Threads of all processes.
    """

    bytes: int
    threads: int


def usage_of(roots: Iterable[int], *, shared: int) -> Usage:
    """Add up the processes ``roots`` and their descendants.

    Args:
        roots: Process ids.
        shared: Bytes that each process has in common with the one it was forked from.
    """
    pending, seen = list(roots), set[int]()
    total, threads = 0, 0
    while pending and len(seen) < _MOST_PROCESSES:
        pid = pending.pop()
        if pid in seen:
            continue
        seen.add(pid)
        own, count = _of_process(pid)
        total += max(0, own - shared)
        threads += count
        pending += children_of_process(pid)
    return Usage(total, threads)


def own_bytes(pid: int) -> int:
    """Memory of one process that is not in files: anonymous and shared."""
    return _of_process(pid)[0]


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder, holes not counted; of the first ones only where there are very many."""
    total, left = 0, _MOST_FILES
    pending = [folder]
    while pending and left > 0:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    left -= 1
                    total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
        except OSError:
            continue  # closed, or gone while we looked
    return total


def threads_of_user(uid: int) -> int:
    """How many threads a user runs on this machine: what RLIMIT_NPROC counts."""
    count = 0
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                if folder.stat().st_uid == uid:
                    count += _of_process(int(folder.name))[1]
            except OSError:
                continue  # it ended while we looked
    return count


def _of_process(pid: int) -> tuple[int, int]:
    total, threads = 0, 0
    try:
        text = (_PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0, 0
    for line in text.splitlines():
        if line.startswith(("RssAnon:", "RssShmem:")):
            total += int(line.split()[1]) << 10
        elif line.startswith("Threads:"):
            threads = int(line.split()[1])
    return total, threads


def children_of_process(pid: int) -> list[int]:
    """The children of one process, by the kernel's own lists: no look at every process there is."""
    found: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    except FileNotFoundError:
        # Either the process has ended, or the kernel was built without these lists.
        return children_of(pid) if (_PROC / str(pid)).exists() else []
    except OSError:
        return []
    return found
