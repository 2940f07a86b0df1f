"""What a submission may return instead of a tensor, said in one sentence.

Properties beside the references see whatever a submission returns: they ask here before they compute with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


def shape_fault(result: object, shape: Sequence[int]) -> str | None:
    """Say that a result is no tensor of the wanted shape, or None when it is.

    Args:
        result: What the submission returned.
        shape: The shape that the question asks for.
    """
    wanted = tuple(shape)
    if not isinstance(result, Tensor):
        return f"A tensor of shape {wanted} was asked for; the result is no tensor."
    if tuple(result.shape) != wanted:
        return f"The result has shape {tuple(result.shape)}; {wanted} was asked for."
    return None
