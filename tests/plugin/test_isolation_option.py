"""``--lm-isolation``: which tier runs a submission, and that the report says so."""

from __future__ import annotations

import os

import pytest


def test_an_unknown_tier_is_a_usage_error_that_lists_the_tiers(student):
    result = student.run("--lm-chapter=mini:1", "--lm-isolation=sandcastle")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --lm-isolation: wanted one of process, sandbox, none*, got 'sandcastle'"]
    )


@pytest.mark.parametrize(
    ("options", "tier"),
    [([], "process"), (["--lm-isolation=process"], "process"), (["--lm-isolation=none"], "none")],
)
def test_the_report_names_the_tier_and_the_answers_run_in_it(student, options, tier):
    student.write(
        mini_ch01="""
        import os

        def rectangle(width, height):
            raise RuntimeError(os.getpid())
        """
    )
    _, report = student.grade("--lm-problem=mini/1.1", "-k", "value", *options)
    assert report["isolation"] == tier
    own_process = f"RuntimeError: {os.getpid()} " in report["cases"][0]["message"]
    assert own_process is (tier == "none")
