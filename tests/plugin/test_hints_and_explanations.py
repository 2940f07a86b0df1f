"""``--lm-hint`` with failures, ``--lm-explain`` with what was solved."""

from __future__ import annotations

import pytest

HINTS = ["The rectangle is 12 wide.", "How many squares of size 1 fit into 7 rows?"]
EXPLANATION = "Width times height is 12 x 7 = 84."


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_as_many_hints_as_asked_for_and_there_are(student, count):
    student.write(mini_ch01="rectangle = 1\n")
    result, report = student.grade(
        "--lm-problem=mini/1.1", "-k", "value", "--lm-isolation=none", *["--lm-hint"] * count
    )
    assert report["cases"][0]["hints"] == HINTS[:count]
    shown = [line for line in result.outlines if line.startswith("  hint ")]
    assert len(shown) == min(count, 2)
    assert all(hint in line for hint, line in zip(HINTS, shown, strict=False))


def test_what_was_solved_gets_no_hint(student):
    student.write(mini_ch01="rectangle = 84\n")
    _, report = student.grade(
        "--lm-problem=mini/1.1", "-k", "value", "--lm-isolation=none", "--lm-hint"
    )
    assert report["cases"][0]["hints"] == []


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("def rectangle(width, height):\n    return width * height\n", True),
        ("rectangle = 84\n", False),  # half of it
        ("rectangle = 1\n", False),
        ("rectangle = None\n", False),
    ],
)
def test_only_what_was_solved_whole_is_explained(student, answer, shown):
    student.write(mini_ch01=answer)
    result = student.run("--lm-problem=mini/1.1", "--lm-isolation=none", "--lm-explain")
    assert (EXPLANATION in result.stdout.str()) is shown


def test_nothing_is_explained_unasked(student):
    student.answer_all()
    result = student.run("--lm-chapter=mini:1", "--lm-isolation=none")
    assert EXPLANATION not in result.stdout.str()
