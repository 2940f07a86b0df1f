"""Submissions that hang, die or cannot be imported lose what they are about, and nothing else."""

from __future__ import annotations

import functools

import pytest

from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.limits import Limits

BOX = """
    def box(edge):
        return edge ** 3
"""


@pytest.fixture
def impatient(student, monkeypatch):
    """The same grading with limits that a test can wait for."""
    limits = Limits(call_s=0.5, import_s=2.0, total_s=5.0)
    monkeypatch.setattr(
        "pytest_lmworkbook.session.Grader", functools.partial(Grader, limits=limits)
    )
    student.answer_all()
    return student


def test_a_loop_without_end_loses_only_its_problem(impatient, verdicts):
    impatient.write(
        mini_ch01="""
        def rectangle(width, height):
            while True:
                pass

        def box(edge):
            return edge ** 3
        """
    )
    _, report = impatient.grade("--lm-chapter=mini:1-2")
    assert verdicts(report) == {
        "mini/1.1::value": "timed_out",
        "mini/1.1::formula": "not_run",
        "mini/1.2::value": "accepted",
        "mini/1.2::formula": "accepted",
        "mini/2.1::choice": "accepted",
        "mini/2.2::order": "accepted",
    }
    assert (report["points"], report["max_points"]) == (3, 5)
    assert "mini/ch01.py:" in report["cases"][0]["message"]  # where it hangs


def test_a_loop_on_import_loses_its_chapter(impatient, verdicts):
    impatient.write(mini_ch02="while True:\n    pass\n")
    _, report = impatient.grade("--lm-chapter=mini:1-2", "-k", "2.1 or 1.2")
    assert verdicts(report) == {
        "mini/1.2::value": "accepted",
        "mini/1.2::formula": "accepted",
        "mini/2.1::choice": "timed_out",
    }


@pytest.mark.parametrize("death", ["os._exit(0)", "os.abort()", "os.kill(os.getpid(), 9)"])
def test_a_worker_that_dies_is_replaced(student, verdicts, death):
    student.write(
        mini_ch01=f"""
        import os

        def rectangle(width, height):
            {death}

        def box(edge):
            return edge ** 3
        """
    )
    _, report = student.grade("--lm-chapter=mini:1")
    assert verdicts(report) == {
        "mini/1.1::value": "crashed",
        "mini/1.1::formula": "not_run",
        "mini/1.2::value": "accepted",
        "mini/1.2::formula": "accepted",
    }


@pytest.mark.parametrize("tier", ["process", "none"])
def test_sys_exit_is_a_crash_and_not_the_end_of_pytest(student, verdicts, tier):
    student.write(
        mini_ch01="""
        import sys

        def rectangle(width, height):
            sys.exit(0)

        def box(edge):
            return edge ** 3
        """
    )
    result, report = student.grade("--lm-chapter=mini:1", f"--lm-isolation={tier}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(report)["mini/1.1::value"] == "crashed"
    assert verdicts(report)["mini/1.2::formula"] == "accepted"
    assert "the code called sys.exit(0)" in report["cases"][0]["message"]


@pytest.mark.parametrize("tier", ["process", "none"])
def test_a_syntax_error_is_told_with_its_line_for_each_problem_of_the_chapter(
    student, verdicts, tier
):
    student.answer_all()
    student.write(mini_ch01="def rectangle(width, height):\n    return width * * height\n")
    _, report = student.grade("--lm-chapter=mini:1-2", f"--lm-isolation={tier}")
    assert verdicts(report) == {
        "mini/1.1::value": "crashed",
        "mini/1.1::formula": "not_run",
        "mini/1.2::value": "crashed",
        "mini/1.2::formula": "not_run",
        "mini/2.1::choice": "accepted",
        "mini/2.2::order": "accepted",
    }
    for case in report["cases"]:
        if case["verdict"] == "crashed":
            assert "mini/ch01.py:2" in case["message"]
            assert "SyntaxError" in case["message"]


def test_a_crash_shows_the_students_frames_and_none_of_ours(student):
    student.write(
        mini_ch01="""
        def rectangle(width, height):
            return deeper(width)

        def deeper(width):
            return width["no such key"]
        """
    )
    result = student.run("--lm-problem=mini/1.1", "-k", "value")
    text = result.stdout.str()
    assert 'File "mini/ch01.py", line 3, in rectangle' in text
    assert 'File "mini/ch01.py", line 6, in deeper' in text
    assert (
        "pytest_lmworkbook" not in text.partition("FAILURES")[2].partition("short test summary")[0]
    )


def test_what_a_submission_prints_is_shown_with_its_failure(student):
    student.write(mini_ch01='print("hello from the worker")\nrectangle = 1\n')
    result = student.run("--lm-problem=mini/1.1", "-k", "value")
    result.stdout.fnmatch_lines(["  printed by the submission:", "    hello from the worker"])
