"""Measure costs that have a budget, and print a table: what, measured, budget, within.

    python -m benchmarks [--runs 11]

Takes a few minutes. Times are medians of runs that take turns; nothing here ever fails because of a time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import round_trip
from benchmarks.import_log import HEAVY
from benchmarks.numbers_set import CHAPTER, PROBLEMS, write_numbers_set
from benchmarks.processes import (
    DEPENDENCIES,
    QUIET,
    Command,
    Times,
    empty_folder,
    processor,
    processor_difference,
    pytest_command,
    take_turns,
    wall,
    wall_ratio,
)
from benchmarks.torch_imports import ROOT, count_imports, describe
from pytest_lmworkbook.builtin_set import builtin_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SUBMISSION = ROOT / "examples" / "complete_submission"
IDLE_BUDGET_MS = 15
FORBIDDEN_WHEN_IDLE = ("torch", "hypothesis", "numpy", "yaml", "rich", "pydantic")
NUMBERS_BUDGET = 2.0
BUILD_BUDGET_S = 30
_LIST_IMPORTED = (
    "import sys, pytest; pytest.main(sys.argv[2:]); "
    "print('imported:', *[name for name in sys.argv[1].split(',') if name in sys.modules])"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; ``within`` is None where there is no budget."""

    what: str
    measured: str
    budget: str = ""
    within: bool | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """The four texts."""
        word = {True: "yes", False: "NO", None: ""}[self.within]
        return self.what, self.measured, self.budget, word


def idle_plugin(runs: int) -> Iterator[Row]:
    """What the installed plugin costs a run that uses none of it."""
    with empty_folder() as name:
        folder = Path(name)
        bare = pytest_command(folder, *DEPENDENCIES, "-p", "no:lmworkbook")
        ours = pytest_command(folder, *DEPENDENCIES)
        everything = pytest_command(folder)
        # Short runs and a small difference: more rounds than for the others.
        without, with_ours = take_turns([bare, ours], 3 * runs)
        with_all, alone = take_turns([everything, ours], runs)
        listed = Command(
            ("-c", _LIST_IMPORTED, ",".join(HEAVY), *QUIET, *DEPENDENCIES), folder
        ).output()
    cost = processor_difference(with_ours, without) * 1e3
    yield Row(
        "idle plugin, per pytest run",
        f"{cost:.0f} ms of processor time ({_shown(with_ours)} with, {_shown(without)} without)",
        f"<= {IDLE_BUDGET_MS} ms",
        cost <= IDLE_BUDGET_MS,
    )
    imported = listed.rpartition("imported:")[2].split()
    yield Row(
        "idle plugin, heavy modules imported",
        ", ".join(imported) or "none",
        f"none of {', '.join(FORBIDDEN_WHEN_IDLE)}",
        not set(imported) & set(FORBIDDEN_WHEN_IDLE),
    )
    theirs = processor_difference(with_all, alone) * 1e3
    yield Row("pytest plugins of hypothesis and jaxtyping, idle", f"{theirs:.0f} ms", "not ours")


def numbers_only(runs: int) -> Iterator[Row]:
    """A numbers-only chapter, against an empty run that has imported hypothesis."""
    with empty_folder() as name, tempfile.TemporaryDirectory() as place:
        Path(name, "conftest.py").write_text("import hypothesis\n", encoding="utf-8")
        problem_set, submission = write_numbers_set(Path(place))
        options = ("--lm-chapter", CHAPTER, "--lm-problems", str(problem_set))
        empty, graded = take_turns(
            [pytest_command(Path(name)), pytest_command(submission, *options)], runs
        )
        imports = count_imports(submission, *options)
    ratio = wall_ratio(graded, empty)
    yield Row(
        f"numbers-only chapter ({PROBLEMS} problems), whole process",
        f"{ratio:.2f} x ({wall(graded):.2f} s; empty run with hypothesis {wall(empty):.2f} s)",
        f"<= {NUMBERS_BUDGET:g} x",
        ratio <= NUMBERS_BUDGET,
    )
    torch = sum(counts["torch"] for counts in imports.values())
    yield Row("numbers-only chapter, torch imports", str(torch), "0", torch == 0)
    yield Row("numbers-only chapter, heavy imports", describe(imports))


def round_trips(_runs: int) -> Iterator[Row]:
    """A call with small tensors through a worker."""
    found = round_trip.measure()
    budget = round_trip.BUDGET_MS
    yield Row(
        "judge-worker round trip, three (2, 3) tensors",
        f"{found['median_ms']:.2f} ms (95 %: {found['p95_ms']:.2f} ms)",
        f"<= {budget:g} ms",
        found["median_ms"] <= budget,
    )
    yield Row(
        "a warm worker",
        f"open {found['open_ms']:.0f} ms, close {found['close_ms']:.0f} ms",
    )


def build_chapters(runs: int) -> Iterator[Row]:
    """Each chapter that has a `build` problem, on the complete submission."""
    for workbook, chapter in _chapters_with("build"):
        options = ("--lm-workbook", workbook, "--lm-chapter", chapter)
        (times,) = take_turns([pytest_command(SUBMISSION, *options)], max(3, runs // 3))
        took = wall(times)
        yield Row(
            f"chapter {workbook}:{chapter}, default examples",
            f"{took:.1f} s",
            f"<= {BUILD_BUDGET_S} s",
            took <= BUILD_BUDGET_S,
        )
        counts = count_imports(SUBMISSION, *options)
        torch = {role: names["torch"] for role, names in counts.items()}
        yield Row(
            f"chapter {workbook}:{chapter}, torch imports",
            ", ".join(f"{role} {times}" for role, times in torch.items()),
            "<= 1 in the judge, <= 1 in the server, 0 in workers",
            torch["judge"] <= 1 and torch["server"] <= 1 and torch["worker"] == 0,
        )


def _chapters_with(kind: str) -> list[tuple[str, str]]:
    """Workbook and chapter of the built-in problems of a kind."""
    listed = Command(("-m", "pytest_lmworkbook.cli", "list", "--json"), builtin_root()).output()
    found = {(one["workbook"], one["chapter"]) for one in json.loads(listed) if one["kind"] == kind}
    return sorted(found)


def machine() -> str:
    """What the numbers depend on; no name of the machine, no path."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pytest", "hypothesis", "torch"))
    cores = len(os.sched_getaffinity(0))
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {cores} cores, "
        f"Python {platform.python_version()}, {libraries}"
    )


def render(rows: Sequence[Row]) -> str:
    """The table, as Markdown that also reads well in a terminal."""
    lines = [("what", "measured", "budget", "within?"), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    texts = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([texts[0], rule, *texts[1:]])


def _shown(times: Sequence[Times]) -> str:
    return f"{processor(times):.3f} s"


def main() -> None:
    """Measure everything, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="rounds of each comparison")
    runs = parser.parse_args().runs
    groups: list[Callable[[int], Iterator[Row]]] = [
        idle_plugin,
        numbers_only,
        round_trips,
        build_chapters,
    ]
    rows: list[Row] = []
    for group in groups:
        print(f"measuring: {group.__doc__}", file=sys.stderr, flush=True)
        rows.extend(group(runs))
    print(f"{machine()}; medians of {runs} rounds\n\n{render(rows)}")


if __name__ == "__main__":
    main()
