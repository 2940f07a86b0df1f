"""Resource limits that a worker process sets on itself before it sees student code."""

from __future__ import annotations

import os
import resource

from pytest_lmworkbook.judge.limits import MIB
from pytest_lmworkbook.judge.linux import data_bytes


def apply_limits(
    *, memory_mib: int, file_mib: int, cpu_s: int, processes: int, open_files: int
) -> None:
    """Bound what one process may use, and turn core dumps off.

    Memory is bounded by RLIMIT_DATA on top of what the process has: RLIMIT_AS also counts the address
    space that torch reserves without using it. What a family of processes uses is `watch`'s to bound.

    Args:
        processes: Of the whole user, those outside the box included; root is never bound by it.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, file_mib * MIB)
    _lower(resource.RLIMIT_DATA, (data_bytes() or 0) + memory_mib * MIB)
    _lower(resource.RLIMIT_CPU, int(sum(os.times()[:2])) + cpu_s)
    _lower(resource.RLIMIT_NPROC, processes)
    _lower(resource.RLIMIT_NOFILE, open_files)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))
