"""Problems made of a few lines of YAML, and what a kind makes of an answer."""

from __future__ import annotations

import textwrap

import pytest

from pytest_lmworkbook.judge.in_memory import InMemorySubmission
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import load_problem
from pytest_lmworkbook.problem.model import Problem


@pytest.fixture(scope="session")
def kinds():
    return load_kinds()


@pytest.fixture
def make_problem(tmp_path, kinds):
    """A problem from YAML and, if it has one, the source of its reference, ``reference/r.py``."""

    def make(text, reference=""):
        folder = tmp_path / "problems" / "own" / "01-first"
        folder.mkdir(parents=True)
        path = folder / "1.1-made-up.yaml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        (tmp_path / "reference").mkdir()
        source = tmp_path / "reference" / "r.py"
        source.write_text(textwrap.dedent(reference), encoding="utf-8")
        return load_problem(path, "own", "1", tmp_path, kinds)

    return make


@pytest.fixture
def codes(make_problem):
    """The line and code of each fault of a problem file."""

    def read(text, reference=""):
        return [(one.position.line, one.code) for one in make_problem(text, reference).diagnostics]

    return read


@pytest.fixture
def judge(kinds):
    """What a kind makes of one answer, given as the value of the problem's entry."""

    def grade(problem, answer, case=None, **context):
        assert isinstance(problem, Problem), problem
        kind = kinds[problem.spec.kind]
        cases = kind.cases(problem)
        chosen = next((one for one in cases if one.name == case), cases[0])
        submission = InMemorySubmission({problem.spec.entry: answer})
        return kind.grade(problem, chosen, submission, Context(**context))

    return grade
