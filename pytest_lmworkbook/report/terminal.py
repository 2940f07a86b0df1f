"""The summary below pytest's own output: chapters, problems, verdicts, points and progress."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pytest_lmworkbook.judge.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from pytest_lmworkbook.judge.verdict import CaseResult, RunResult

#: Below this width the titles are left out.
_WIDE = 72
_BAR = 20
_LOOKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.ACCEPTED: ("✓", "green"),
    Verdict.WRONG_ANSWER: ("✗", "red"),
    Verdict.CRASHED: ("✗", "red"),
    Verdict.TIMED_OUT: ("✗", "red"),
    Verdict.OUT_OF_MEMORY: ("✗", "red"),
    Verdict.NOT_ATTEMPTED: ("·", "bright_black"),
    Verdict.NOT_RUN: ("-", "yellow"),
    Verdict.JUDGE_ERROR: ("!", "magenta"),
}
#: When the cases of a problem differ, the first of these that occurs names the problem's verdict.
_WORST_FIRST = (
    Verdict.JUDGE_ERROR,
    Verdict.OUT_OF_MEMORY,
    Verdict.TIMED_OUT,
    Verdict.CRASHED,
    Verdict.WRONG_ANSWER,
    Verdict.NOT_RUN,
    Verdict.NOT_ATTEMPTED,
    Verdict.ACCEPTED,
)


def render_summary(
    run: RunResult, *, title: str, chapters: Mapping[str, str], width: int, color: bool
) -> str:
    """The whole summary as text.

    Args:
        run: The result object.
        title: The workbook's title.
        chapters: Chapter id to title.
        width: Columns of the terminal.
        color: Whether to use colours.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        legacy_windows=False,
    )
    parts: list[RenderableType] = [
        Rule(Text(title, style="bold"), align="left", style="bright_black")
    ]
    for chapter in dict.fromkeys(case.chapter for case in run.cases):
        mine = [case for case in run.cases if case.chapter == chapter]
        parts.append(_chapter_line(chapter, chapters.get(chapter, ""), mine, width))
        parts.append(_chapter_table(mine, width))
    parts.append(_total(run))
    console.print(Group(*parts))
    stream = console.file
    assert isinstance(stream, io.StringIO)  # made above; narrows for the type checker
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _chapter_line(chapter: str, title: str, cases: Sequence[CaseResult], width: int) -> Text:
    earned, possible = _points(cases)
    line = Text(f"Chapter {chapter}" + (f"  {title}" if width >= _WIDE else ""), style="bold")
    bar = _bar(earned, possible)
    score = f"  {earned:.4g} / {possible:.4g}"
    gap = max(2, width - line.cell_len - bar.cell_len - len(score))
    return Text.assemble(line, " " * gap, bar, score)


def _chapter_table(cases: Sequence[CaseResult], width: int) -> Table:
    table = Table.grid(padding=(0, 2), expand=width >= _WIDE)
    table.add_column(no_wrap=True)
    if width >= _WIDE:
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, style="bright_black")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for problem in dict.fromkeys(case.problem for case in cases):
        mine = [case for case in cases if case.problem == problem]
        earned, possible = _points(mine)
        cells: list[RenderableType] = [f"  {problem.partition('/')[2]}"]
        if width >= _WIDE:
            cells += [mine[0].title, mine[0].kind]
        table.add_row(*cells, _verdict(mine), f"{earned:.4g} / {possible:.4g}")
    return table


def _verdict(cases: Sequence[CaseResult]) -> Text:
    """The problem's verdict, and in how many of its cases when only some were accepted."""
    verdicts = [case.verdict for case in cases]
    accepted = verdicts.count(Verdict.ACCEPTED)
    worst = next(verdict for verdict in _WORST_FIRST if verdict in verdicts)
    mark, style = _LOOKS[worst]
    if not 0 < accepted < len(verdicts):
        return Text(f"{mark} {_words(worst)}", style=style)
    if worst is Verdict.NOT_ATTEMPTED:
        return Text(f"✓ {accepted} of {len(verdicts)} accepted", style="green")
    return Text(f"{mark} {_words(worst)}, {accepted} of {len(verdicts)} accepted", style=style)


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")


def _total(run: RunResult) -> Text:
    problems = {case.problem for case in run.cases}
    unsolved = {case.problem for case in run.cases if case.verdict is not Verdict.ACCEPTED}
    solved = len(problems) - len(unsolved)
    line = Text.assemble(
        ("Total  ", "bold"),
        _bar(run.points, run.max_points),
        f"  {run.points:.6g} / {run.max_points:.6g} points, {solved} of {len(problems)} solved",
    )
    line.append(f"  (isolation: {run.isolation}", style="bright_black")
    line.append(f", variant: {run.variant})" if run.variant else ")", style="bright_black")
    return line


def _bar(earned: float, possible: float) -> Text:
    filled = int(_BAR * earned / possible) if possible else 0
    return Text.assemble(("█" * filled, "green"), ("░" * (_BAR - filled), "bright_black"))


def _points(cases: Sequence[CaseResult]) -> tuple[float, float]:
    """Rounded as the run's totals are."""
    return round(sum(case.points for case in cases), 6), round(
        sum(case.max_points for case in cases), 6
    )
