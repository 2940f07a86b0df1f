"""How a function is called on drawn inputs: a submission's entry, or a function of our own, the same way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_lmworkbook.problem.model import FunctionSpec, Problem
from pytest_lmworkbook.problem.reference import load_reference
from pytest_lmworkbook.properties.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.properties.annotations import Parameter
    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.library import Answer, Run


@dataclass(frozen=True, slots=True)
class Caller:
    """How a function is called: the submission's entry, or one of our own functions.

    Attributes:
        entry: The name to call.
        run: Calls it on drawn inputs.
        call_text: Turns inputs into the line that a student pastes.
        layouts: The layouts that its inputs may come in.
    """

    entry: str
    run: Run
    call_text: Callable[[Inputs], str]
    layouts: tuple[str, ...] = LAYOUTS


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


def right_functions(problem: Problem) -> tuple[Callable[..., object], ...]:
    """The reference, then the accepted alternatives."""
    spec = function_spec(problem)
    return tuple(load_reference(problem.root, one) for one in (spec.reference, *spec.accepted))


def parameters_of(problem: Problem) -> tuple[Parameter, ...]:
    """The reference's parameters; read once per reference."""
    return _read_parameters(load_reference(problem.root, function_spec(problem).reference))


@cache
def _read_parameters(reference: Callable[..., object]) -> tuple[Parameter, ...]:
    from pytest_lmworkbook.properties.annotations import read_parameters

    return read_parameters(reference)


def call_text(problem: Problem, entry: str) -> Callable[[Inputs], str]:
    """The call of the entry on inputs that stand above it."""

    def text(inputs: Inputs) -> str:
        given = [one for one in parameters_of(problem) if one.name in inputs.arguments]
        return f"{entry}({', '.join(f'{one.name}={one.name}' if one.keyword_only else one.name for one in given)})"

    return text


def function_spec(problem: Problem) -> FunctionSpec:
    """The keys of a problem that judges a function."""
    assert isinstance(problem.spec, FunctionSpec)  # narrows for the type checker
    return problem.spec


class Watched:
    """A run that remembers its latest answer: the value, and the arguments that came back."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.latest: Answer | None = None

    def __call__(self, inputs: Inputs, keep: Sequence[str | int]) -> Answer:
        """Call, and remember what came back."""
        answer = self._run(inputs, keep)
        self.latest = answer
        return answer
