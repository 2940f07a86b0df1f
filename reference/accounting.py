"""Parameter counts of transformers: plain arithmetic, no tensors."""

from __future__ import annotations


def gpt_parameters(d_model: int, n_layers: int, vocabulary: int) -> int:
    """Count the weights of a GPT whose output head shares the token embedding.

        12 * n_layers * d_model**2 + vocabulary * d_model

    Biases, norms and position embeddings are left out.

    Args:
        d_model: Width of the residual stream; the feed-forward layer is four times as wide.
        n_layers: Transformer layers.
        vocabulary: Rows of the token embedding.

    Returns:
        Number of weights.

    Source:
        Radford et al. 2019 (GPT-2), Press and Wolf 2017, arXiv:1608.05859 (tied embeddings).
    """
    attention = 4 * d_model**2  # Q, K, V and output projections
    feed_forward = 8 * d_model**2  # up to 4 * d_model and back
    layers = n_layers * (attention + feed_forward)
    embedding = vocabulary * d_model
    head = 0  # tied: logits are x @ embedding.T
    return layers + embedding + head
