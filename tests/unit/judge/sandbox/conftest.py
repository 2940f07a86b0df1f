"""Every way to build a sandbox that holds on this machine, as this user; the others are skipped with the reason."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.process import ProcessSubmission
from pytest_lmworkbook.judge.sandbox.choose import TIERS, Trial, try_tier
from pytest_lmworkbook.judge.sandbox.isolation import SandboxIsolation
from pytest_lmworkbook.judge.submission import SubmissionSpec

if TYPE_CHECKING:
    from pathlib import Path

Submit = Callable[..., ProcessSubmission]
_TRIALS: dict[str, Trial] = {}


def trial_of(name: str) -> Trial:
    """Try a tier once per session."""
    if name not in _TRIALS:
        _TRIALS[name] = try_tier(next(tier for tier in TIERS if tier.name == name))
    return _TRIALS[name]


@pytest.fixture(scope="session", params=[tier.name for tier in TIERS])
def sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxIsolation]:
    """One tier, with torch loaded."""
    trial = trial_of(request.param)
    if trial.variant is None:
        pytest.skip(f"{request.param}: {trial.detail}")
    name = f"sandbox:{request.param}"
    with SandboxIsolation(name, trial.variant, preload=("torch",)) as isolation:
        yield isolation


@pytest.fixture
def has_network(sandbox: SandboxIsolation) -> bool:
    """Whether workers have a loopback of their own."""
    return "no network" not in sandbox._variant.name


@pytest.fixture
def submit(sandbox: SandboxIsolation, tmp_path: Path, request: pytest.FixtureRequest) -> Submit:
    """Write a submission and open it in the sandbox."""

    def submit(
        source: str,
        *,
        files: Mapping[str, str] | None = None,
        needs: tuple[str, ...] = (),
        **limits: float,
    ) -> ProcessSubmission:
        root = tmp_path / "student"
        for name, text in {"lm/ch04.py": source, **(files or {})}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        spec = SubmissionSpec(
            root=root,
            modules=("lm.ch04",),
            needs=frozenset(needs),
            limits=Limits(**limits),  # type: ignore[arg-type]  # ints where the field is one
        )
        submission = sandbox.open(spec)
        request.addfinalizer(submission.close)
        return submission

    return submit
