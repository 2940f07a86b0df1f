"""The parts of a failure text, one by one; whole texts are in tests/golden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_lmworkbook.judge.verdict import CaseResult, Reason, Verdict
from pytest_lmworkbook.report.failure import render_failure

RESULT = CaseResult(
    problem="lm/4.1", case="value", kind="derive", title="A title", verdict=Verdict.WRONG_ANSWER,
    reason=Reason.VALUE, points=0.0, max_points=1 / 3, message="first\nsecond",
)  # fmt: skip


def test_the_least_that_a_failure_says():
    assert render_failure(replace(RESULT, title="", reason=None, message="")).splitlines() == [
        "lm/4.1::value: WRONG_ANSWER, 0 of 0.3333 points",
        "  rerun:    pytest --lm-problem lm/4.1 -k value",
    ]


def test_every_part_in_its_place():
    result = replace(
        RESULT, expected="1\n2", actual="3", counterexample="x = 1\nf(x)", hints=("one", "two")
    )
    text = render_failure(
        result, evidence=("more",), trace="Traceback\n  line\n", output="printed\n"
    )
    assert text.splitlines() == [
        "lm/4.1::value  A title: WRONG_ANSWER (value), 0 of 0.3333 points",
        "  first",
        "  second",
        "  more",
        "",
        "  smallest input that shows it:",
        "    x = 1",
        "    f(x)",
        "  expected: 1",
        "            2",
        "  actual:   3",
        "",
        "  Traceback",
        "    line",
        "",
        "  printed by the submission:",
        "    printed",
        "  hint 1:   one",
        "  hint 2:   two",
        "  rerun:    pytest --lm-problem lm/4.1 -k value",
    ]


@pytest.mark.parametrize(
    ("count", "shown", "left_out"), [(12, 12, False), (13, 13, True), (5000, 13, True)]
)
def test_a_print_loop_does_not_bury_the_message(count, shown, left_out):
    output = "\n".join(f"line {number}" for number in range(count))
    text = render_failure(RESULT, output=output)
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) == shown
    assert lines[-1] == f"    line {count - 1}"
    assert (f"... {count - 12} lines before" in text) is left_out
