"""``--lm-report FORMAT:PATH``."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize("target", ["jsn:r.json", "json", "json:", "r.json", ":r.json"])
def test_a_bad_target_is_a_usage_error_that_lists_the_formats(student, target):
    result = student.run("--lm-chapter=mini:2", f"--lm-report={target}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --lm-report: wanted FORMAT:PATH with one of the formats json*, got *"]
    )


def test_the_report_has_every_key_of_its_schema(student):
    student.answer_all()
    result, report = student.grade("--lm-chapter=mini:2", "--lm-isolation=none")
    assert set(report) == {
        "schema", "version", "workbook", "submission", "variant", "seed", "isolation", "device",
        "points", "max_points", "started_at", "duration_s", "cases",
    }  # fmt: skip
    assert report["schema"] == "lmworkbook/result/v1"
    assert report["workbook"] == "mini"
    assert set(report["cases"][0]) >= {
        "problem", "case", "kind", "verdict", "reason", "points", "max_points", "message", "expected",
        "actual", "counterexample", "mistake", "hints", "metrics", "duration_s",
    }  # fmt: skip
    result.stdout.fnmatch_lines(["json report: */graded.json"])


def test_a_folder_that_is_not_there_is_made(student):
    student.answer_all()
    student.run("--lm-chapter=mini:2", "--lm-isolation=none", "--lm-report=json:new/folder/r.json")
    path = student.pytester.path / "new" / "folder" / "r.json"
    assert json.loads(path.read_text(encoding="utf-8"))["points"] == 2


def test_a_path_that_cannot_be_written_is_told_and_ends_with_3(student):
    student.answer_all()
    student.pytester.makefile(".txt", blocked="a file, where a folder is wanted")
    result = student.run("--lm-chapter=mini:2", "--lm-report=json:blocked.txt/r.json", apart=True)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        ["ERROR: the json report could not be written to */blocked.txt/r.json: *"]
    )
    result.assert_outcomes(passed=2)


def test_one_report_that_cannot_be_written_does_not_stop_the_next(student):
    student.answer_all()
    student.pytester.makefile(".txt", blocked="a file, where a folder is wanted")
    result = student.run(
        "--lm-chapter=mini:2", "--lm-isolation=none",
        "--lm-report=json:blocked.txt/r.json", "--lm-report=json:second.json",
    )  # fmt: skip
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert (student.pytester.path / "second.json").exists()


def test_a_report_that_is_written_again_is_replaced_whole(student):
    student.answer_all()
    path = student.pytester.path / "graded.json"
    path.write_text("x" * 100_000, encoding="utf-8")
    _, report = student.grade("--lm-chapter=mini:2", "--lm-isolation=none")
    assert report["points"] == 2
    assert [one.name for one in path.parent.glob(".graded*")] == []
