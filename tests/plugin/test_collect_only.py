"""``--collect-only``: shows the cases, runs nothing."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.judge.in_process import InProcessIsolation
from pytest_lmworkbook.judge.process import ProcessIsolation


@pytest.mark.parametrize(
    ("tier", "name"), [(ProcessIsolation, "process"), (InProcessIsolation, "none")]
)
def test_it_starts_no_worker_and_imports_no_answer(student, monkeypatch, tier, name):
    def refuse(*args, **named):
        raise AssertionError("--collect-only must not touch the submission")

    monkeypatch.setattr(tier, "start", refuse)
    monkeypatch.setattr(tier, "open", refuse)
    student.write(mini_ch01="raise SystemExit('imported')\n")
    result = student.run("--lm-workbook=mini", "--collect-only", f"--lm-isolation={name}")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*<ProblemNode mini/1.1>*", "*<CaseItem value>*"])
    assert "Total" not in result.stdout.str()


def test_the_control_that_a_run_does_start_it(student, monkeypatch):
    started = []

    def note(tier):
        started.append(tier)

    monkeypatch.setattr(ProcessIsolation, "start", note)
    student.answer_all()
    student.run("--lm-chapter=mini:2").assert_outcomes(passed=2)
    assert len(started) == 1
