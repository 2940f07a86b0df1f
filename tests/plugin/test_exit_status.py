"""The exit status that a shell sees: 0 only when every attempted case was accepted and the judge had no fault."""

from __future__ import annotations

import pytest

from pytest_lmworkbook import cli


def test_untouched_stubs_are_not_attempted_and_end_well(student, verdicts, capsys):
    folder = student.pytester.path / "fresh"
    assert (
        cli.main(["new", str(folder), "--workbook", "mini", "--problems", str(student.problem_set)])
        == 0
    )
    result, report = student.grade(f"--lm-submission={folder}", "--lm-workbook=mini", apart=True)
    assert result.ret == pytest.ExitCode.OK
    assert set(verdicts(report).values()) == {"not_attempted"}
    assert (report["points"], report["max_points"], len(report["cases"])) == (0, 8, 8)
    result.assert_outcomes(skipped=8)


def test_right_answers_end_well(student, verdicts):
    student.answer_all()
    result, report = student.grade("--lm-chapter=mini:1-2")
    assert result.ret == pytest.ExitCode.OK
    assert set(verdicts(report).values()) == {"accepted"}
    assert (report["points"], report["max_points"]) == (5, 5)
    result.stdout.fnmatch_lines(["Total * 5 / 5 points, 4 of 4 *solved*"])


def test_one_wrong_answer_ends_with_1_and_its_own_sentence(student):
    student.answer_all()
    student.write(mini_ch02='vowel = "the letter K"\n')
    result = student.run("--lm-chapter=mini:1-2", apart=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "mini/2.1::choice  Find the vowel: WRONG_ANSWER (value), 0 of 1 points",
            "  K is a consonant.",
            "  rerun: *pytest --lm-problems=* --lm-problem mini/2.1 -k choice",
            "FAILED mini/2.1::choice - K is a consonant.",
        ]
    )
    # Nothing of ours is between the student and the message.
    assert "Traceback" not in result.stdout.str()
    assert "pytest_lmworkbook/" not in result.stdout.str()


def test_the_printed_command_reruns_just_that_case(student, verdicts):
    student.write(mini_ch01="rectangle = 19\n")
    result = student.run("--lm-chapter=mini:1")
    command = next(line for line in result.outlines if "rerun:" in line).partition("rerun:")[2]
    program, *options = command.split()
    assert program == "pytest"
    _, report = student.grade(*options)
    assert verdicts(report) == {"mini/1.1::value": "wrong_answer"}


def test_the_printed_command_keeps_the_variant(student):
    student.write(mini_ch01="rectangle = 84\n")
    result = student.run("--lm-problem=mini/1.1", "--lm-variant=ann", "--lm-isolation=none")
    command = next(line for line in result.outlines if "rerun:" in line)
    assert "--lm-variant=ann" in command
    assert "--lm-problems=" in command


def test_an_empty_repository_is_not_attempted(student, verdicts):
    result, report = student.grade("--lm-chapter=mini:1-2")
    assert result.ret == pytest.ExitCode.OK
    assert set(verdicts(report).values()) == {"not_attempted"}
