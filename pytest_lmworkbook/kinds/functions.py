"""Judging a function on drawn inputs: one property at a time, the smallest failing input, the mistake it looks like.

Shared by `build`, by the fix of `bug`, and by `kernel`, which differ in how a submission is called (`Caller`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.base import NOT_ATTEMPTED, Case, Context, Outcome
from pytest_lmworkbook.kinds.checks import value_at
from pytest_lmworkbook.problem.model import ArgumentSpec, FunctionSpec, Problem, PropertySpec
from pytest_lmworkbook.problem.reference import load_edited, load_reference

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source
    from pytest_lmworkbook.properties.annotations import Parameter
    from pytest_lmworkbook.properties.bounds import ArgumentBounds, Bounds
    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.library import Answer, Property, Run

#: Failing calls that a mistake must explain before its sentence is told.
WITNESSES = 5
#: Without this case the others would only repeat its failure.
BASE = "matches_reference"


@dataclass(frozen=True, slots=True)
class Caller:
    """How a function is called: the submission's entry, or one of our own functions.

    Attributes:
        entry: The name to call.
        look: Says whether the entry is there; see `judge.submission.Found`.
        run: Calls it on drawn inputs.
    """

    entry: str
    run: Run
    #: Turns inputs into the line that a student pastes.
    call_text: Callable[[Inputs], str]


@dataclass
class Witnesses:
    """The failing calls of a search, for the diagnosis."""

    seen: list[tuple[Inputs, object]] = field(default_factory=list)

    def note(self, inputs: Inputs, actual: object) -> None:
        """Keep the latest: shrinking makes later ones smaller."""
        self.seen.append((inputs, actual))
        del self.seen[:-WITNESSES]


def property_cases(problem: Problem, points: float, *, after: str = "") -> tuple[Case, ...]:
    """One case per property; the others wait for the reference's values to match."""
    names = property_names(problem)
    base = BASE if BASE in names else names[0]
    each = points / len(names)
    return tuple(Case(name, each, after if name == base else base) for name in names)


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


#: Names the mistake behind failing calls, or gives an empty text.
Diagnose = Callable[["Property", Sequence[tuple["Inputs", object]]], str]


def search_property(
    problem: Problem, property_name: str, caller: Caller, context: Context, diagnose: Diagnose
) -> Outcome:
    """Look for inputs on which the property does not hold, and shrink them."""
    from pytest_lmworkbook.properties.inputs import inputs_strategy
    from pytest_lmworkbook.properties.library import Trial
    from pytest_lmworkbook.properties.search import search

    spec = function_spec(problem)
    reference = load_reference(problem.root, spec.reference)
    wanted = find_property(problem, property_name)
    witnesses = Witnesses()
    run = _watched(caller.run)
    violation = violations()

    def check(inputs: Inputs) -> None:
        run.latest = None
        try:
            wanted.check(Trial(inputs, run, reference))
        except violation:
            witnesses.note(inputs, run.latest)
            raise
        except SubmissionFault as fault:
            if fault.verdict is not Verdict.CRASHED:
                raise  # hanging once is enough: nobody waits for a smaller input that hangs too
            witnesses.note(inputs, fault.message)
            raise violation(crash_mismatch(fault)) from fault

    strategy = inputs_strategy(parameters_of(problem), wanted.narrow(bounds_of(spec)))
    failure = search(
        strategy,
        check,
        seed=context.seed(problem, property_name),
        examples=context.examples,
        final=(SubmissionFault, JudgeError),
    )
    if failure is None:
        return Outcome(verdict=Verdict.ACCEPTED, metrics={"examples": context.examples})
    return _failed(wanted, failure, caller, diagnose(wanted, witnesses.seen))


def find_property(problem: Problem, name: str) -> Property:
    """A property of the library, or the problem's own."""
    from pytest_lmworkbook.properties.library import LIBRARY, own_property

    for one in function_spec(problem).properties:
        if isinstance(one, PropertySpec) and one.name == name:
            return own_property(name, load_reference(problem.root, one.check))  # type: ignore[arg-type]  # its form is documented
    return LIBRARY[name]


def bounds_of(spec: FunctionSpec) -> Bounds:
    """The problem's bounds, as the properties take them."""
    from pytest_lmworkbook.properties.bounds import Bounds

    names = [one for one in spec.properties if isinstance(one, str)]
    return Bounds(
        dims=spec.dims,
        arguments={name: _argument_bounds(one) for name, one in spec.arguments.items()},
        dtypes=spec.dtypes,
        # Where layouts are a case of their own, a wrong layout must not cost the values' points too.
        layouts="accepts_any_layout" not in names,
    )


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

    reference = load_reference(problem.root, function_spec(problem).reference)
    for inputs, actual in seen:
        watched = _watched(run)
        try:
            wanted.check(Trial(inputs, watched, reference))
        except violations():
            if not same_result(actual, watched.latest):
                return False
        except Exception:  # noqa: BLE001  # a mistake may well crash where the submission did not
            return False
        else:
            return False
    return bool(seen)


def run_here(function: Callable[..., object]) -> Run:
    """Call one of our own functions the way a submission is called."""

    def run(inputs: Inputs, keep: Sequence[str | int]) -> Answer:
        arguments = inputs.clone().arguments
        value = function(**arguments)
        return value, {name: arguments[str(name)] for name in keep if name in arguments}

    return run


def run_submission(problem: Problem, submission: Submission, entry: str) -> Run:
    """Call the submission's entry: positional arguments by place, so that their names are the student's to choose."""

    def run(inputs: Inputs, keep: Sequence[str | int]) -> Answer:
        arguments = split_arguments(problem, inputs.arguments)
        returned = submission.call(
            entry, arguments.args, arguments.named, keep=arguments.places_of(keep)
        )
        return returned.value, arguments.names_of(returned.kept)

    return run


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call: those that go by place, and those that go by name."""

    positional: Mapping[str, object]
    named: Mapping[str, object]

    @property
    def args(self) -> list[object]:
        """The positional ones."""
        return list(self.positional.values())

    def places_of(self, names: Sequence[str | int]) -> list[str | int]:
        """Names as the worker knows them: a place for a positional argument."""
        places = {name: place for place, name in enumerate(self.positional)}
        return [places.get(str(name), name) for name in names]

    def names_of(self, kept: Mapping[str | int, object]) -> dict[str | int, object]:
        """Kept arguments under their names again."""
        names = list(self.positional)
        return {names[key] if isinstance(key, int) else key: value for key, value in kept.items()}


def split_arguments(problem: Problem, arguments: Mapping[str, object]) -> Arguments:
    """Tell positional arguments from keyword-only ones, as the reference's signature does."""
    named = {one.name for one in parameters_of(problem) if one.keyword_only}
    return Arguments(
        {name: value for name, value in arguments.items() if name not in named},
        {name: value for name, value in arguments.items() if name in named},
    )


def parameters_of(problem: Problem) -> tuple[Parameter, ...]:
    """The reference's parameters; read once per reference."""
    return _read_parameters(load_reference(problem.root, function_spec(problem).reference))


@cache
def _read_parameters(reference: Callable[..., object]) -> tuple[Parameter, ...]:
    from pytest_lmworkbook.properties.annotations import read_parameters

    return read_parameters(reference)


def call_text(problem: Problem, entry: str) -> Callable[[Inputs], str]:
    """The line that calls the entry on inputs that stand above it."""

    def text(inputs: Inputs) -> str:
        given = [one for one in parameters_of(problem) if one.name in inputs.arguments]
        return f"{entry}({', '.join(f'{one.name}={one.name}' if one.keyword_only else one.name for one in given)})"

    return text


def check_arguments(source: Source, root: Path) -> Iterable[Diagnostic]:  # noqa: ARG001  # the reference is a field
    """Properties must exist; a property of the file's own is checked as a reference."""
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


def crash_mismatch(fault: SubmissionFault) -> Any:
    """A crash as a failure that can be shrunk."""
    from pytest_lmworkbook.properties.compare import Mismatch

    return Mismatch(reason=Reason.STRUCTURE, message=fault.message)


def violations() -> type[Any]:
    """The exception of a property that does not hold; imported late, it brings numpy."""
    from pytest_lmworkbook.properties.search import Violation

    return Violation


class _watched:  # noqa: N801  # a function that remembers, not a type
    """A run that remembers its latest value."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.latest: object = None

    def __call__(self, inputs: Inputs, keep: Sequence[str | int]) -> Answer:
        answer = self.run(inputs, keep)
        self.latest = answer[0]
        return answer


def _failed(wanted: Property, failure: Any, caller: Caller, says: str) -> Outcome:
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


def function_spec(problem: Problem) -> FunctionSpec:
    """The keys of a problem that judges a function."""
    assert isinstance(
        problem.spec, FunctionSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec


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
