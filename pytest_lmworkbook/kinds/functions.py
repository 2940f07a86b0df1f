"""Judging a function on drawn inputs: one property at a time, the smallest failing input, the mistake it looks like.

Shared by `build`, by the fix of `bug`, and by `kernel`, which differ in how a submission is called (`Caller`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.base import NOT_ATTEMPTED, Case, Context, Outcome
from pytest_lmworkbook.kinds.calling import (
    Caller,
    Watched,
    function_spec,
    parameters_of,
    right_functions,
)
from pytest_lmworkbook.kinds.checks import check_parameters, value_at
from pytest_lmworkbook.kinds.diagnosis import WITNESSES, Diagnose, Witnesses
from pytest_lmworkbook.problem.model import ArgumentSpec, FunctionSpec, Problem, PropertySpec
from pytest_lmworkbook.problem.reference import load_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source
    from pytest_lmworkbook.properties.bounds import ArgumentBounds, Bounds
    from pytest_lmworkbook.properties.compare import Mismatch
    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.library import Property
    from pytest_lmworkbook.properties.search import Failure

#: Without this case the others would only repeat its failure.
BASE = "matches_reference"
LAYOUT_CASE = "accepts_any_layout"


def property_cases(problem: Problem, points: float) -> tuple[Case, ...]:
    """One case per property; the others wait for the reference's values to match, which is worth half."""
    names = property_names(problem)
    if BASE not in names or len(names) == 1:
        each = points / len(names)
        return tuple(Case(name, each, "" if name == names[0] else names[0]) for name in names)
    half = points / 2
    each = half / (len(names) - 1)
    return tuple(Case(name, half) if name == BASE else Case(name, each, BASE) for name in names)


def property_names(problem: Problem) -> list[str]:
    """The properties that a problem lists, by name."""
    return [one if isinstance(one, str) else one.name for one in function_spec(problem).properties]


def grade_function(
    problem: Problem,
    property_name: str,
    caller: Caller,
    submission: Submission,
    context: Context,
    diagnose: Diagnose,
) -> Outcome:
    """Judge one property of a submission's function."""
    found = submission.look(caller.entry)
    if found.state in {"missing", "stub"}:
        return NOT_ATTEMPTED
    if found.state != "function":
        message = f"{caller.entry} must be a function, got {found.value!r}"[:300]
        return Outcome(verdict=Verdict.WRONG_ANSWER, reason=Reason.STRUCTURE, message=message)
    return search_property(problem, property_name, caller, context, diagnose)


def search_property(
    problem: Problem, property_name: str, caller: Caller, context: Context, diagnose: Diagnose
) -> Outcome:
    """Look for inputs on which the property does not hold, and shrink them."""
    from pytest_lmworkbook.properties.inputs import inputs_strategy
    from pytest_lmworkbook.properties.search import search

    spec = function_spec(problem)
    wanted = find_property(problem, property_name)
    check = _Check(wanted, Watched(caller.run), right_functions(problem))
    strategy = inputs_strategy(
        parameters_of(problem), wanted.narrow(bounds_of(spec, caller.layouts, wanted.name))
    )
    seed = context.seed(problem, property_name)
    final = (SubmissionFault, JudgeError)
    failure = search(
        strategy, check, seed=seed, examples=context.examples, final=final, shrink=context.shrink
    )
    if failure is None:
        return Outcome(verdict=Verdict.ACCEPTED, metrics={"examples": context.examples})
    # The smallest input often fails for several mistakes alike; larger ones tell them apart.
    with suppress(SubmissionFault):
        search(strategy, check.watch, seed=seed + 1, examples=WITNESSES, final=final, shrink=False)
    return _failed(wanted, failure, caller, diagnose(wanted, check.witnesses.telling()))


class _Check:
    """A property's check of one drawn call, which keeps the calls that failed."""

    def __init__(
        self, wanted: Property, run: Watched, right: tuple[Callable[..., object], ...]
    ) -> None:
        self._wanted = wanted
        self._run = run
        self._reference, *alternatives = right
        self._alternatives = tuple(alternatives)
        self.witnesses = Witnesses()

    def __call__(self, inputs: Inputs) -> None:
        """Raise `Violation` where the property does not hold or the submission crashes."""
        from pytest_lmworkbook.properties.library import Trial
        from pytest_lmworkbook.properties.search import Violation

        self._run.latest = None
        try:
            self._wanted.check(Trial(inputs, self._run, self._reference, self._alternatives))
        except Violation:
            self.witnesses.note(inputs, self._run.latest)
            raise
        except SubmissionFault as fault:
            if fault.verdict is not Verdict.CRASHED:
                raise  # hanging once is enough: nobody waits for a smaller input that hangs too
            self.witnesses.note(inputs, fault.message)
            raise Violation(crash_mismatch(fault)) from fault

    def watch(self, inputs: Inputs) -> None:
        """Keep the call if it fails, and say nothing."""
        from pytest_lmworkbook.properties.search import Violation

        with suppress(Violation):
            self(inputs)


def find_property(problem: Problem, name: str) -> Property:
    """A property of the library, or the problem's own."""
    from pytest_lmworkbook.properties.library import LIBRARY, own_property

    for one in function_spec(problem).properties:
        if isinstance(one, PropertySpec) and one.name == name:
            return own_property(name, load_reference(problem.root, one.check))  # type: ignore[arg-type]  # its form is documented
    return LIBRARY[name]


def bounds_of(spec: FunctionSpec, layouts: tuple[str, ...], name: str = BASE) -> Bounds:
    """The problem's bounds, as the properties take them.

    Args:
        spec: The problem's keys.
        layouts: The layouts that the function may be given, plainest first.
        name: The property that is tried.
    """
    from pytest_lmworkbook.properties.bounds import Bounds

    # Where layouts are a case of their own, a wrong layout must not cost the other points too.
    layouts_apart = LAYOUT_CASE in spec.properties and name != LAYOUT_CASE
    return Bounds(
        dims=spec.dims,
        arguments={name: _argument_bounds(one) for name, one in spec.arguments.items()},
        dtypes=spec.dtypes,
        layouts=layouts[:1] if layouts_apart else layouts,
    )


def check_arguments(source: Source, root: Path) -> Iterable[Diagnostic]:
    """Bounds are for parameters and axes of the reference; properties of the library exist."""
    yield from check_parameters(source, root, "arguments")
    yield from check_parameters(source, root, "dims", axes=True)
    yield from _check_properties(source)


def _check_properties(source: Source) -> Iterable[Diagnostic]:
    import difflib

    from pytest_lmworkbook.properties.library import LIBRARY

    names = value_at(source, "properties")
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name not in LIBRARY:
            close = difflib.get_close_matches(name, LIBRARY, n=1)
            hint = (
                f"did you mean '{close[0]}'?" if close else f"the library has {', '.join(LIBRARY)}"
            )
            yield source.diagnose(
                "unknown-property",
                f"no property {name!r} in the library",
                ("properties", index),
                hint=hint,
            )


def crash_mismatch(fault: SubmissionFault) -> Mismatch:
    """A crash as a failure that can be shrunk."""
    from pytest_lmworkbook.properties.compare import Mismatch

    return Mismatch(reason=Reason.STRUCTURE, message=fault.message)


def _failed(wanted: Property, failure: Failure, caller: Caller, says: str) -> Outcome:
    mismatch = failure.violation.mismatch
    cause = failure.violation.__cause__
    fault = cause if isinstance(cause, SubmissionFault) else None
    lines = [*failure.inputs.describe(), caller.call_text(failure.inputs)]
    evidence = [] if wanted.name == BASE else [f"property: {wanted.says}"]
    if says:
        evidence.append(mismatch.message)
    if mismatch.worst:
        evidence.append(mismatch.worst)
    return Outcome(
        verdict=fault.verdict if fault else Verdict.WRONG_ANSWER,
        reason=None if fault else mismatch.reason,
        message=says or mismatch.message,
        mistake=says,
        evidence=tuple(evidence),
        expected=mismatch.expected_text,
        actual=mismatch.actual_text,
        counterexample="\n".join(lines),
        trace=fault.trace if fault else "",
        metrics={"examples": failure.examples},
    )


def _argument_bounds(spec: ArgumentSpec) -> ArgumentBounds:
    from pytest_lmworkbook.problem.units import parse_number
    from pytest_lmworkbook.properties.bounds import ArgumentBounds

    def bound(text: str) -> float | int | str:
        try:
            return parse_number(text)
        except ValueError:
            return text  # an expression over dims

    low, high = spec.range or (None, None)
    return ArgumentBounds(
        low=None if low is None else bound(low),
        high=None if high is None else bound(high),
        pattern=spec.pattern,
        choices=spec.choices,
    )
