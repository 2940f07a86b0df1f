"""Attention over tensors with any leading shape.

Axes: ``queries`` and ``keys`` are positions, ``d_k`` and ``d_v`` widths of one head.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .shapes import shape_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Rounding that two right computations may differ by, in units of eps times the size of the values.
REORDERING_ULPS = 16
# Far above what a stand-in for minus infinity such as -1e4 survives, far below float32's overflow.
STRONG_ENTRY = 256.0


def scaled_dot_product_attention(
    Q: Float[Tensor, "... queries d_k"],
    K: Float[Tensor, "... keys d_k"],
    V: Float[Tensor, "... keys d_v"],
    *,
    mask: Bool[Tensor, "... queries keys"] | None = None,
) -> Float[Tensor, "... queries d_v"]:
    """Average the values, weighted by a softmax of the scaled dot products.

        softmax(Q K^T / sqrt(d_k)) V

    Args:
        Q: Queries.
        K: Keys.
        V: Values.
        mask: True where a query may see a key; each query may see at least one. None: all keys.

    Returns:
        One average per query, in the dtype of ``Q``.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762.
    """
    d_k = Q.shape[-1]
    scores = Q @ K.transpose(-2, -1) / math.sqrt(d_k)  # (..., queries, keys)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    weights = weights / weights.sum(dim=-1, keepdim=True)
    return weights @ V  # (..., queries, d_v)


def online_attention(
    Q: Float[Tensor, "... queries d_k"],
    K: Float[Tensor, "... keys d_k"],
    V: Float[Tensor, "... keys d_v"],
    *,
    mask: Bool[Tensor, "... queries keys"] | None = None,
) -> Float[Tensor, "... queries d_v"]:
    """Compute the same averages one key at a time, rescaling when a higher score turns up.

    Source:
        Milakov and Gimelshein 2018, arXiv:1805.02867.
    """
    high = Q.new_full((*Q.shape[:-1], 1), -math.inf)  # (..., queries, 1)
    total = torch.zeros_like(high)
    average = Q.new_zeros(*Q.shape[:-1], V.shape[-1])  # (..., queries, d_v)
    for key in range(K.shape[-2]):
        score = (Q * K[..., key : key + 1, :]).sum(dim=-1, keepdim=True) / math.sqrt(Q.shape[-1])
        if mask is not None:
            score = score.masked_fill(~mask[..., key : key + 1], -math.inf)
        higher = torch.maximum(high, score)
        # Until a query has seen a key both are minus infinity, and their difference is NaN.
        keep = torch.where(high == higher, 1.0, torch.exp(high - higher))
        weight = torch.where(score == -math.inf, 0.0, torch.exp(score - higher))
        total = total * keep + weight
        average = average * keep + weight * V[..., key : key + 1, :]
        high = higher
    return average / total


def permuting_keys_changes_nothing(
    call: Callable[..., Any], inputs: Mapping[str, Any]
) -> str | None:
    """Keys may come in any order, as long as values and mask come in the same."""
    Q, K, V, mask = inputs["Q"], inputs["K"], inputs["V"], inputs.get("mask")
    before = call(**inputs)
    after = call(
        Q=Q,
        K=K.flip(-2).contiguous(),
        V=V.flip(-2).contiguous(),
        mask=None if mask is None else mask.flip(-1).contiguous(),
    )
    shape = (*Q.shape[:-1], V.shape[-1])
    if fault := shape_fault(before, shape) or shape_fault(after, shape):
        return fault
    # Scores summed in another order move by eps times their size, and the weights by as much.
    score_size = (Q.abs() @ K.abs().transpose(-2, -1)).max().item()
    slack = REORDERING_ULPS * torch.finfo(V.dtype).eps * (1 + score_size) * V.abs().max().item()
    difference = (before - after).abs().max().item()
    if difference <= slack:
        return None
    return f"Reversing the keys, with their values and mask, moves the result by {difference:.3g}."


def masked_keys_have_no_say(call: Callable[..., Any], inputs: Mapping[str, Any]) -> str | None:
    """A masked key gets no weight, however low the scores of the others are."""
    Q, K, V, mask = inputs["Q"], inputs["K"], inputs["V"], inputs.get("mask")
    if mask is None:
        return None
    # All scores are equal and very low, so the visible values are averaged with equal weights.
    actual = call(
        Q=torch.full_like(Q, STRONG_ENTRY), K=torch.full_like(K, -STRONG_ENTRY), V=V, mask=mask
    )
    if fault := shape_fault(actual, (*Q.shape[:-1], V.shape[-1])):
        return fault
    visible = mask.to(V.dtype)
    expected = visible @ V / visible.sum(dim=-1, keepdim=True)
    slack = REORDERING_ULPS * torch.finfo(V.dtype).eps * V.abs().max().item() * K.shape[-2]
    difference = (actual - expected).abs().max().item()
    if difference <= slack:
        return None
    return (
        "With every score equal and far below zero, the result must be the mean of the visible "
        f"values; it is off by {difference:.3g}, so masked keys still count."
    )
