import torch

def scaled_dot_product_attention(Q, K, V, mask=None):
    scores = Q @ K.t() / Q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ V
