"""``--lm-chapter``: which problems a run grades."""

from __future__ import annotations

import pytest

CHAPTER_1 = ["mini/1.1::value", "mini/1.1::formula", "mini/1.2::value", "mini/1.2::formula"]
CHAPTER_2 = ["mini/2.1::choice", "mini/2.2::order"]
CHAPTER_3 = ["mini/3.1::matches_reference", "mini/3.1::deterministic"]


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("1", CHAPTER_1),
        ("01", CHAPTER_1),
        ("1-2", CHAPTER_1 + CHAPTER_2),
        ("3,1", CHAPTER_1 + CHAPTER_3),
        ("1,1-1", CHAPTER_1),
        ("4", []),
        ("2-4", CHAPTER_2 + CHAPTER_3),
    ],
)
def test_it_selects_the_cases_of_the_chapters_in_the_workbooks_order(
    student, nodeids, spec, wanted
):
    result = student.run("--lm-workbook=mini", f"--lm-chapter={spec}", "--collect-only", "-q")
    assert nodeids(result) == wanted


def test_a_workbook_may_stand_before_the_colon(student, nodeids):
    result = student.run("--lm-chapter=mini:2", "--collect-only", "-q")
    assert nodeids(result) == CHAPTER_2


def test_the_colon_wins_over_the_workbook_option(student, nodeids):
    result = student.run("--lm-workbook=lm", "--lm-chapter=mini:2", "--collect-only", "-q")
    assert nodeids(result) == CHAPTER_2


def test_a_number_alone_means_the_default_workbook(student, nodeids):
    result = student.run("--lm-chapter=2", "--collect-only", "-q")
    assert nodeids(result) == ["lm/2.5::order"]


def test_the_second_builtin_workbook_is_found_behind_an_own_set(student, nodeids):
    result = student.run("--lm-chapter=tm:0", "--collect-only", "-q")
    problems = dict.fromkeys(line.partition("::")[0] for line in nodeids(result))
    assert list(problems) == ["tm/0.4", "tm/0.5", "tm/0.6"]


def test_an_unknown_chapter_is_a_usage_error_that_lists_what_there_is(student):
    result = student.run("--lm-chapter=mini:17")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --lm-chapter: no chapter '17', there is 1, 2, 3, 4*"])


@pytest.mark.parametrize("spec", ["6-4", "4-", "four!", "1,,2", "mini:"])
def test_a_spec_that_cannot_be_read_is_a_usage_error_with_an_example(student, spec):
    result = student.run(f"--lm-chapter={spec}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --lm-chapter: wanted chapters such as 4, 4-6 or 2,4, got *"]
    )


def test_the_students_own_tests_stay_out(student, nodeids):
    student.write(test_own="def test_own(): assert False\n")
    result = student.run("--lm-chapter=mini:2", "--collect-only", "-q")
    assert nodeids(result) == CHAPTER_2
