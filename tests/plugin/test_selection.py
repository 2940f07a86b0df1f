"""``-k``, nodeids, ``--lf``, ``-x`` and ``-p no:cacheprovider``: as pytest users expect them."""

from __future__ import annotations

import pytest

WRONG_AREA = """
    def rectangle(width, height):
        return width + height

    def box(edge):
        return edge ** 3
"""


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("choice", ["mini/2.1::choice"]),
        ("value and not 1.1", ["mini/1.2::value"]),
        ("mini/2.2", ["mini/2.2::order"]),
        ("value or order", ["mini/1.1::value", "mini/1.2::value", "mini/2.2::order"]),
    ],
)
def test_k_selects_by_case_and_by_problem(student, nodeids, expression, wanted):
    result = student.run("--lm-workbook=mini", "-k", expression, "--collect-only", "-q")
    assert nodeids(result) == wanted


def test_a_case_that_is_deselected_has_no_place_in_the_report(student, verdicts):
    student.answer_all()
    _, report = student.grade("--lm-chapter=mini:1", "-k", "1.2")
    assert verdicts(report) == {"mini/1.2::value": "accepted", "mini/1.2::formula": "accepted"}
    assert report["max_points"] == 1


def test_a_case_alone_grades_what_it_depends_on(student, verdicts):
    student.write(mini_ch01=WRONG_AREA)
    _, report = student.grade("--lm-chapter=mini:1", "-k", "formula and 1.1")
    assert verdicts(report) == {"mini/1.1::formula": "not_run"}
    assert report["cases"][0]["message"] == "waits for value (wrong answer)"


def test_lf_grades_only_what_failed_last(student, verdicts):
    student.write(mini_ch01=WRONG_AREA)
    student.run("--lm-chapter=mini:1")
    _, report = student.grade("--lm-chapter=mini:1", "--lf")
    assert verdicts(report) == {"mini/1.1::value": "wrong_answer"}
    student.answer_all()
    _, report = student.grade("--lm-chapter=mini:1", "--lf")
    assert verdicts(report) == {"mini/1.1::value": "accepted"}


def test_ff_puts_failures_first(student):
    student.write(mini_ch01=WRONG_AREA, mini_ch02='vowel = "the letter K"')
    student.run("--lm-chapter=mini:1-2", "-k", "2.1")
    result = student.run("--lm-chapter=mini:1-2", "--ff", "-v")
    lines = [line for line in result.outlines if "%]" in line]
    assert lines[0].startswith("mini/2.1::choice FAILED")


def test_no_cacheprovider(student):
    student.answer_all()
    result = student.run("--lm-chapter=mini:1", "-pno:cacheprovider")
    result.assert_outcomes(passed=4)
    assert not (student.pytester.path / ".pytest_cache").exists()


def test_x_ends_the_run_and_the_rest_is_not_run_with_its_points_in_the_maximum(student, verdicts):
    student.answer_all()
    student.write(mini_ch01=WRONG_AREA)
    result, report = student.grade("--lm-workbook=mini", "-x", "--lm-isolation=none")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = verdicts(report)
    assert found.pop("mini/1.1::value") == "wrong_answer"
    assert set(found.values()) == {"not_run"}
    assert len(found) == 7
    assert (report["points"], report["max_points"]) == (0, 8)
    later = report["cases"][-1]
    assert later["message"] == "the run ended before this case had a result"
    assert (later["kind"], later["title"], later["chapter"]) == ("build", "Double a number", "3")
