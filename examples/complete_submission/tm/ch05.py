"""Chapter 5: softmax and normalization."""

import torch


def stable_softmax(x):
    biggest, _ = x.max(dim=-1, keepdim=True)
    e = (x - biggest).exp()
    return e / torch.sum(e, -1, keepdim=True)


def rms_norm(x, gamma, eps):
    h = x.float()
    inv = torch.rsqrt(torch.mean(h * h, -1, keepdim=True) + eps)
    return (h * inv * gamma.float()).to(x.dtype)
