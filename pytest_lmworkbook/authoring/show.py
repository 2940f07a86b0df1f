"""A problem as text: question, hints and explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.kinds import stubs

if TYPE_CHECKING:
    from pytest_lmworkbook.kinds.base import Kind
    from pytest_lmworkbook.problem.model import Problem


def render_problem(
    problem: Problem, kind: Kind[Any], *, variant: str = "", hints: int = 0, explain: bool = False
) -> str:
    """The problem as a student reads it.

    Args:
        problem: The problem.
        kind: Its kind.
        variant: Name of the variant.
        hints: How many hints to show.
        explain: Whether to show the explanation, which gives the answer away.
    """
    spec = problem.spec
    where = f"{problem.module.replace('.', '/')}.py: {', '.join(kind.entries(problem))}"
    points = f"{spec.points:g} point" + ("" if spec.points == 1 else "s")
    parts = [
        f"{problem.id}  {spec.title}  ({spec.kind}, {points})",
        stubs.wrapped(kind.prompt(problem, variant)),
        f"Answer in {where}",
    ]
    parts += [
        stubs.wrapped(f"Hint {number}: {kind.fill(problem, hint, variant).strip()}")
        for number, hint in enumerate(spec.hints[:hints], start=1)
    ]
    if explain and spec.explanation:
        parts += ["Explanation", stubs.wrapped(kind.fill(problem, spec.explanation, variant))]
    if explain and spec.erratum:
        parts += ["Erratum of the source", stubs.wrapped(spec.erratum)]
    return "\n\n".join(parts)
