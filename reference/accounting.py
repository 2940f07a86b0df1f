"""Parameter counts of transformers: plain arithmetic, no tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


def layers_add_the_same_each(call: Callable[..., Any], inputs: Mapping[str, Any]) -> str | None:
    """Going from n to n + 1 layers adds as many weights as going from n + 1 to n + 2."""
    counts = [call(**{**inputs, "n_layers": inputs["n_layers"] + more}) for more in range(3)]
    if not all(isinstance(count, int | float) for count in counts):
        return f"wanted a number for each count, got {counts}"
    first, second = counts[1] - counts[0], counts[2] - counts[1]
    if first == second:
        return None
    return f"one layer more adds {first}, the next one adds {second}"
