"""Which lines are guilty follows from the edit, also when it spans lines, adds some or takes some away."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.bug import _read_lines, guilty_lines, shown_lines

REFERENCE = '''
    def total(numbers: list[int]) -> int:
        """Sum of the numbers."""
        result = 0
        for number in numbers:
            half = number // 2
            result += number
        return result
'''
HUNT = """
    title: A sum
    kind: bug
    entry: hunt
    points: 2
    reference: reference/r.py::total
    prompt: Find it.
    bug:
      BUG
    lines:
      - {contains: "return result", says: Returning is right.}
"""


@pytest.fixture
def hunt(make_problem):
    def make(*edits):
        listed = "".join(
            f"\n      - replace: {old!r}\n        with: {new!r}\n        says: It is wrong."
            for old, new in edits
        )
        return make_problem(HUNT.replace("\n      BUG", listed), REFERENCE)

    return make


@pytest.mark.parametrize(
    ("edits", "guilty"),
    [
        ([("result = 0", "result = 1")], {2}),
        ([("result += number", "result += half")], {5}),
        ([("result = 0", "result = 1"), ("result += number", "result = number")], {2, 5}),
        # Text before the first line or behind the last of the function is the line's own.
        ([("return result", "return result + 1")], {6}),
        ([("numbers: list[int]", "numbers: list")], {1}),
    ],
)
def test_the_guilty_lines_are_those_that_differ(hunt, edits, guilty):
    assert guilty_lines(hunt(*edits)) == guilty


def test_the_shown_source_has_no_docstring_and_counts_from_1(hunt):
    shown = shown_lines(hunt(("result = 0", "result = 1")))
    assert shown[0] == "def total(numbers: list[int]) -> int:"
    assert shown[1] == "    result = 1"
    assert len(shown) == 6


@pytest.fixture
def hunt_block(make_problem):
    """One edit written as YAML block texts, which may span lines."""

    def make(old, new):
        block = (
            "replace: |-\n" + "\n".join(f"        {line}" for line in old)
            + ("\n      with: |-\n" + "\n".join(f"        {line}" for line in new) if new else '\n      with: ""')
            + "\n      says: It is wrong."
        )  # fmt: skip
        return make_problem(HUNT.replace("BUG", block), REFERENCE)

    return make


@pytest.mark.parametrize(
    ("old", "new", "guilty"),
    [
        # Two lines become two others.
        (["half = number // 2", "        result += number"], ["half = number", "        result += half"], {4, 5}),
        # A line is missing: the next one stands where it should be.
        (["half = number // 2", "        result += number"], ["half = number // 2"], {5}),
        # Two lines where one was: both.
        (["result += number"], ["result += number", "        result -= 1"], {6}),
    ],
)  # fmt: skip
def test_an_edit_may_span_lines(hunt_block, old, new, guilty):
    assert guilty_lines(hunt_block(old, new)) == guilty


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (3, {3}), ([3], {3}), ([3, 5], {3, 5}), ((5, 3), {3, 5}), ({3, 5}, {3, 5}), ([3, 3], {3}),
        ("3", set()), (3.0, set()), (True, set()), ([3, "5"], set()), ([3, True], set()), ([], set()), (None, set()),
    ],
)  # fmt: skip
def test_line_numbers_are_whole_numbers_alone_or_in_a_list(answer, lines):
    assert _read_lines(answer) == lines


@pytest.mark.parametrize(
    ("answer", "verdict", "message"),
    [
        ([2, 5], Verdict.ACCEPTED, ""),
        ([5, 2], Verdict.ACCEPTED, ""),
        ([2], Verdict.WRONG_ANSWER, "right so far, but 2 lines are wrong, not 1"),
        (2, Verdict.WRONG_ANSWER, "right so far, but 2 lines are wrong, not 1"),
        ([2, 3], Verdict.WRONG_ANSWER, "line 3 is right as it stands: for number in numbers:"),
        ([2, 5, 6], Verdict.WRONG_ANSWER, "Returning is right."),
        ([2, 7], Verdict.WRONG_ANSWER, "wanted a list of 2 line numbers from 1 to 6, got [2, 7]"),
        ([0], Verdict.WRONG_ANSWER, "wanted a list of 2 line numbers from 1 to 6, got [0]"),
        ("2, 5", Verdict.WRONG_ANSWER, "wanted a list of 2 line numbers from 1 to 6, got '2, 5'"),
    ],
)
def test_naming_all_guilty_lines_and_no_other_is_right(hunt, judge, answer, verdict, message):
    problem = hunt(("result = 0", "result = 1"), ("result += number", "result = number"))
    outcome = judge(problem, answer, "line")
    assert (outcome.verdict, outcome.message) == (verdict, message)


def test_a_stub_is_not_attempted_and_has_no_points(hunt, judge):
    problem = hunt(("result = 0", "result = 1"))
    assert judge(problem, None, "line").verdict is Verdict.NOT_ATTEMPTED


def test_a_list_where_one_line_is_guilty_is_fine(hunt, judge):
    problem = hunt(("result = 0", "result = 1"))
    assert judge(problem, [2], "line").verdict is Verdict.ACCEPTED
    assert judge(problem, 9, "line").reason is Reason.STRUCTURE


def test_a_bug_that_is_not_in_the_reference_is_a_fault_with_its_place(codes):
    text = HUNT.replace("BUG", "replace: result = 7\n      with: result = 8\n      says: Wrong.")
    assert codes(text, REFERENCE) == [(9, "edit-does-not-apply")]
