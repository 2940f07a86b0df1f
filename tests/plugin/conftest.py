"""A student with a repository: writes answers, runs pytest in it, reads the JSON report."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

MINI_SET = Path(__file__).parent / "mini_set"

#: Right answers to every problem of the tests' own problem set.
RIGHT = {
    "mini/ch01.py": """
        def rectangle(width, height):
            return width * height

        def box(edge):
            return edge ** 3
    """,
    "mini/ch02.py": """
        vowel = "the letter E"
        morning = ["wake", "dress", "leave"]
    """,
    "mini/ch03.py": """
        def double(number):
            return 2 * number
    """,
}


@dataclass
class Student:
    """A student's repository, in the folder where pytester runs."""

    pytester: pytest.Pytester
    problem_set: Path = MINI_SET
    options: list[str] = field(default_factory=list)

    def write(self, **files: str) -> None:
        """Write chapter modules: ``write(mini_ch01="...")``; any other name is a path's stem."""
        for name, text in files.items():
            path = self.pytester.path / f"{name.replace('_ch', '/ch', 1)}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")

    def answer_all(self) -> None:
        """Write right answers to everything."""
        for path, text in RIGHT.items():
            self.write(**{path.removesuffix(".py").replace("/", "_"): text})

    def run(self, *options: str, apart: bool = False) -> pytest.RunResult:
        """Run pytest, in this process or (``apart``) in one of its own."""
        arguments = [f"--lm-problems={self.problem_set}", *self.options, *options]
        run = self.pytester.runpytest_subprocess if apart else self.pytester.runpytest_inprocess
        return run(*arguments)

    def grade(self, *options: str, apart: bool = False) -> tuple[pytest.RunResult, dict[str, Any]]:
        """Run pytest with a JSON report, and read it."""
        path = self.pytester.path / "graded.json"
        path.unlink(missing_ok=True)
        result = self.run(f"--lm-report=json:{path}", *options, apart=apart)
        return result, json.loads(path.read_text(encoding="utf-8"))

    def own_copy(self) -> Path:
        """Grade with a copy of the problem set, which a test may spoil; returns its folder."""
        self.problem_set = self.pytester.path.with_name(f"{self.pytester.path.name}-problems")
        shutil.copytree(MINI_SET, self.problem_set, ignore=shutil.ignore_patterns("__pycache__"))
        return self.problem_set


@pytest.fixture
def libraries_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After a run in this process, forget the modules of the student's folder, and only those.

    pytester forgets everything that the run imported. Torch cannot be imported twice, and half of a library that stays
    (whatever a module of ours holds on to) does not fit its other half when that is new.
    """
    base = tmp_path_factory.getbasetemp()

    class OwnModulesSnapshot:
        def __init__(self, preserve: object = None) -> None:
            """Nothing to remember."""

        def restore(self) -> None:
            for name, module in list(sys.modules.items()):
                file = getattr(module, "__file__", None)
                if file and Path(file).is_relative_to(base):
                    del sys.modules[name]

    monkeypatch.setattr("_pytest.pytester.SysModulesSnapshot", OwnModulesSnapshot)


@pytest.fixture
def student(
    libraries_stay: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Student:
    """A student with an empty repository."""
    # These tests may run in an xdist worker themselves; the runs inside them must not think that they do.
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("LMWORKBOOK_SALT", raising=False)
    return Student(pytester, options=["-pno:randomly"])


@pytest.fixture
def verdicts() -> Any:
    """Case name to verdict, from a report."""
    return lambda report: {
        f"{case['problem']}::{case['case']}": case["verdict"] for case in report["cases"]
    }


@pytest.fixture
def nodeids() -> Any:
    """The collected nodeids that ``--collect-only -q`` printed."""

    def read(lines: Sequence[str]) -> list[str]:
        return [line for line in lines if "::" in line]

    return lambda result: read(result.outlines)
