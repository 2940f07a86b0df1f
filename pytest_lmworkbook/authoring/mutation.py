"""``lmworkbook verify --mutate``: generic mutants of a reference, graded as submissions; survivors are shown.

A mutant may loop or crash, so it runs in a worker, as a student's module would.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.authoring.mutants import Mutant, make_mutants
from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.verdict import Verdict
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.problem.model import FunctionSpec, Problem
from pytest_lmworkbook.problem.reference import function_source, replaced_file, without_docstring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_lmworkbook.judge.submission import Isolation
    from pytest_lmworkbook.kinds.base import Kind

#: A mutant that loops must not hold up the others; the functions here take milliseconds.
LIMITS = Limits(call_s=2.0, total_s=20.0)
#: The problem set's code under another name, so that nothing shadows it.
_PACKAGE = "mutated_set"


@dataclass(frozen=True, slots=True)
class MutantTrial:
    """One graded mutant.

    Attributes:
        caught_by: The case that refused it; empty for a survivor.
        because: Why a survivor computes the same, as the problem file records it.
    """

    mutant: Mutant
    caught_by: str
    because: str = ""

    @property
    def is_survivor(self) -> bool:
        """Whether nothing noticed it and nothing explains why."""
        return not self.caught_by and not self.because

    def to_json(self) -> dict[str, str]:
        """Plain JSON."""
        return {
            "rule": self.mutant.rule,
            "change": self.mutant.change,
            "caught_by": self.caught_by,
            "because": self.because,
        }


def is_mutable(problem: Problem) -> bool:
    """Whether a problem judges a plain function; kernels are mutated with their interpreter, later."""
    return isinstance(problem.spec, FunctionSpec) and problem.spec.kind != "kernel"


def try_mutants(
    problem: Problem, kinds: Mapping[str, Kind[Any]], isolation: Isolation
) -> Iterator[MutantTrial]:
    """Grade every mutant of a problem's reference.

    Raises:
        JudgeError: The judge itself failed on one.
    """
    spec = problem.spec
    assert isinstance(spec, FunctionSpec)  # is_mutable was asked first
    recorded = {(one.was, one.becomes): one.because for one in spec.equivalent}
    source = without_docstring(function_source(problem.root, spec.reference))
    for mutant in make_mutants(source):
        caught_by = _grade(problem, kinds, isolation, mutant)
        because = "" if caught_by else recorded.get((mutant.was, mutant.becomes), "")
        yield MutantTrial(mutant, caught_by, because)


def _grade(
    problem: Problem, kinds: Mapping[str, Kind[Any]], isolation: Isolation, mutant: Mutant
) -> str:
    """The first case that refuses the mutant; empty when none does."""
    with _submission(problem, kinds, mutant) as root:
        grader = Grader(kinds, root, isolation, Context(shrink=False), limits=LIMITS)
        try:
            for case in grader.cases(problem):
                result = grader.grade(problem, case)
                if result.verdict is Verdict.JUDGE_ERROR:
                    raise JudgeError(f"{problem.id}, mutant [{mutant.change}]: {result.detail}")
                if result.verdict.is_failure:
                    return case.name
        finally:
            grader.end_submissions()
    return ""


@contextmanager
def _submission(problem: Problem, kinds: Mapping[str, Kind[Any]], mutant: Mutant) -> Iterator[Path]:
    """A student's repository whose entry is the mutant."""
    spec = problem.spec
    assert isinstance(spec, FunctionSpec)  # is_mutable was asked first
    entry = kinds[spec.kind].entries(problem)[-1]  # of a buggy-line hunt: the fix
    package = Path(_PACKAGE, *spec.reference.path.parts[:-1])
    with tempfile.TemporaryDirectory(prefix="lmworkbook-") as folder:
        root = Path(folder)
        shutil.copytree(problem.root / spec.reference.path.parent, root / package)
        text = replaced_file(problem.root, spec.reference, mutant.source)
        (root / _PACKAGE / spec.reference.path).write_text(text, encoding="utf-8")
        module = root.joinpath(*problem.module.split(".")).with_suffix(".py")
        module.parent.mkdir()
        name = ".".join([*package.parts, spec.reference.path.stem])
        module.write_text(
            f"from {name} import {spec.reference.name} as {entry}\n", encoding="utf-8"
        )
        yield root
