"""Time whole processes: commands take turns, so that a busy moment of the machine hits all of them.

Knows nothing of problems; every benchmark of whole runs goes through here.
"""

from __future__ import annotations

import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


class Times(NamedTuple):
    """What one run took, in seconds.

    Processor time varies less than the clock on a machine that does other things too.
    """

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Command:
    """A pytest run in a folder of its own."""

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> Times:
        """Time one run.

        Raises:
            RuntimeError: The run failed, so that its time means nothing.
        """
        started, used = time.perf_counter(), _used_by_children()
        self.output()
        return Times(time.perf_counter() - started, _used_by_children() - used)

    def output(self) -> str:
        """What one run prints.

        Raises:
            RuntimeError: The run failed.
        """
        done = subprocess.run(
            [sys.executable, *self.arguments],
            cwd=self.folder,
            env={**_ordinary_environment(), **self.environment},
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


def take_turns(commands: Sequence[Command], runs: int) -> list[list[Times]]:
    """Times of each command; the first round only warms the disk cache."""
    for command in commands:
        command.run()
    rounds = [[command.run() for command in commands] for _ in range(runs)]
    return [list(times) for times in zip(*rounds, strict=True)]


def wall(times: Sequence[Times]) -> float:
    """The median by the clock."""
    return statistics.median(one.wall for one in times)


def processor(times: Sequence[Times]) -> float:
    """The median of processor time."""
    return statistics.median(one.processor for one in times)


def wall_ratio(slower: Sequence[Times], faster: Sequence[Times]) -> float:
    """The median over rounds of how many times as long the first took."""
    return statistics.median(a.wall / b.wall for a, b in zip(slower, faster, strict=True))


def processor_difference(slower: Sequence[Times], faster: Sequence[Times]) -> float:
    """The median over rounds of the processor time that the first took more."""
    pairs = zip(slower, faster, strict=True)
    return statistics.median(a.processor - b.processor for a, b in pairs)


def empty_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder in which pytest looks for no configuration further up."""
    folder = tempfile.TemporaryDirectory(prefix="lmworkbook-benchmark-")
    Path(folder.name, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return folder


def _ordinary_environment() -> dict[str, str]:
    """As a student has it: compiled modules are kept between runs, here in a folder of their own."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"}
    }
    return {**environment, "PYTHONPYCACHEPREFIX": _bytecode().name}


@functools.cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="lmworkbook-bytecode-")


def _used_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
