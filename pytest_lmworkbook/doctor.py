"""``lmworkbook doctor``: what works on this machine, what does not, and the cure. Tries things instead of asking versions."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_lmworkbook.authoring.catalogue import Catalogue
    from pytest_lmworkbook.judge.submission import Isolation


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        what: ``worker process``.
        works: Whether it does.
        detail: A version, a number, or why not.
        cure: What to do when it does not work.
        optional: Whether grading goes on without it.
    """

    what: str
    works: bool
    detail: str
    cure: str = ""
    optional: bool = False


def examine(catalogue: Catalogue) -> list[Finding]:
    """Try everything that grading needs."""
    return [
        Finding("python", works=True, detail=sys.version.split()[0]),
        _package("pytest", "pip install pytest"),
        _package("hypothesis", "pip install hypothesis"),
        _package(
            "torch",
            "pip install torch; without it only derivations, choices and orders are graded",
            optional=True,
        ),
        _package(
            "triton",
            "pip install 'pytest-lmworkbook[kernels]' on Linux; without it kernels are not run",
            optional=True,
        ),
        *_tiers(),
        *_problem_sets(catalogue),
    ]


def render_findings(findings: list[Finding]) -> str:
    """One line each, with the cure below what does not work."""
    lines = []
    for finding in findings:
        mark = "ok  " if finding.works else ("-   " if finding.optional else "FAIL")
        lines.append(f"{mark} {finding.what:<22} {finding.detail}")
        if not finding.works and finding.cure:
            lines.append(f"{'':<27} cure: {finding.cure}")
    return "\n".join(lines)


def _package(name: str, cure: str, *, optional: bool = False) -> Finding:
    try:
        importlib.import_module(name)
        return Finding(name, works=True, detail=importlib.metadata.version(name), optional=optional)
    except Exception as fault:  # noqa: BLE001  # a broken installation fails in any way
        return Finding(
            name,
            works=False,
            detail=f"{type(fault).__name__}: {fault}",
            cure=cure,
            optional=optional,
        )


def _tiers() -> Iterator[Finding]:
    """Grade one small submission in each isolation tier."""
    from pytest_lmworkbook.judge.in_process import InProcessIsolation
    from pytest_lmworkbook.judge.process import ProcessIsolation

    tiers: list[tuple[str, Callable[[], Isolation], str]] = [
        ("none", InProcessIsolation, ""),
        (
            "process",
            lambda: ProcessIsolation(preload=frozenset()),
            "use --lm-isolation none until it works",
        ),
    ]
    for name, make, cure in tiers:
        yield _tier(name, make, cure)
    yield from _sandboxes()


def _sandboxes() -> Iterator[Finding]:
    """Attack each sandbox from inside; one that holds is enough."""
    from pytest_lmworkbook.judge.sandbox.choose import TIERS, try_tier

    for tier in TIERS:
        trial = try_tier(tier)
        yield Finding(
            f"sandbox {tier.name}",
            works=trial.variant is not None,
            detail=trial.detail,
            cure=tier.cure,
            optional=True,
        )


def _tier(name: str, make: Callable[[], Isolation], cure: str) -> Finding:
    from pytest_lmworkbook.judge.submission import SubmissionSpec

    what = f"isolation {name}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "doctor_probe.py").write_text(
                "def double(x):\n    return 2 * x\n", encoding="utf-8"
            )
            isolation = make()
            try:
                spec = SubmissionSpec(root=Path(folder), modules=("doctor_probe",))
                submission = isolation.open(spec)
                answer = submission.call("double", (21,), {}).value
                submission.close()
            finally:
                isolation.close()
        return Finding(
            what,
            answer == 42,
            "a call went there and back" if answer == 42 else f"gave {answer!r}",
            cure,
        )  # twice 21
    except Exception as fault:  # noqa: BLE001  # what does not work is what we are here to tell
        return Finding(what, works=False, detail=f"{type(fault).__name__}: {fault}", cure=cure)


def _problem_sets(catalogue: Catalogue) -> Iterator[Finding]:
    from pytest_lmworkbook.problem.load import BrokenProblem

    for workbook in catalogue.workbooks():
        problems = workbook.load()
        broken = [one for one in problems if isinstance(one, BrokenProblem)]
        detail = f"{len(problems)} problems" + (
            f", broken: {', '.join(one.id for one in broken)}" if broken else ""
        )
        yield Finding(
            f"workbook {workbook.name}", not broken, detail, "lmworkbook verify shows the faults"
        )
