"""The built-in problem set, and a grader for files that a student might hand in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import BrokenProblem, ProblemSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_lmworkbook.judge.verdict import CaseResult
    from pytest_lmworkbook.problem.model import Problem


@pytest.fixture(scope="session")
def kinds():
    return load_kinds()


@pytest.fixture(scope="session")
def problems(kinds) -> dict[str, Problem | BrokenProblem]:
    """Every problem of every built-in workbook, by id."""
    one = ProblemSet(builtin_root(), kinds)
    return {
        problem.id: problem
        for name in one.workbook_names()
        for problem in one.workbook(name).load()
    }


@pytest.fixture(scope="session")
def isolation() -> Iterator[ProcessIsolation]:
    """One fork server for all submissions."""
    with ProcessIsolation(preload=frozenset({"torch", "triton"})) as tier:
        yield tier


@pytest.fixture
def grade_folder(problems, kinds, isolation) -> Callable[[str, Path], dict[str, CaseResult]]:
    """Grade one problem of the submission in a folder; case name to result.

    With fewer examples than a student's run has, unless a slow test says otherwise.
    """

    def grade(problem_id: str, folder: Path, *, examples: int = 8) -> dict[str, CaseResult]:
        problem = problems[problem_id]
        context = Context(isolation=isolation, examples=examples)
        grader = Grader(kinds, folder, isolation, context)
        try:
            return {case.name: grader.grade(problem, case) for case in grader.cases(problem)}
        finally:
            grader.end_submissions()

    return grade


@pytest.fixture
def grade_file(problems, grade_folder, tmp_path) -> Callable[[str, Path], dict[str, CaseResult]]:
    """Grade one file as the chapter module of its problem."""

    def grade(problem_id: str, path: Path) -> dict[str, CaseResult]:
        module = tmp_path.joinpath(*problems[problem_id].module.split(".")).with_suffix(".py")
        module.parent.mkdir()
        shutil.copyfile(path, module)
        return grade_folder(problem_id, tmp_path)

    return grade
