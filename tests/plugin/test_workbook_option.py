"""``--lm-workbook``: every chapter of one workbook."""

from __future__ import annotations

import pytest


def test_it_selects_every_chapter(student, nodeids):
    result = student.run("--lm-workbook=mini", "--collect-only", "-q")
    assert [line.partition("::")[0] for line in nodeids(result)] == [
        *["mini/1.1"] * 2, *["mini/1.2"] * 2, "mini/2.1", "mini/2.2", *["mini/3.1"] * 2,
    ]  # fmt: skip


def test_an_unknown_workbook_is_a_usage_error_that_lists_all_there_are(student):
    result = student.run("--lm-workbook=minni")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: no workbook 'minni', there is lm, mini, tm; did you mean 'mini'?"]
    )


def test_a_folder_that_is_not_there_is_a_usage_error(student):
    result = student.run("--lm-workbook=lm", "--lm-problems=nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --lm-problems: no such folder: */nowhere"])


def test_the_submission_may_be_elsewhere(student, pytester, verdicts):
    elsewhere = pytester.mkdir("elsewhere")
    student.write(mini_ch02='vowel = "the letter K"\n')
    (elsewhere / "mini").mkdir()
    (elsewhere / "mini" / "ch02.py").write_text('vowel = "the letter E"\n', encoding="utf-8")
    _, report = student.grade("--lm-chapter=mini:2", f"--lm-submission={elsewhere}")
    assert verdicts(report) == {
        "mini/2.1::choice": "accepted",
        "mini/2.2::order": "not_attempted",
    }
    assert report["submission"] == str(elsewhere)
