from __future__ import annotations

import pytest
import torch
from torch import nn


class TiedGPT(nn.Module):
    """The matrices that the count is about, built once so that torch can count them."""

    def __init__(self, d_model: int, n_layers: int, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model, device="meta")
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [nn.Linear(d_model, d_model, bias=False, device="meta") for _ in range(4)]
                + [nn.Linear(d_model, 4 * d_model, bias=False, device="meta")]
                + [nn.Linear(4 * d_model, d_model, bias=False, device="meta")]
            )
            for _ in range(n_layers)
        )
        self.head = nn.Linear(d_model, vocabulary, bias=False, device="meta")
        self.head.weight = self.embedding.weight


@pytest.mark.parametrize("shape", [(1, 1, 1), (768, 12, 50257), (2048, 18, 50257), (5, 3, 11)])
def test_count_is_that_of_a_module_with_a_tied_head(reference, shape):
    with torch.no_grad():
        counted = sum(parameter.numel() for parameter in TiedGPT(*shape).parameters())
    assert reference("accounting").gpt_parameters(*shape) == counted


def test_gpt2_small_without_positions_biases_and_norms(reference):
    matrices = reference("accounting").gpt_parameters(768, 12, 50257)
    positions, norms, biases = 1024 * 768, 12 * 4 * 768 + 2 * 768, 12 * 9 * 768
    assert matrices + positions + norms + biases == 124_439_808
