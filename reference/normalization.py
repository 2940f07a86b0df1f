"""Softmax and RMSNorm over the last axis, for any leading shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from .shapes import shape_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Rounding that two right computations may differ by, in units of the dtype's eps.
REORDERING_ULPS = 16
# Rows this far above the others underflow them if all share one maximum (exp(-1e5) is 0).
DISTANT = 1e5


def softmax(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    """Turn each row of scores into weights that sum to 1, without overflow.

        exp(x - max(x)) / sum(exp(x - max(x)))

    Args:
        x: Scores, softmax over the last axis.

    Returns:
        Weights, shape and dtype of ``x``.

    Source:
        Blanchard, Higham and Higham 2021, doi:10.1093/imanum/draa038 (why the shift is stable).
    """
    weights = torch.exp(x - x.amax(dim=-1, keepdim=True))
    return weights / weights.sum(dim=-1, keepdim=True)


def online_softmax(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    """Find maximum and sum in one pass over each row, then divide.

    Source:
        Milakov and Gimelshein 2018, arXiv:1805.02867.
    """
    high = torch.full_like(x[..., 0], -math.inf)
    total = torch.zeros_like(high)
    for i in range(x.shape[-1]):
        higher = torch.maximum(high, x[..., i])
        total = total * torch.exp(high - higher) + torch.exp(x[..., i] - higher)
        high = higher
    return torch.exp(x - high[..., None]) / total[..., None]


def softmax_by_logsumexp(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    """Subtract the logarithm of the sum before exp; for scores near 1000 that rounds more than dividing does.

    Source:
        Blanchard, Higham and Higham 2021, doi:10.1093/imanum/draa038.
    """
    return torch.exp(x - torch.logsumexp(x, dim=-1, keepdim=True))


def rms_norm(
    x: Float[Tensor, "... d_model"], gamma: Float[Tensor, "d_model"], eps: float
) -> Float[Tensor, "... d_model"]:
    """Divide each row by its root mean square, then scale each channel.

        gamma * x / sqrt(mean(x**2) + eps)

    Args:
        x: Activations.
        gamma: Scale of each channel.
        eps: Added to the mean square, in units of x**2.

    Returns:
        Shape and dtype of ``x``; the mean is accumulated in float32, or wider where ``x`` is wider.

    Source:
        Zhang and Sennrich 2019, arXiv:1910.07467.
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    mean_square = wide.square().mean(dim=-1, keepdim=True)  # (..., 1)
    normalized = wide / torch.sqrt(mean_square + eps)
    return (normalized * gamma).to(x.dtype)


def rms_norm_scaled_last(
    x: Float[Tensor, "... d_model"], gamma: Float[Tensor, "d_model"], eps: float
) -> Float[Tensor, "... d_model"]:
    """Round to the input's dtype before the scale is applied, as Llama's published code does."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    inverse = torch.rsqrt(wide.pow(2).mean(dim=-1, keepdim=True) + eps)
    return gamma * (wide * inverse).to(x.dtype)


def rms_norm_rows(
    x: Float[Tensor, "rows d_model"], weight: Float[Tensor, "d_model"], *, eps: float
) -> Float[Tensor, "rows d_model"]:
    """Normalize each row of a matrix: :func:`rms_norm` with the argument names of a kernel."""
    return rms_norm(x, weight, eps)


def a_distant_copy_changes_nothing(
    call: Callable[..., Any], inputs: Mapping[str, Any]
) -> str | None:
    """A copy of the rows, shifted far up, gets the same weights and leaves theirs alone."""
    far = inputs["x"] + DISTANT
    near = far - DISTANT  # what is left of x after rounding, so that both hold the same differences
    together = torch.stack([near, far])
    alone, beside = call(x=near), call(x=together)
    if fault := shape_fault(alone, near.shape) or shape_fault(beside, together.shape):
        return fault
    eps = torch.finfo(near.dtype).eps
    reordering = REORDERING_ULPS * eps
    # Where the logarithm of the sum is formed, it rounds like the distant scores themselves.
    cases = (
        (beside[0], "in rows beside them", reordering),
        (beside[1], "in the row itself", reordering + 2 * eps * DISTANT),
    )
    for rows, where, allowed in cases:
        if rows.isnan().any():
            return f"With {DISTANT:g} added to every score {where}, weights become NaN."
        difference = (alone - rows).abs().max().item()
        if not difference <= allowed:
            return f"With {DISTANT:g} added to every score {where}, weights change by {difference:.3g}."
    return None


def rows_have_unit_mean_square(call: Callable[..., Any], inputs: Mapping[str, Any]) -> str | None:
    """With gamma of ones, a row of mean square m comes out with mean square m / (m + eps)."""
    x, gamma, eps = inputs["x"], inputs["gamma"], inputs["eps"]
    normalized = call(x=x, gamma=torch.ones_like(gamma), eps=eps)
    if fault := shape_fault(normalized, x.shape):
        return fault
    before = x.double().square().mean(dim=-1)
    after = normalized.double().square().mean(dim=-1)
    expected = before / (before + eps)
    off = (after - expected).abs()
    if off.max().item() <= REORDERING_ULPS * torch.finfo(x.dtype).eps:
        return None
    row = off.argmax()
    wanted, got = expected.flatten()[row].item(), after.flatten()[row].item()
    return f"With gamma of ones a row should have mean square {wanted:.4g}; it has {got:.4g}."
