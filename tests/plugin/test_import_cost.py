"""What a run imports: nothing heavy while the plugin is idle, no torch where only numbers are graded."""

from __future__ import annotations

import json

import pytest

HEAVY = {"torch", "hypothesis", "numpy", "yaml", "rich", "pydantic", "triton", "pint", "jaxtyping"}
#: Other installed plugins import what they like; only ours is looked at.
ONLY_OURS = ["-p", "pytest_lmworkbook.plugin"]
WRITE_MODULES = """
    import json, sys

    def pytest_unconfigure():
        with open("modules.json", "w") as file:
            json.dump(sorted(sys.modules), file)
"""


@pytest.fixture
def imported(student, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    student.pytester.makeconftest(WRITE_MODULES)
    student.options = []

    def run(*options):
        result = student.pytester.runpytest_subprocess(*ONLY_OURS, *options)
        path = student.pytester.path / "modules.json"
        return result, set(json.loads(path.read_text(encoding="utf-8")))

    return run


def test_the_idle_plugin_imports_nothing_heavy(student, imported):
    student.write(test_own="def test_own(): pass\n")
    result, modules = imported()
    result.assert_outcomes(passed=1)
    assert "pytest_lmworkbook.plugin" in modules
    assert modules & HEAVY == set()
    ours = {name for name in modules if name.startswith("pytest_lmworkbook.")}
    assert ours == {"pytest_lmworkbook.plugin", "pytest_lmworkbook.settings"}


def test_numbers_alone_import_no_torch_in_the_judge_nor_in_the_worker(student, imported):
    student.write(
        mini_ch01="""
        import sys

        def rectangle(width, height):
            assert not {"torch", "numpy", "triton"} & set(sys.modules), "the worker has imported it"
            return width * height

        def box(edge):
            return edge ** 3
        """,
        mini_ch02='vowel = "the letter E"\nmorning = ["wake", "dress", "leave"]\n',
    )
    result, modules = imported(f"--lm-problems={student.problem_set}", "--lm-chapter=mini:1-2")
    result.assert_outcomes(passed=6)
    assert modules & {"torch", "numpy", "triton", "hypothesis", "jaxtyping"} == set()
