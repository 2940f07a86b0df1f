"""``--lm-problem``: single problems by id."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--lm-problem=mini/2.1"], ["mini/2.1::choice"]),
        (["--lm-workbook=mini", "--lm-problem=2.1"], ["mini/2.1::choice"]),
        (["--lm-problem=mini/2.2,mini/2.1"], ["mini/2.1::choice", "mini/2.2::order"]),
        (["--lm-problem=2.5"], ["lm/2.5::order"]),
        (
            ["--lm-chapter=mini:1", "--lm-problem=mini/1.2"],
            ["mini/1.2::value", "mini/1.2::formula"],
        ),
    ],
)
def test_it_selects_the_cases_of_the_problems(student, nodeids, options, wanted):
    assert nodeids(student.run(*options, "--collect-only", "-q")) == wanted


def test_an_unknown_problem_is_a_usage_error_that_lists_what_there_is(student):
    result = student.run("--lm-problem=mini/1.7")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --lm-problem: no problem '1.7', there is 1.1, 1.2, 2.1, 2.2, 3.1*"]
    )


def test_problems_of_two_workbooks_are_a_usage_error(student):
    result = student.run("--lm-problem=mini/1.1,tm/0.4")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --lm-problem: one workbook at a time, got mini, tm"])
