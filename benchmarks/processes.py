"""Time whole processes: commands take turns, so that a busy moment of the machine hits all of them.

Knows nothing of problems; every benchmark of whole runs goes through here.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Not ours, not needed by a run of ours, and heavy enough to hide the difference that is looked for:
#: pytest-randomly, for one, imports numpy.
QUIET = (
    "-p",
    "no:randomly",
    "-p",
    "no:xdist",
    "-p",
    "no:xdist.looponfail",
    "-p",
    "no:cacheprovider",
)
#: The plugins of our dependencies; the cost of our own is measured without them.
DEPENDENCIES = ("-p", "no:hypothesispytest", "-p", "no:jaxtyping")

_NO_TESTS_RAN = 5


@dataclass(frozen=True, slots=True)
class Command:
    """A pytest run in a folder of its own."""

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> float:
        """The wall-clock time of one run, in seconds.

        Raises:
            RuntimeError: The run failed, so that its time means nothing.
        """
        started = time.perf_counter()
        self.output()
        return time.perf_counter() - started

    def output(self) -> str:
        """What one run prints.

        Raises:
            RuntimeError: The run failed.
        """
        done = subprocess.run(
            [sys.executable, *self.arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode not in {0, _NO_TESTS_RAN}:
            raise RuntimeError(
                f"exit {done.returncode} of {self.arguments}:\n{done.stdout[-4000:]}"
            )
        return done.stdout


def pytest_command(folder: Path, *arguments: str, **environment: str) -> Command:
    """``python -m pytest`` in a folder."""
    return Command(("-m", "pytest", *QUIET, *arguments), folder, environment)


def take_turns(commands: Sequence[Command], runs: int) -> list[list[float]]:
    """Wall-clock times of each command, in seconds; the first round only warms the disk cache."""
    for command in commands:
        command.run()
    rounds = [[command.run() for command in commands] for _ in range(runs)]
    return [list(times) for times in zip(*rounds, strict=True)]


def median_difference(slower: Sequence[float], faster: Sequence[float]) -> float:
    """The median over rounds of what the first took longer than the second."""
    return statistics.median(a - b for a, b in zip(slower, faster, strict=True))


def median_ratio(slower: Sequence[float], faster: Sequence[float]) -> float:
    """The median over rounds of how many times as long the first took."""
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def empty_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder in which pytest looks for no configuration further up."""
    folder = tempfile.TemporaryDirectory(prefix="lmworkbook-benchmark-")
    Path(folder.name, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return folder
