"""GPU kernels at the interpreter level: a launcher writes into tensors that the judge owns.

Checked here: values on drawn shapes, dtypes and layouts, outputs written whole, inputs left alone. Not checked yet:
memory accesses, traffic, races, compilation, speed. Triton runs in the worker only, never in the judge.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pytest_lmworkbook.judge.submission import SubmissionSpec
from pytest_lmworkbook.kinds import stubs
from pytest_lmworkbook.kinds.base import Case, Context, Kind, Outcome, Specimen
from pytest_lmworkbook.kinds.build import bare_parameters, signature_notes
from pytest_lmworkbook.kinds.calling import Caller, call_text, function_spec, split_arguments
from pytest_lmworkbook.kinds.checks import check_edits
from pytest_lmworkbook.kinds.diagnosis import explains
from pytest_lmworkbook.kinds.functions import check_arguments, grade_function, property_cases
from pytest_lmworkbook.problem.fields import Identifier, Reference
from pytest_lmworkbook.problem.model import Edit, FunctionSpec, Problem
from pytest_lmworkbook.problem.reference import edited_file, load_reference, resolve_reference
from pytest_lmworkbook.properties.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from torch import Tensor

    from pytest_lmworkbook.judge.submission import Isolation, Submission
    from pytest_lmworkbook.kinds.diagnosis import Diagnose
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Source
    from pytest_lmworkbook.properties.inputs import Inputs
    from pytest_lmworkbook.properties.library import Answer, Property, Run

INTERPRET = {"TRITON_INTERPRET": "1"}
#: Without stride 0: a kernel that ignores it reads behind the tensor, and the stock interpreter shows it garbage there,
#: which is no stable evidence of anything.
LAYOUTS_IN_BOUNDS = tuple(layout for layout in LAYOUTS if layout != "expanded")


class KernelSpec(FunctionSpec):
    """YAML of a kernel problem."""

    kind: Literal["kernel"]
    #: Our own launcher.
    kernel: Reference
    #: Keyword-only tensors that the judge allocates; the reference returns their values.
    outputs: Annotated[tuple[Identifier, ...], Field(min_length=1)] = ("out",)
    properties: tuple[Identifier, ...] = ("matches_reference", "leaves_inputs_alone")


class KernelKind(Kind[KernelSpec]):
    """GPU kernels."""

    name = "kernel"
    needs = frozenset({"torch", "triton"})

    @property
    def spec(self) -> type[KernelSpec]:
        """The model of the kind's YAML."""
        return KernelSpec

    def environment(self) -> Mapping[str, str]:
        """Triton reads it when a kernel is decorated."""
        return INTERPRET

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:
        """Edits apply to functions of the kernel's file; properties exist."""
        yield from check_edits(source, root, of="kernel")
        yield from check_arguments(source, root)

    def cases(self, problem: Problem) -> tuple[Case, ...]:
        """One case per property."""
        return property_cases(problem, problem.spec.points)

    def grade(
        self, problem: Problem, case: Case, submission: Submission, context: Context
    ) -> Outcome:
        """Judge one property under Triton's interpreter."""
        entry = problem.spec.entry
        run = run_launcher(problem, submission, entry)
        caller = Caller(entry, run, _call_text(problem), layouts=LAYOUTS_IN_BOUNDS)
        diagnose = _diagnose_in_worker(problem, context.isolation)
        return grade_function(problem, case.name, caller, submission, context, diagnose)

    def stub(self, problem: Problem, variant: str) -> str:  # code has no variants
        """The launcher's signature."""
        spec = _spec(problem)
        parameters = bare_parameters(problem, spec)
        star = "" if "*" in parameters else "*, "
        parameters = f"{parameters}, {star}{', '.join(spec.outputs)}"
        note = (
            f"Write a @triton.jit kernel and launch it here; the result goes into {', '.join(spec.outputs)}, which the grader "
            "allocates. Import triton at the top of this file, or import the launcher from a file of your own."
        )
        return stubs.function_stub(
            problem, spec.entry, parameters, spec.prompt, [signature_notes(problem, spec), note]
        )

    def specimens(self, problem: Problem) -> Iterator[Specimen]:
        """Our kernel, every edit of it, and a launcher that does nothing."""
        spec = _spec(problem)
        entry = spec.entry
        alias = f"\n\n{entry} = {spec.kernel.name}\n"
        text = resolve_reference(problem.root, spec.kernel).read_text(encoding="utf-8")
        yield Specimen(role="reference", name=str(spec.kernel), source=text + alias)
        for mistake in spec.mistakes:
            name = " ".join(mistake.edits[0][0].split())
            yield Specimen(
                role="mistake",
                name=name,
                source=_edited(problem, mistake) + alias,
                says=mistake.says,
                caught_by=mistake.caught_by or "",
            )
        yield Specimen(
            role="junk",
            name="launches nothing",
            source=f"def {entry}(*args, **named):\n    return None\n",
        )


def run_launcher(problem: Problem, submission: Submission, entry: str) -> Run:
    """Call a launcher with poisoned outputs; what counts is what is in them afterwards."""
    spec = _spec(problem)

    def run(inputs: Inputs, _keep: Sequence[str | int]) -> Answer:
        reference = load_reference(problem.root, spec.reference)  # late: it brings torch
        arguments = split_arguments(problem, inputs.arguments)
        outputs = _poisoned(reference, inputs, spec.outputs)
        # Inputs come back too: a kernel that stores to the wrong tensor leaves the same NaN in the output as one
        # that stores nothing, and only they tell the two apart.
        wanted = [*arguments.places_of(tuple(inputs.arguments)), *spec.outputs]
        returned = submission.call(
            entry, arguments.args, {**arguments.named, **outputs}, keep=wanted
        )
        kept = arguments.names_of(returned.kept)
        written = tuple(kept.pop(name, None) for name in spec.outputs)
        return (written[0] if len(written) == 1 else written), kept

    return run


def _poisoned(reference: object, inputs: Inputs, names: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of the reference's shapes and dtypes, filled with NaN so that an element that nobody writes shows."""
    import torch

    assert callable(reference)  # load_reference gives nothing else
    values = reference(**inputs.clone().arguments)
    values = values if isinstance(values, tuple) else (values,)
    return {
        name: torch.full_like(
            value,
            torch.nan if value.is_floating_point() else -1,
            memory_format=torch.contiguous_format,
        )
        for name, value in zip(names, values, strict=True)
    }


def _diagnose_in_worker(problem: Problem, isolation: Isolation | None) -> Diagnose:
    """Diagnosis by running our wrong kernels in a worker of their own: triton stays out of the judge."""

    def diagnose(wanted: Property, seen: Sequence[tuple[Inputs, object]]) -> str:
        if isolation is None:
            return ""
        for mistake in function_spec(problem).mistakes:
            with tempfile.TemporaryDirectory(prefix="lmworkbook-") as folder:
                (Path(folder) / "wrong_kernel.py").write_text(
                    _edited(problem, mistake), encoding="utf-8"
                )
                spec = SubmissionSpec(
                    root=Path(folder),
                    modules=("wrong_kernel",),
                    needs=KernelKind.needs,
                    environment=INTERPRET,
                    is_ours=True,
                )
                submission = isolation.open(spec)
                try:
                    if explains(
                        problem,
                        wanted,
                        run_launcher(problem, submission, _spec(problem).kernel.name),
                        seen,
                        with_arguments=True,
                    ):
                        return mistake.says
                finally:
                    submission.close()
        return ""

    return diagnose


def _edited(problem: Problem, mistake: Edit) -> str:
    """The kernel's whole file with one of its functions edited."""
    return edited_file(
        problem.root, _spec(problem).kernel, mistake.edits, function=mistake.function or ""
    )


def _call_text(problem: Problem) -> Callable[[Inputs], str]:
    spec = _spec(problem)
    positional = call_text(problem, spec.entry)

    def text(inputs: Inputs) -> str:
        reference = load_reference(problem.root, spec.reference)
        outputs = _poisoned(reference, inputs, spec.outputs)
        made = [
            f"{name} = torch.full({tuple(one.shape)}, {'torch.nan' if one.is_floating_point() else -1}, dtype={one.dtype})"
            for name, one in outputs.items()
        ]
        passed = ", ".join(f"{name}={name}" for name in spec.outputs)
        return "\n".join([*made, f"{positional(inputs)[:-1]}, {passed})"])

    return text


def _spec(problem: Problem) -> KernelSpec:
    assert isinstance(
        problem.spec, KernelSpec
    )  # narrows for the type checker; kinds get their own specs
    return problem.spec
