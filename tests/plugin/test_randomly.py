"""pytest-randomly: another order, the same results."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_randomly")


def test_the_order_of_cases_changes_and_the_report_does_not(student, verdicts):
    student.answer_all()
    student.write(mini_ch01="def rectangle(width, height):\n    return width + height\n")
    student.options = []
    orders, reports = set(), []
    for seed in range(4):
        result, report = student.grade("--lm-chapter=mini:1-2", "-v", f"--randomly-seed={seed}")
        orders.add(tuple(line.split()[0] for line in result.outlines if "%]" in line))
        reports.append(
            [(case["problem"], case["case"], case["verdict"]) for case in report["cases"]]
        )
    assert len(orders) > 1
    assert reports == [reports[0]] * 4
    assert reports[0][0] == ("mini/1.1", "value", "wrong_answer")
    assert reports[0][1] == ("mini/1.1", "formula", "not_run")
