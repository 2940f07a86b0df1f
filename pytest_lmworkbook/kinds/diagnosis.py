"""Which known mistake a failure looks like: the one that gives the submission's own results on the failing calls.

Where no mistake explains all of them, nothing is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_lmworkbook.kinds.calling import Watched, function_spec, run_here
from pytest_lmworkbook.problem.reference import load_edited, load_reference

if TYPE_CHECKING:
    from pytest_lmworkbook.problem.model import Problem
    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.library import Property, Run

#: Failing calls that a mistake must explain before its sentence is told.
WITNESSES = 8
#: Names the mistake behind failing calls, or gives an empty text.
Diagnose = Callable[["Property", Sequence[tuple["Inputs", object]]], str]


@dataclass
class Witnesses:
    """The failing calls of a search, for the diagnosis."""

    seen: list[tuple[Inputs, object]] = field(default_factory=list)

    def note(self, inputs: Inputs, actual: object) -> None:
        """Take a failing call."""
        self.seen.append((inputs, actual))

    def telling(self) -> list[tuple[Inputs, object]]:
        """The smallest, which is the last that shrinking came to, and the largest: they tell mistakes apart
        that look alike on one element."""
        largest = sorted(self.seen[:-1], key=lambda one: one[0].size(), reverse=True)
        return [*self.seen[-1:], *largest[: WITNESSES - 1]]


def mistake_functions(problem: Problem) -> Iterable[tuple[str, Callable[..., object]]]:
    """Each mistake's sentence with the wrong function, in the file's order."""
    spec = function_spec(problem)
    for mistake in spec.mistakes:
        function = mistake.function or ""
        yield (
            mistake.says,
            load_edited(problem.root, spec.reference, mistake.edits, function=function),
        )


def diagnose_by_running(problem: Problem) -> Diagnose:
    """Diagnosis by running the mistakes here: they are our own code."""

    def diagnose(wanted: Property, seen: Sequence[tuple[Inputs, object]]) -> str:
        for says, function in mistake_functions(problem):
            if explains(problem, wanted, run_here(function), seen):
                return says
        return ""

    return diagnose


def explains(
    problem: Problem, wanted: Property, run: Run, seen: Sequence[tuple[Inputs, object]]
) -> bool:
    """Whether a wrong function breaks the property on every failing call, with the submission's own result."""
    from pytest_lmworkbook.properties.library import Trial
    from pytest_lmworkbook.properties.same import same_result
    from pytest_lmworkbook.properties.search import Violation

    reference = load_reference(problem.root, function_spec(problem).reference)
    for inputs, actual in seen:
        watched = Watched(run)
        try:
            wanted.check(Trial(inputs, watched, reference))
        except Violation:
            if not same_result(actual, watched.latest):
                return False
        except Exception as error:  # noqa: BLE001  # a mistake may crash, where the submission did or did not
            if not (isinstance(actual, str) and type(error).__name__ in actual):
                return False
        else:
            return False
    return bool(seen)
