"""``lmworkbook verify``: proof that a problem accepts what is right and catches the mistakes that it names.

Every known specimen of a problem (reference, accepted alternatives, mistakes, junk, the untouched stub) is graded as a
submission would be, and the verdict compared with the one it must get.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.authoring.band import Band, drawn_inputs, measure_band
from pytest_lmworkbook.authoring.mutation import MutantTrial, is_mutable, try_mutants
from pytest_lmworkbook.authoring.verdicts import ProblemReport, Trial
from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.in_memory import InMemoryIsolation
from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.judge.verdict import CaseResult, Verdict
from pytest_lmworkbook.kinds.base import Context, Kind, Specimen
from pytest_lmworkbook.kinds.build import CRASH
from pytest_lmworkbook.kinds.calling import run_here
from pytest_lmworkbook.kinds.functions import property_names
from pytest_lmworkbook.problem.diagnostics import render_diagnostics
from pytest_lmworkbook.problem.load import BrokenProblem
from pytest_lmworkbook.problem.model import FunctionSpec
from pytest_lmworkbook.problem.reference import load_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_lmworkbook.judge.submission import Isolation
    from pytest_lmworkbook.problem.model import Problem

#: A right answer must be accepted whatever examples are drawn.
SALTS = ("public", "verify-1", "verify-2")
_RIGHT = frozenset({"reference", "accepted"})


def verify_problems(
    problems: Sequence[Problem | BrokenProblem],
    kinds: Mapping[str, Kind[Any]],
    *,
    mutate: bool = False,
) -> Iterator[ProblemReport]:
    """Verify problems one after the other; a broken file is one fault.

    Args:
        problems: What to verify.
        kinds: Kind name to kind.
        mutate: Whether to try generic mutants of the references too.
    """
    with _workers() as workers:
        for problem in problems:
            if isinstance(problem, BrokenProblem):
                yield ProblemReport(problem.id, faults=(render_diagnostics(problem.diagnostics),))
            else:
                yield _verify(problem, kinds, workers, mutate=mutate)


def _verify(
    problem: Problem, kinds: Mapping[str, Kind[Any]], workers: ProcessIsolation, *, mutate: bool
) -> ProblemReport:
    started = time.perf_counter()
    kind = kinds[problem.spec.kind]
    trials = tuple(_trials(problem, kinds, workers))
    faults = [*kind.audit(problem), *_text_faults(problem, kinds), *(one.fault for one in trials)]
    faults += _vacuous(problem, trials)
    band: Band | None = None
    mutants: list[MutantTrial] = []
    try:
        faults += _flaky(problem)
        band = measure_band(problem) if isinstance(problem.spec, FunctionSpec) else None
        if mutate and is_mutable(problem):
            mutants.extend(try_mutants(problem, kinds, workers))
    except JudgeError as fault:
        faults.append(str(fault))
    faults.append(band.fault if band else "")
    faults += [f"mutant survives: {one.mutant.change}" for one in mutants if one.is_survivor]
    return ProblemReport(
        problem.id,
        cases=tuple(case.name for case in kind.cases(problem)),
        trials=trials,
        mutants=tuple(mutants),
        band=band,
        faults=tuple(filter(None, faults)),
        duration_s=time.perf_counter() - started,
    )


@contextmanager
def _workers() -> Iterator[ProcessIsolation]:
    """Workers for specimens that are source: kernels, which have to be compiled from a file."""
    workers = ProcessIsolation(preload=frozenset({"torch", "triton", "jaxtyping"}))
    try:
        yield workers
    finally:
        workers.close()


def _trials(
    problem: Problem, kinds: Mapping[str, Kind[Any]], workers: ProcessIsolation
) -> Iterable[Trial]:
    kind = kinds[problem.spec.kind]
    yield _stub_trial(problem, kinds, kind)
    frozenset(case.name for case in kind.cases(problem) if case.depends_on)
    waiting = frozenset(case.name for case in kind.cases(problem) if case.depends_on)
    for specimen in kind.specimens(problem):
        salts = SALTS if specimen.role in _RIGHT else SALTS[:1]
        for salt in salts:
            results = _grade(
                problem,
                kinds,
                specimen,
                Context(salt=salt, isolation=workers, shrink=False),
                workers,
            )
            trial = _judge(specimen, results, salt, waiting)
            if trial.fault or salt == salts[-1]:
                yield trial
                break


def _grade(
    problem: Problem,
    kinds: Mapping[str, Kind[Any]],
    specimen: Specimen,
    context: Context,
    workers: ProcessIsolation,
) -> list[CaseResult]:
    """Grade all cases of a specimen, as values in this process or as a module in a worker."""
    apart = specimen.role not in _RIGHT  # every case says for itself whether it notices
    if not specimen.source:
        return _grade_with(
            problem, kinds, Path(), InMemoryIsolation(specimen.values), context, independent=apart
        )
    with tempfile.TemporaryDirectory(prefix="lmworkbook-") as folder:
        module = Path(folder, *problem.module.split(".")).with_suffix(".py")
        module.parent.mkdir()
        module.write_text(specimen.source, encoding="utf-8")
        return _grade_with(problem, kinds, Path(folder), workers, context, independent=apart)


def _grade_with(
    problem: Problem,
    kinds: Mapping[str, Kind[Any]],
    root: Path,
    isolation: Isolation,
    context: Context,
    *,
    independent: bool = False,
) -> list[CaseResult]:
    grader = Grader(kinds, root, isolation, context, independent=independent)
    try:
        return [grader.grade(problem, case) for case in grader.cases(problem)]
    finally:
        grader.end_submissions()


def _judge(
    specimen: Specimen, results: Sequence[CaseResult], salt: str, waiting: frozenset[str]
) -> Trial:
    refused = tuple(one.case for one in results if one.verdict.is_failure)
    return Trial(specimen.role, specimen.name, refused, _fault_of(specimen, results, salt, waiting))


def _vacuous(problem: Problem, trials: Sequence[Trial]) -> Iterator[str]:
    """Properties that refuse neither a mistake nor junk say nothing about a submission."""
    if not isinstance(problem.spec, FunctionSpec) or problem.spec.kind == "kernel":
        return
    telling = {case for one in trials if one.name != CRASH for case in one.caught_by}
    for name in property_names(problem):
        if name not in telling:
            yield f"property {name} is vacuous here: it refuses no mistake and no junk; leave it out, or add the mistake that it is for"


def _flaky(problem: Problem) -> Iterator[str]:
    """A reference that answers differently when asked again: its noise would pass for rounding."""
    from pytest_lmworkbook.properties.same import same_result

    if not isinstance(problem.spec, FunctionSpec):
        return
    run = run_here(load_reference(problem.root, problem.spec.reference))
    for inputs in drawn_inputs(problem):
        try:
            first, second = run(inputs, ())[0], run(inputs, ())[0]
        except Exception:  # noqa: BLE001  # grading the reference told of that already
            return
        if not same_result(first, second):
            yield f"the reference is flaky: two calls gave different results for {inputs.recipe.summary()}"
            return


def _fault_of(
    specimen: Specimen, results: Sequence[CaseResult], salt: str, waiting: frozenset[str]
) -> str:
    """What a problem does wrong with a specimen; empty when nothing."""
    what = f"{specimen.role} [{specimen.name}]"
    if broken := next((one for one in results if one.verdict is Verdict.JUDGE_ERROR), None):
        return (
            f"{what}: the judge itself failed in {broken.case}: {broken.detail or broken.message}"
        )
    if specimen.role in _RIGHT:
        wrong = next((one for one in results if one.verdict is not Verdict.ACCEPTED), None)
        return (
            f"{what} is refused (salt {salt!r}):\n{wrong.detail or wrong.message}" if wrong else ""
        )
    if specimen.role == "junk":
        # A case that waits for another earns nothing when that one refuses.
        earned = [one for one in results if one.case not in waiting and one.points]
        return f"{what} is accepted by {', '.join(one.case for one in earned)}" if earned else ""
    failed = [one for one in results if one.verdict.is_failure]
    if not failed:
        return f"{what} passes: no case notices it"
    if specimen.caught_by and specimen.caught_by not in [one.case for one in failed]:
        return f"{what} is caught by {', '.join(one.case for one in failed)}, wanted {specimen.caught_by}"
    told = [one.mistake or one.message for one in failed]
    if specimen.says and specimen.says not in told:
        return f"{what} is told {told[0]!r}, wanted {specimen.says!r}"
    return ""


def _stub_trial(problem: Problem, kinds: Mapping[str, Kind[Any]], kind: Kind[Any]) -> Trial:
    """The untouched stub must be "not attempted" in every case."""
    module: dict[str, object] = {}
    exec(compile(kind.stub(problem, ""), f"<stub of {problem.id}>", "exec"), module)  # noqa: S102  # our own generated text
    values = {name: module.get(name) for name in kind.entries(problem)}
    specimen = Specimen(role="stub", name="the untouched stub", values=values)
    results = _grade_with(problem, kinds, Path(), InMemoryIsolation(values), Context())
    wrong = next((one for one in results if one.verdict is not Verdict.NOT_ATTEMPTED), None)
    fault = (
        f"the untouched stub is {wrong.verdict.value} in {wrong.case}, wanted not_attempted"
        if wrong
        else ""
    )
    return Trial(specimen.role, specimen.name, (), fault)


def _text_faults(problem: Problem, kinds: Mapping[str, Kind[Any]]) -> Iterator[str]:
    """Hints are there, and every text can be filled."""
    kind = kinds[problem.spec.kind]
    if not problem.spec.hints:
        yield "no hints: write at least one, the next step for somebody who is stuck"
    for text in (problem.spec.prompt, *problem.spec.hints, problem.spec.explanation):
        for variant in ("", "verify"):
            try:
                kind.fill(problem, text, variant)
            except ValueError as fault:
                yield f"text cannot be filled: {fault}"
