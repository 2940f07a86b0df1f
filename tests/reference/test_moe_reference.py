from __future__ import annotations

import pytest
import torch

# Sizes of batch, time, channels, experts, and experts per token.
SHAPES = [(1, 1, 1, 2, 1), (2, 3, 5, 6, 2), (3, 1, 4, 5, 5), (1, 7, 3, 3, 1)]


def draw(shape, *, seed=0, integers=False):
    batch, time, channels, experts, top_k = shape
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, time, channels, generator=generator)
    weight = torch.randn(channels, experts, generator=generator)
    if integers:
        x, weight = x.round(), weight.round()  # many equal scores
    return {"x": x, "router_weight": weight, "top_k": top_k}


@pytest.mark.parametrize("shape", SHAPES)
def test_gates_are_the_dense_softmax_renormalized_over_the_chosen(reference, shape):
    inputs = draw(shape)
    experts, gates = reference("moe").route(**inputs)
    dense = torch.softmax((inputs["x"].double() @ inputs["router_weight"].double()), dim=-1)
    chosen = dense.flatten(0, 1).gather(-1, experts)
    expected = chosen / chosen.sum(dim=-1, keepdim=True)
    torch.testing.assert_close(gates.double(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(experts, dense.flatten(0, 1).topk(shape[-1], dim=-1).indices)


def test_gates_carry_a_gradient_to_the_router(reference):
    inputs = draw((2, 3, 5, 6, 2))
    weight = inputs["router_weight"].double().requires_grad_()
    x = inputs["x"].double()

    def first_gates(weight):
        return reference("moe").route(x, weight, 2)[1][:, 0]

    assert torch.autograd.gradcheck(first_gates, (weight,))


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_properties_hold_also_with_ties(reference, shape, integers):
    moe = reference("moe")
    for seed in range(5):
        inputs = draw(shape, seed=seed, integers=integers)
        assert moe.chooses_the_best_experts(moe.route, inputs) is None
        assert moe.gates_are_a_softmax_of_the_chosen(moe.route, inputs) is None


def test_ties_may_be_resolved_either_way(reference):
    moe = reference("moe")
    inputs = {"x": torch.ones(1, 2, 1), "router_weight": torch.ones(1, 4), "top_k": 2}
    for pair in ([0, 1], [3, 2]):
        result = (torch.tensor([pair, pair]), torch.full((2, 2), 0.5))
        assert moe.chooses_the_best_experts(lambda result=result, **_: result, inputs) is None
        assert (
            moe.gates_are_a_softmax_of_the_chosen(lambda result=result, **_: result, inputs) is None
        )


HALVES = torch.full((2, 2), 0.5)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "pair"),
        ((HALVES,), "pair"),
        ((1, 2), "no tensor"),
        ((torch.zeros(2, 1, dtype=torch.int64), HALVES), r"(2, 1)"),
        ((HALVES, HALVES), "whole numbers"),
        ((torch.tensor([[0, 4], [0, 1]]), HALVES), "outside 0 to 3"),
        ((torch.tensor([[0, 0], [0, 1]]), HALVES), "same expert twice"),
        ((torch.tensor([[0, 1], [2, 1]]), HALVES), "higher score"),
    ],
)
def test_choice_property_says_what_is_wrong(reference, result, words):
    inputs = {"x": torch.ones(1, 2, 1), "router_weight": torch.tensor([[4.0, 3, 2, 1]]), "top_k": 2}
    assert words in reference("moe").chooses_the_best_experts(lambda **_: result, inputs)


@pytest.mark.parametrize(
    ("gates", "words"),
    [(HALVES, "softmax"), (HALVES / 2, "sum to 0.5"), (HALVES * torch.nan, "nan")],
)
def test_gate_property_says_what_is_wrong(reference, gates, words):
    inputs = {"x": torch.ones(1, 2, 1), "router_weight": torch.tensor([[4.0, 3, 2, 1]]), "top_k": 2}
    result = (torch.tensor([[0, 1], [0, 1]]), gates)
    assert words in reference("moe").gates_are_a_softmax_of_the_chosen(lambda **_: result, inputs)
