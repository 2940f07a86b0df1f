"""Chapter 1: attention by hand."""

import torch


def scaled_dot_product_attention(Q, K, V, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", Q, K) / Q.shape[-1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, float("-inf"))
    probs = torch.softmax(scores, dim=-1)
    return torch.einsum("...qk,...kv->...qv", probs, V)
