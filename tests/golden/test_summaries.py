"""The whole summary table, wide and narrow, for a run in which every verdict occurs."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.judge.verdict import CaseResult, RunResult, Verdict
from pytest_lmworkbook.report.jsonfile import render
from pytest_lmworkbook.report.terminal import render_summary

CHAPTERS = {
    "4": "GPUs and the roofline",
    "11": "A chapter with quite a long title, longer than most",
}


def case(problem, name, verdict, points=1.0, **others):
    earned = points if verdict is Verdict.ACCEPTED else 0.0
    chapter = "11" if problem.startswith("lm/11") else "4"
    title = others.pop("title", f"The title of {problem}")
    return CaseResult(
        problem=problem, case=name, kind=others.pop("kind", "derive"), verdict=verdict, title=title,
        chapter=chapter, points=earned, max_points=points, **others,
    )  # fmt: skip


RUN = RunResult(
    version="0.0.0",
    workbook="lm",
    submission="/somewhere",
    variant="",
    seed="public",
    isolation="process",
    device="cpu",
    started_at="2026-01-01T00:00:00+00:00",
    duration_s=1.25,
    cases=(
        case("lm/4.1", "value", Verdict.ACCEPTED, 0.5),
        case("lm/4.1", "formula", Verdict.ACCEPTED, 0.5),
        case("lm/4.2", "value", Verdict.ACCEPTED, 0.5),
        case("lm/4.2", "formula", Verdict.NOT_ATTEMPTED, 0.5, message="a number was given"),
        case("lm/4.3", "value", Verdict.WRONG_ANSWER, 0.5, message="upside down"),
        case("lm/4.3", "formula", Verdict.NOT_RUN, 0.5, message="waits for value (wrong answer)"),
        case("lm/4.4", "choice", Verdict.CRASHED, kind="choose"),
        case("lm/4.5", "order", Verdict.TIMED_OUT, 2, kind="order", title="Räume, 数 and a long title"),
        case("lm/4.6", "design", Verdict.OUT_OF_MEMORY, kind="design"),
        case("lm/4.7", "line", Verdict.NOT_ATTEMPTED, kind="bug"),
        case("lm/11.1", "matches_reference", Verdict.ACCEPTED, 1.5, kind="build", title="T" * 90),
        case("lm/11.1", "keeps_dtype", Verdict.WRONG_ANSWER, 0.5, kind="build", title="T" * 90),
        case("lm/11.1", "deterministic", Verdict.ACCEPTED, 1 / 3, kind="build", title="T" * 90),
        case("lm/11.2", "problem-file", Verdict.JUDGE_ERROR, kind="", title=""),
        case("lm/11.3", "matches_reference", Verdict.NOT_RUN, 3, kind="kernel"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("width", [100, 60])
def test_summary(golden, width):
    text = render_summary(
        RUN, title="Language models from scratch", chapters=CHAPTERS, width=width, color=False
    )
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= width
    golden(f"summary-{width}.txt", text)


def test_colours_are_asked_for(golden):
    text = render_summary(RUN, title="T", chapters=CHAPTERS, width=100, color=True)
    assert "\x1b[32m" in text


def test_json_report(golden):
    golden("report.json", render(RUN))
