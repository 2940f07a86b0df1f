"""Draw a few inputs for a function without a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from pytest_lmworkbook.properties.annotations import read_parameters
from pytest_lmworkbook.properties.inputs import Bounds, Inputs, inputs_strategy
from pytest_lmworkbook.properties.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[..., list[Inputs]]

# Two threads on tensors of a few elements cost more than they give, and their sums are not ours to test.
torch.set_num_threads(1)


@pytest.fixture
def draw() -> Draw:
    def draw_inputs(
        function: object, bounds: Bounds | None = None, *, seed: int = 0, examples: int = 40
    ) -> list[Inputs]:
        drawn: list[Inputs] = []
        search(
            inputs_strategy(read_parameters(function), bounds),
            drawn.append,
            seed=seed,
            examples=examples,
        )
        return drawn

    return draw_inputs
