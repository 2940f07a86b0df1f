"""Which known mistake a failure looks like: the one that gives the submission's own results on the failing calls.

Where no mistake explains all of them, nothing is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_lmworkbook.kinds.calling import Watched, function_spec, right_functions, run_here
from pytest_lmworkbook.problem.reference import load_edited

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


def diagnose_by_running(
    problem: Problem, more: Iterable[tuple[str, Callable[..., object]]] = ()
) -> Diagnose:
    """Diagnosis by running the mistakes here: they are our own code.

    Args:
        problem: Its mistakes are tried in the file's order.
        more: Further sentences and wrong functions, tried after those.
    """

    def diagnose(wanted: Property, seen: Sequence[tuple[Inputs, object]]) -> str:
        for says, function in (*mistake_functions(problem), *more):
            if explains(problem, wanted, run_here(function), seen):
                return says
        return ""

    return diagnose


def explains(
    problem: Problem,
    wanted: Property,
    run: Run,
    seen: Sequence[tuple[Inputs, object]],
    *,
    with_arguments: bool = False,
) -> bool:
    """Whether a wrong function breaks the property on every failing call, with the submission's own result.

    Args:
        problem: Where the reference comes from.
        wanted: The property that the submission breaks.
        run: Calls the wrong function.
        seen: Failing calls, each with the submission's answer, or what it raised.
        with_arguments: Whether it must leave the arguments as the submission did, too.
    """
    return bool(seen) and all(
        _explains_call(problem, wanted, run, *call, with_arguments=with_arguments) for call in seen
    )


def _explains_call(
    problem: Problem,
    wanted: Property,
    run: Run,
    inputs: Inputs,
    actual: object,
    *,
    with_arguments: bool,
) -> bool:
    from pytest_lmworkbook.properties.library import Trial
    from pytest_lmworkbook.properties.same import same_result
    from pytest_lmworkbook.properties.search import Violation

    reference, *alternatives = right_functions(problem)
    watched = Watched(run)
    try:
        wanted.check(Trial(inputs, watched, reference, tuple(alternatives)))
    except Violation:
        ours = watched.latest
        if not isinstance(actual, tuple) or ours is None:
            return False
        return same_result(actual, ours) if with_arguments else same_result(actual[0], ours[0])
    except Exception as error:  # noqa: BLE001  # a mistake may crash, where the submission did or did not
        return isinstance(actual, str) and type(error).__name__ in actual
    return False
