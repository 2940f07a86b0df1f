"""A bare ``pytest`` where the ini file names a workbook."""

from __future__ import annotations

import pytest


@pytest.fixture
def configured(student):
    student.answer_all()
    student.write(test_own="def test_own(): pass\n")
    student.pytester.makeini("[pytest]\nlm_workbook = mini\n")
    return student


def test_problems_come_after_the_students_own_tests(configured, nodeids):
    found = nodeids(configured.run("--collect-only", "-q"))
    assert found[0] == "test_own.py::test_own"
    assert found[1:3] == ["mini/1.1::value", "mini/1.1::formula"]
    assert len(found) == 9


def test_both_are_run(configured):
    result = configured.run("--lm-isolation=none")
    result.assert_outcomes(passed=9)
    assert result.ret == pytest.ExitCode.OK


def test_a_path_on_the_command_line_leaves_the_problems_out(configured):
    result = configured.run("test_own.py")
    result.assert_outcomes(passed=1)
    assert "workbook for tests" not in result.stdout.str()


def test_a_path_and_an_option_grade_both(configured, nodeids):
    found = nodeids(configured.run("test_own.py", "--lm-problem=mini/2.1", "--collect-only", "-q"))
    assert found == ["test_own.py::test_own", "mini/2.1::choice"]


def test_testpaths_are_no_paths_of_the_command_line(configured, nodeids):
    configured.pytester.makeini("[pytest]\nlm_workbook = mini\ntestpaths = test_own.py\n")
    found = nodeids(configured.run("--collect-only", "-q"))
    assert len(found) == 9


def test_options_win_over_the_ini_file(configured, nodeids):
    configured.pytester.makeini("[pytest]\nlm_workbook = tm\nlm_chapter = 0\n")
    found = nodeids(configured.run("--lm-workbook=mini", "--lm-chapter=2", "--collect-only", "-q"))
    assert found == ["mini/2.1::choice", "mini/2.2::order"]


def test_every_option_has_an_ini_key(configured):
    configured.pytester.makeini(
        f"""
        [pytest]
        lm_problem = mini/1.1
        lm_workbook = mini
        lm_problems = {configured.problem_set}
        lm_submission = sub
        lm_isolation = none
        lm_seed = salty
        lm_variant = green
        lm_thorough = true
        lm_hint = 1
        lm_explain = true
        lm_report = json:from-ini.json
        """
    )
    configured.pytester.mkdir("sub")
    configured.pytester.runpytest_inprocess("-pno:randomly").assert_outcomes(passed=1, skipped=2)
    text = (configured.pytester.path / "from-ini.json").read_text(encoding="utf-8")
    for wanted in ('"seed": "salty"', '"variant": "green"', '"isolation": "none"', '/sub"'):
        assert wanted in text


def test_a_project_without_the_key_is_left_alone(student):
    student.write(test_own="def test_own(): pass\n")
    result = student.run()
    result.assert_outcomes(passed=1)


def test_a_bad_count_of_hints_is_a_usage_error(configured):
    configured.pytester.makeini("[pytest]\nlm_workbook = mini\nlm_hint = many\n")
    result = configured.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: lm_hint: wanted a number of hints, got 'many'"])
