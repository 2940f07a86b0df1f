"""What the commands of ``lmworkbook`` print, whole."""

from __future__ import annotations

import pytest

from pytest_lmworkbook import cli
from pytest_lmworkbook.doctor import Finding, render_findings


@pytest.fixture
def call(capsys):
    def run(*argv):
        status = cli.main(argv)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("list.txt", ["list"]),
        ("list-lm.json", ["list", "--workbook", "lm", "--json"]),
        ("show-derive.txt", ["show", "lm/4.1"]),
        ("show-derive-explained.txt", ["show", "4.5", "--hint", "--hint", "--explain"]),
        ("show-variant.txt", ["show", "4.1", "--variant", "ann", "--explain"]),
        ("show-choose.txt", ["show", "lm/4.4"]),
        ("show-order.txt", ["show", "lm/2.5"]),
        ("show-design.txt", ["show", "tm/0.4"]),
        ("show-bug.txt", ["show", "tm/0.6"]),
        ("show-build.txt", ["show", "tm/1.6"]),
        ("show-kernel.txt", ["show", "lm/4.6"]),
        ("answer.json", ["answer", "--all", "--json"]),
        ("answer.txt", ["answer", "lm/4.1", "lm/4.4"]),
        ("answer-variant.json", ["answer", "lm/4.1", "--variant", "ann", "--json"]),
    ],
)
def test_it_prints(call, golden, name, argv):
    status, out, err = call(*argv)
    assert (status, err) == (0, "")
    golden(name, out)


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("error-no-problem.txt", ["show", "lm/4.9"]),
        ("error-no-workbook.txt", ["list", "--workbook", "ml"]),
        ("error-no-workbook-of-id.txt", ["show", "ml/4.1"]),
        ("error-new-in-the-way.txt", ["new", "student_template"]),
    ],
)
def test_it_refuses(call, golden, name, argv, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    status, out, err = call(*argv)
    assert (status, out) == (2, "")
    golden(name, err)


def test_doctor(golden):
    # Made up: what doctor finds differs from machine to machine.
    findings = [
        Finding("python", works=True, detail="3.11.7"),
        Finding("triton", works=False, detail="ModuleNotFoundError: no", cure="pip install it", optional=True),
        Finding("isolation process", works=False, detail="OSError: no", cure="use --lm-isolation none"),
        Finding("workbook lm", works=True, detail="11 problems"),
    ]  # fmt: skip
    golden("doctor.txt", render_findings(findings))


def test_doctor_examines_this_machine(call):
    status, out, _ = call("doctor")
    assert status == 0
    for what in ("python", "torch", "isolation process", "workbook lm", "workbook tm"):
        assert f"ok   {what} " in out
    assert "FAIL" not in out
