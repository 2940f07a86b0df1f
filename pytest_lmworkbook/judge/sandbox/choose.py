"""Choose the first sandbox that really holds on this machine; none means no grading, not weaker grading."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError, LMWorkbookError
from pytest_lmworkbook.judge.sandbox.bubblewrap import Bubblewrap
from pytest_lmworkbook.judge.sandbox.isolation import SandboxIsolation
from pytest_lmworkbook.judge.sandbox.kernel_walls import LandlockSeccomp
from pytest_lmworkbook.judge.sandbox.other_user import OtherUser
from pytest_lmworkbook.judge.sandbox.probe import describe, find_breaches
from pytest_lmworkbook.judge.sandbox.visible import view_of_this_machine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from pytest_lmworkbook.judge.sandbox.tier import Tier, Variant

#: In the order in which they are tried.
TIERS: tuple[Tier, ...] = (Bubblewrap(), LandlockSeccomp(), OtherUser())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of trying one tier.

    Attributes:
        tier: The tier.
        variant: The way to run it that held; None when none did.
        detail: Which way, with the time that a start takes; or why not.
    """

    tier: Tier
    variant: Variant | None
    detail: str


def open_sandbox(
    preload: Collection[str] = (),
    *,
    hidden: Iterable[Path] = (),
    tiers: Sequence[Tier] = TIERS,
) -> SandboxIsolation:
    """The best sandbox that works here, probed.

    Args:
        preload: Libraries to import before the first submission needs them.
        hidden: Folders of problem sets besides the built-in one.
        tiers: What to try, in order.

    Raises:
        JudgeError: No tier enforces what a sandbox promises; the message says why not and what to do.
    """
    hidden = tuple(hidden)
    trials = []
    for tier in tiers:
        trial = try_tier(tier, hidden=hidden)
        if trial.variant is not None:
            return SandboxIsolation(f"sandbox:{tier.name}", trial.variant, preload=preload)
        trials.append(trial)
    reasons = "\n".join(
        f"  {trial.tier.name}: {trial.detail}\n    cure: {trial.tier.cure}" for trial in trials
    )
    raise JudgeError(
        "--lm-isolation sandbox: no sandbox works on this machine, and nothing weaker is used instead.\n"
        f"{reasons}\n"
        "Code that you trust, such as your own, can be graded with --lm-isolation process"
    )


def try_tier(tier: Tier, *, hidden: Iterable[Path] = ()) -> Trial:
    """Start each way to run a tier until one holds."""
    if obstacle := tier.obstacle():
        return Trial(tier=tier, variant=None, detail=obstacle)
    view = view_of_this_machine(hidden)
    failures = []
    for variant in tier.variants(view):
        started = time.perf_counter()
        try:
            with SandboxIsolation(f"sandbox:{tier.name}", variant) as isolation:
                breaches = set(find_breaches(isolation)) - tier.tolerates
        except LMWorkbookError as fault:
            failures.append(f"{variant.name}: {_last_line(fault)}")
            continue
        duration_ms = (time.perf_counter() - started) * 1000
        if not breaches:
            detail = f"{variant.name}; started and probed in {duration_ms:.0f} ms"
            return Trial(tier=tier, variant=variant, detail=detail)
        failures.append(f"{variant.name}: {describe(sorted(breaches))}")
    return Trial(tier=tier, variant=None, detail=" | ".join(failures))


def _last_line(fault: Exception) -> str:
    lines = str(fault).strip().splitlines()
    return f"{lines[0]} {lines[-1]}"[:400] if len(lines) > 1 else str(fault)[:400]
