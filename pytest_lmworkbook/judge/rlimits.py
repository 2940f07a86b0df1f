"""Resource limits that a worker process sets on itself before it sees student code."""

from __future__ import annotations

import resource

from pytest_lmworkbook.judge.limits import MIB
from pytest_lmworkbook.judge.linux import data_bytes


def apply_limits(*, memory_mib: int, file_mib: int) -> None:
    """Bound memory and file size, and turn core dumps off.

    Memory is bounded by RLIMIT_DATA on top of what the process has: RLIMIT_AS also counts the address
    space that torch reserves without using it.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, file_mib * MIB)
    _lower(resource.RLIMIT_DATA, (data_bytes() or 0) + memory_mib * MIB)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))
