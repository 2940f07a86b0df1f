"""Mixture of experts: which experts a token goes to, and with which weights.

Axes: B batch, T time, C channels, E experts, k experts per token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .shapes import shape_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Rounding that a softmax over a few scores may add, in units of the dtype's eps; scores that are
# summed in another order move by eps times their size, which `_slack` adds.
SOFTMAX_ULPS = 16


def route(
    x: Float[Tensor, "batch time channels"],
    router_weight: Float[Tensor, "channels experts"],
    top_k: int,
) -> tuple[Int[Tensor, "tokens top_k"], Float[Tensor, "tokens top_k"]]:
    """Choose the ``top_k`` best experts of each token and weight them by a softmax.

    Args:
        x: Activations, shape (B, T, C).
        router_weight: One column of scores per expert, shape (C, E).
        top_k: Experts per token, at most E.

    Returns:
        Expert ids and gates, each of shape (B*T, k), best expert first; the gates of a token sum to 1.

    Source:
        Jiang et al. 2024, arXiv:2401.04088 (Mixtral: softmax over the chosen scores).
    """
    tokens = x.flatten(0, 1)  # (B*T, C)
    logits = tokens @ router_weight  # (B*T, E)
    best, experts = torch.topk(logits, top_k, dim=-1)  # (B*T, k) each
    gates = torch.softmax(best, dim=-1)  # (B*T, k)
    return experts, gates


def chooses_the_best_experts(call: Callable[..., object], inputs: Mapping[str, Any]) -> str | None:
    """Each token gets ``top_k`` different experts, and none that is left out scores higher."""
    x, router_weight, top_k = inputs["x"], inputs["router_weight"], inputs["top_k"]
    logits = x.flatten(0, 1) @ router_weight
    result = call(**inputs)
    if fault := _fault_of_form(result, (logits.shape[0], top_k), logits.shape[1]):
        return fault
    experts = _experts_and_gates(result)[0]
    if any(len(set(row)) < top_k for row in experts.tolist()):
        return "A token was sent to the same expert twice."
    chosen = logits.gather(-1, experts).sort(dim=-1, descending=True).values
    best = logits.topk(top_k, dim=-1).values
    if (best - chosen).abs().max().item() <= _slack(x, router_weight):
        return None
    return "A token was sent to an expert although one with a higher score was left out."


def gates_are_a_softmax_of_the_chosen(
    call: Callable[..., object], inputs: Mapping[str, Any]
) -> str | None:
    """A token's gates are the softmax of its chosen scores: positive, in the same order, sum 1."""
    x, router_weight, top_k = inputs["x"], inputs["router_weight"], inputs["top_k"]
    logits = x.flatten(0, 1) @ router_weight
    result = call(**inputs)
    if fault := _fault_of_form(result, (logits.shape[0], top_k), logits.shape[1]):
        return fault
    experts, gates = _experts_and_gates(result)
    slack = _slack(x, router_weight)
    sums = gates.sum(dim=-1)
    off = (sums - 1).abs()
    if not off.max().item() <= slack:
        return f"The gates of a token must sum to 1; those of one sum to {sums[off.argmax()].item():.4g}."
    wanted = torch.softmax(logits.gather(-1, experts), dim=-1)
    if (gates - wanted).abs().max().item() <= slack:
        return None
    return "The gates are not the softmax of the scores of the experts that were chosen."


def _fault_of_form(result: object, shape: tuple[int, int], experts: int) -> str | None:
    """Say what keeps a result from being read as expert ids and gates; None when nothing does."""
    if not isinstance(result, tuple | list) or len(result) != 2:  # a pair
        return "A pair (experts, gates) was asked for."
    if fault := shape_fault(result[0], shape) or shape_fault(result[1], shape):
        return f"One of experts and gates is not as asked. {fault}"
    ids = result[0]
    if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        return "Expert ids must be whole numbers (an integer tensor), as topk returns them."
    if ids.min().item() < 0 or ids.max().item() >= experts:
        return f"An expert id lies outside 0 to {experts - 1}."
    return None


def _experts_and_gates(result: Any) -> tuple[Tensor, Tensor]:
    experts, gates = result
    return experts.long(), gates


def _slack(x: Tensor, router_weight: Tensor) -> float:
    """Rounding to forgive in scores and gates: it grows with the size of the summed products."""
    size = (x.abs().flatten(0, 1) @ router_weight.abs()).max().item()
    return float(SOFTMAX_ULPS * torch.finfo(x.dtype).eps * (1 + size))
