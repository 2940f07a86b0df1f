"""Element-by-element arithmetic: the expected values of the simplest kernels."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def add(x: Float[Tensor, "n"], y: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Add two vectors.

    Args:
        x: First summand.
        y: Second summand.

    Returns:
        The sum, in the dtype of the inputs.
    """
    return x + y
