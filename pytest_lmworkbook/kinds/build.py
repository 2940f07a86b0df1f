"""Building a function: judged against a typed reference on drawn inputs, one case per property."""

from __future__ import annotations

import inspect
import random
from typing import TYPE_CHECKING, Literal

from pytest_lmworkbook.kinds import stubs
from pytest_lmworkbook.kinds.base import Case, Context, Kind, Outcome, Specimen
from pytest_lmworkbook.kinds.calling import Caller, call_text, run_submission
from pytest_lmworkbook.kinds.checks import check_edits
from pytest_lmworkbook.kinds.diagnosis import diagnose_by_running, mistake_functions
from pytest_lmworkbook.kinds.functions import check_arguments, grade_function, property_cases
from pytest_lmworkbook.problem.model import FunctionSpec, Problem
from pytest_lmworkbook.problem.reference import load_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Submission
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source


#: Junk that every property refuses, so it says nothing of any of them.
CRASH = "a crash"


class BuildSpec(FunctionSpec):
    """YAML of a build-a-function problem."""

    kind: Literal["build"]


class BuildKind(Kind[BuildSpec]):
    """Building a function."""

    name = "build"
    needs = frozenset({"torch"})

    @property
    def spec(self) -> type[BuildSpec]:
        """The model of the kind's YAML."""
        return BuildSpec

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:
        """Edits apply to the reference; properties exist."""
        yield from check_edits(source, root)
        yield from check_arguments(source, root)

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """One case per property."""
        return property_cases(problem, problem.spec.points)

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:
        """Judge one property."""
        entry = problem.spec.entry
        caller = Caller(
            entry, run_submission(problem, submission, entry), call_text(problem, entry)
        )
        return grade_function(
            problem, case.name, caller, submission, context, diagnose_by_running(problem)
        )

    def stub(self, problem: Problem, variant: str) -> str:  # code has no variants
        """The reference's signature without its body."""
        spec = problem.spec
        assert isinstance(
            spec, BuildSpec
        )  # narrows for the type checker; kinds get their own specs
        shapes = signature_notes(problem, spec)
        return stubs.function_stub(
            problem, spec.entry, bare_parameters(problem, spec), spec.prompt, [shapes]
        )

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """The reference, accepted alternatives, every mistake, and junk."""
        yield from function_specimens(problem, problem.spec.entry)


def function_specimens(problem: Problem, entry: str) -> Iterator[Specimen]:
    """Known versions of a function, under the name that a student would give it."""
    spec = problem.spec
    assert isinstance(spec, FunctionSpec)  # narrows for the type checker
    yield Specimen(
        role="reference",
        name=str(spec.reference),
        values={entry: load_reference(problem.root, spec.reference)},
    )
    for one in spec.accepted:
        yield Specimen(
            role="accepted", name=str(one), values={entry: load_reference(problem.root, one)}
        )
    for mistake, (says, function) in zip(spec.mistakes, mistake_functions(problem), strict=True):
        name = " ".join(mistake.edits[0][0].split())
        yield Specimen(
            role="mistake",
            name=name,
            values={entry: function},
            says=says,
            caught_by=mistake.caught_by or "",
        )
    for name, junk in _junk().items():
        yield Specimen(role="junk", name=name, values={entry: junk})


def _junk() -> dict[str, Callable[..., object]]:
    """Answers that no problem may accept, and at least one that each property of the library must refuse."""

    def first_input(*args: object, **named: object) -> object:
        return next(iter((*args, *named.values())))

    def overwrites_inputs(*args: object, **named: object) -> None:
        for value in (*args, *named.values()):
            for method in ("zero_", "clear"):
                getattr(value, method, lambda: None)()

    def crash(*args: object, **named: object) -> object:
        raise RuntimeError(f"no idea what to do with {len(args) + len(named)} arguments")

    return {
        "None": lambda *_, **__: None,
        "zero": lambda *_, **__: 0.0,
        "the first input": first_input,
        "text": lambda *_, **__: "tensor",
        "another result each time": lambda *_, **__: random.random(),  # noqa: S311  # junk is no secret
        "overwrites its inputs": overwrites_inputs,
        CRASH: crash,
    }


def bare_parameters(problem: Problem, spec: FunctionSpec) -> str:
    """The reference's parameters without annotations: a stub imports nothing."""
    signature = inspect.signature(load_reference(problem.root, spec.reference))
    return str(
        signature.replace(
            parameters=[
                one.replace(annotation=inspect.Parameter.empty)
                for one in signature.parameters.values()
            ],
            return_annotation=inspect.Signature.empty,
        )
    )[1:-1]


def signature_notes(problem: Problem, spec: FunctionSpec) -> str:
    """Types and shapes, one line per argument."""
    function = load_reference(problem.root, spec.reference)
    lines = [
        f"    {name}: {_readable(str(one))}"
        for name, one in inspect.get_annotations(function).items()
        if name != "return"
    ]
    result = inspect.get_annotations(function).get("return")
    return "\n".join([*lines, f"    returns: {_readable(str(result))}"])


def _readable(annotation: str) -> str:
    """``Float[Tensor, "... keys d_k"]`` as a student reads it: ``float tensor (..., keys, d_k)``."""
    import re

    def tensor(match: re.Match[str]) -> str:
        axes = ", ".join(match[3].split())
        return f"{match[1].lower()} {'array' if 'array' in match[2] else 'tensor'} ({axes})"

    return re.sub(r"(\w+)\[([\w.]+), ['\"]([^'\"]*)['\"]\]", tensor, annotation)
