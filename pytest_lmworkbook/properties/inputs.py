"""Draw the arguments of a reference from its annotations, within the bounds that a problem gives.

Hypothesis draws a `Recipe` only: sizes, dtype, and per tensor a pattern and a layout, then one seed. The
elements are computed from it. So shrinking walks to the smallest shape, the plainest dtype, pattern and
layout, and a small seed, and never has to look at elements.

hypothesis and torch are imported when inputs are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.properties import tensors
from pytest_lmworkbook.properties.bounds import ArgumentBounds, Bounds
from pytest_lmworkbook.properties.drawing import Drawing
from pytest_lmworkbook.properties.recipe import Recipe, TensorSpec
from pytest_lmworkbook.properties.snippet import render_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_lmworkbook.properties.annotations import Parameter

__all__ = ["ArgumentBounds", "Bounds", "Inputs", "Recipe", "TensorSpec", "inputs_strategy"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of one call, and the recipe that they were made from."""

    arguments: dict[str, object]
    recipe: Recipe

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Inputs:
        """Make the arguments."""
        return cls(tensors.make_arguments(recipe), recipe)

    def clone(self) -> Inputs:
        """Equal values in equal layouts, in storage of their own."""
        return Inputs(tensors.map_arguments(tensors.clone_leaf, self.arguments), self.recipe)

    def widened(self) -> dict[str, object]:
        """The arguments with float tensors in float64, contiguous, in storage of their own."""
        return tensors.map_arguments(tensors.widen_leaf, self.arguments)

    def size(self) -> int:
        """How much there is to look at: elements of tensors and lists, and the size of whole numbers."""
        return sum(map(tensors.size_of, self.arguments.values()))

    def describe(self) -> list[str]:
        """Lines that rebuild the arguments when pasted into a Python prompt."""
        return render_arguments(self.arguments, summary=self.recipe.summary())

    def __repr__(self) -> str:
        # Hypothesis prints what fails; nobody reads that, so it must be cheap.
        return f"Inputs({self.recipe.summary()})"


def inputs_strategy(
    parameters: Sequence[Parameter], bounds: Bounds | None = None
) -> SearchStrategy[Inputs]:
    """A strategy that draws the arguments of one call.

    Args:
        parameters: From `read_parameters`.
        bounds: What the problem says; None for the defaults throughout.

    Raises:
        JudgeError: While drawing: a bound names something unknown, or leaves no value.
    """
    from hypothesis import strategies

    @strategies.composite
    def inputs(draw: DrawFn) -> Inputs:
        return Inputs.from_recipe(_draw_recipe(draw, parameters, bounds or Bounds()))

    return inputs()


def _draw_recipe(draw: DrawFn, parameters: Sequence[Parameter], bounds: Bounds) -> Recipe:
    """Sizes first and the seed last: what is drawn first is what shrinking makes small first."""
    drawing = Drawing(draw, bounds)
    drawing.draw_sizes(parameters)
    arguments = {
        parameter.name: drawing.draw_argument(parameter, position)
        for position, parameter in enumerate(parameters)
    }
    return Recipe(
        dims=drawing.dims,
        batches=drawing.batches,
        dtype=drawing.dtype or "float64",
        arguments=arguments,
        seed=drawing.integer(0, 9999),
    )
