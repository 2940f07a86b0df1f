"""The tolerance band of a problem: how much of the tolerance right answers use, and how far beyond it mistakes go.

Tolerances are measured and not written down, so what is checked here is that the measurement separates the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.kinds.calling import function_spec, parameters_of, right_functions, run_here
from pytest_lmworkbook.kinds.diagnosis import mistake_functions
from pytest_lmworkbook.kinds.functions import BASE, bounds_of, property_names
from pytest_lmworkbook.problem.reference import load_reference
from pytest_lmworkbook.properties.band import CLEARANCE, ROOM, error_ratio
from pytest_lmworkbook.properties.layouts import LAYOUTS

if TYPE_CHECKING:
    from pytest_lmworkbook.problem.model import Problem
    from pytest_lmworkbook.properties.inputs import Inputs

Functions = Mapping[str, Callable[..., object]]


@dataclass(frozen=True, slots=True)
class Band:
    """What was measured, in units of the tolerance.

    Attributes:
        right: The largest error of any right implementation.
        mistake: The smallest of the mistakes' largest errors.
        mildest: The sentence of that mistake.
    """

    right: float
    mistake: float
    mildest: str = ""

    @property
    def text(self) -> str:
        """The band in one line."""
        return (
            f"right answers use up to {self.right:.2g} of the tolerance, "
            f"the mildest mistake {self.mistake:.3g} times it"
        )

    @property
    def fault(self) -> str:
        """What is wrong with the band; empty when right answers and mistakes are well apart."""
        if self.right > ROOM:
            return f"no room: a right implementation uses {self.right:.2g} of the tolerance, wanted at most {ROOM}"
        if self.mistake < CLEARANCE:
            return (
                f"no clearance: the mistake {self.mildest!r} goes {self.mistake:.2g} times as far as is allowed, "
                f"wanted at least {CLEARANCE}"
            )
        return ""


def measure_band(problem: Problem) -> Band | None:
    """Measure on the inputs that `matches_reference` is tried on; None where no floats are compared.

    Raises:
        JudgeError: The reference fails.
    """
    spec = function_spec(problem)
    if spec.kind == "kernel" or BASE not in property_names(problem):
        return None
    right: dict[str, Callable[..., object]] = {
        str(one): load_reference(problem.root, one) for one in (spec.reference, *spec.accepted)
    }
    mistakes = dict(mistake_functions(problem))
    worst = dict.fromkeys((*right, *mistakes), 0.0)
    has_floats = False
    for inputs in drawn_inputs(problem):
        ratios = _ratios(problem, inputs, {**right, **mistakes})
        has_floats |= ratios is not None
        for name, ratio in (ratios or {}).items():
            worst[name] = max(worst[name], ratio)
    # A mistake that the values never show belongs to another property.
    shown = {says: worst[says] for says in mistakes if worst[says] > 1}
    if not has_floats or not shown:
        return None
    mildest = min(shown, key=lambda says: shown[says])
    return Band(max(worst[name] for name in right), shown[mildest], mildest)


def drawn_inputs(problem: Problem) -> list[Inputs]:
    """The inputs that `matches_reference` is tried on with the public salt."""
    from pytest_lmworkbook.properties.inputs import inputs_strategy
    from pytest_lmworkbook.properties.search import search

    context = Context()
    drawn: list[Inputs] = []
    strategy = inputs_strategy(parameters_of(problem), bounds_of(function_spec(problem), LAYOUTS))
    seed = context.seed(problem, BASE)
    search(
        strategy,
        drawn.append,
        seed=seed,
        examples=context.examples,
        final=(JudgeError,),
        shrink=False,
    )
    return drawn


def _ratios(problem: Problem, inputs: Inputs, functions: Functions) -> dict[str, float] | None:
    """Each function's error on one call; None when the answer has no floats."""
    from pytest_lmworkbook.properties import tensors
    from pytest_lmworkbook.properties.tolerance import measure

    reference, *alternatives = right_functions(problem)
    expected = measure(reference, inputs, alternatives=alternatives)
    if not any(tensors.float_leaf(leaf) is not None for leaf in tensors.leaves(expected.value)):
        return None
    found: dict[str, float] = {}
    for name, function in functions.items():
        with suppress(Exception):  # a mistake that crashes has no error to measure
            found[name] = error_ratio(run_here(function)(inputs, ())[0], expected)
    return found
