"""Count the imports of heavy libraries in every process of one graded run."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.import_log import LOG_VARIABLE, STARTED
from benchmarks.processes import pytest_command

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
ROLES = ("judge", "server", "worker")


def count_imports(folder: Path, *arguments: str) -> Mapping[str, Counter[str]]:
    """Role to how often each library was executed, over all processes of that role.

    Raises:
        RuntimeError: A process that the run must have had was not watched.
    """
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "imports.log")
        pytest_command(
            folder,
            *("-p", "no:hypothesispytest", "-p", "benchmarks.import_log", *arguments),
            PYTHONPATH=str(ROOT),
            **{LOG_VARIABLE: str(log)},
        ).run()
        lines = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    found = {role: Counter(name for who, _, name in lines if who == role) for role in ROLES}
    if blind := [role for role in ROLES if not found[role][STARTED]]:
        raise RuntimeError(f"not watched, so nothing is known of their imports: {', '.join(blind)}")
    return found


def describe(found: Mapping[str, Counter[str]]) -> str:
    """Each role with its libraries."""
    parts = []
    for role, counts in found.items():
        names = [
            name if times == 1 else f"{name} x{times}"
            for name, times in sorted(counts.items())
            if name != STARTED
        ]
        parts.append(f"{role}: {', '.join(names) or 'none'}")
    return "; ".join(parts)
