"""Chapter 3: mixtures of experts."""

import torch

router_bug = [8, 9]


def router_bug_fix(x, router_weight, top_k):
    scores = torch.einsum("btc,ce->bte", x, router_weight).reshape(-1, router_weight.shape[1])
    best = scores.topk(top_k, dim=1)
    return best.indices, best.values.softmax(dim=1)
