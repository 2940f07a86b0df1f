"""``-n 2``: the same points in the terminal, in JUnit XML and in the JSON report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

MIXED_1 = """
    rectangle = 84

    def box(edge):
        return 6 * edge ** 2
"""
VERDICTS = {
    "mini/1.1::value": "accepted",
    "mini/1.1::formula": "not_attempted",
    "mini/1.2::value": "wrong_answer",
    "mini/1.2::formula": "not_run",
    "mini/2.1::choice": "accepted",
    "mini/2.2::order": "accepted",
}


@pytest.fixture
def mixed(student):
    student.answer_all()
    student.write(mini_ch01=MIXED_1)
    return student


def junit_points(path):
    cases = ET.parse(path).iter("testcase")  # our own file
    properties = [
        {one.get("name"): one.get("value") for one in case.iter("property")} for case in cases
    ]
    return (
        sum(float(one["lm_points"]) for one in properties),
        sum(float(one["lm_max_points"]) for one in properties),
    )


def test_points_agree_in_all_reports(mixed, verdicts):
    result, report = mixed.grade(
        "--lm-chapter=mini:1-2", "-n2", "--junitxml=x.xml", "-ojunit_family=xunit1", apart=True
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(report) == VERDICTS
    # In the workbook's order, whichever worker was faster.
    assert list(verdicts(report)) == list(VERDICTS)
    assert (report["points"], report["max_points"]) == (3, 5)
    assert sum(case["points"] for case in report["cases"]) == 3
    assert junit_points(mixed.pytester.path / "x.xml") == (3, 5)
    result.stdout.fnmatch_lines(["Total * 3 / 5 points, 2 of 4 *solved*"])


def test_a_run_without_xdist_says_the_same(mixed, verdicts):
    result, report = mixed.grade("--lm-chapter=mini:1-2", "--junitxml=x.xml")
    assert verdicts(report) == VERDICTS
    assert (report["points"], report["max_points"]) == (3, 5)
    assert junit_points(mixed.pytester.path / "x.xml") == (3, 5)
    result.stdout.fnmatch_lines(["Total * 3 / 5 points, 2 of 4 *solved*"])


@pytest.mark.slow  # three processes of pytest
def test_x_keeps_the_maximum_under_xdist_too(mixed):
    result, report = mixed.grade("--lm-chapter=mini:1-2", "-n2", "-x", apart=True)
    assert report["max_points"] == 5
    assert len(report["cases"]) == 6
    result.stdout.fnmatch_lines(["Total * / 5 points*"])
