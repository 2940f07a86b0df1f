# ruff: noqa: ARG005, F722, F821, TC002, UP037, N803
# jaxtyping shapes are strings that ruff takes for forward references, and are read at run time.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.properties.compare import compare
from pytest_lmworkbook.properties.inputs import ArgumentBounds, Bounds, Inputs
from pytest_lmworkbook.properties.recipe import Recipe
from pytest_lmworkbook.properties.tensors import float_leaf, leaves
from pytest_lmworkbook.properties.tolerance import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., object]


def attention(
    Q: Float[Tensor, "... queries d_k"],
    K: Float[Tensor, "... keys d_k"],
    V: Float[Tensor, "... keys d_v"],
    mask: Bool[Tensor, "... queries keys"] | None = None,
) -> Float[Tensor, "... queries d_v"]:
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return weights / weights.sum(dim=-1, keepdim=True) @ V


def attention_scaled_first(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = (Q / math.sqrt(Q.shape[-1])) @ K.mT
    if mask is not None:
        scores = torch.where(mask, scores, -math.inf)
    return torch.softmax(scores, dim=-1) @ V


def attention_backwards(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    mask = None if mask is None else mask.flip(-1)
    return attention_scaled_first(Q.flip(-1), K.flip(-1).flip(-2), V.flip(-2), mask)


def attention_by_key(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    columns = [(Q * K[..., key : key + 1, :]).sum(dim=-1) for key in range(K.shape[-2])]
    scores = torch.stack(columns, dim=-1) / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return sum(weights[..., key, None] * V[..., key : key + 1, :] for key in range(K.shape[-2]))


def attention_fused(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


def layer_norm(
    x: Float[Tensor, "... d"], weight: Float[Tensor, "d"], eps: float
) -> Float[Tensor, "... d"]:
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * weight


def layer_norm_fused(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], weight, None, eps)


def layer_norm_summed(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    centred = x - x.flip(-1).sum(dim=-1, keepdim=True) / x.shape[-1]
    return (
        centred
        * torch.rsqrt((centred**2).flip(-1).sum(dim=-1, keepdim=True) / x.shape[-1] + eps)
        * weight
    )


def layer_norm_of_moments(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Wrong: the variance as a difference of two large means."""
    mean = x.mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt((x * x).mean(dim=-1, keepdim=True) - mean**2 + eps) * weight


def layer_norm_unbiased(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Wrong: divides by n - 1."""
    return (
        (x - x.mean(dim=-1, keepdim=True))
        / torch.sqrt(
            (x - x.mean(dim=-1, keepdim=True)).square().sum(dim=-1, keepdim=True)
            / max(x.shape[-1] - 1, 1)
            + eps
        )
        * weight
    )


def cross_entropy(
    logits: Float[Tensor, "tokens vocab"], targets: Int[Tensor, "tokens"]
) -> Float[Tensor, ""]:
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    log_weights = shifted - shifted.exp().sum(dim=-1, keepdim=True).log()
    return -log_weights.gather(-1, targets[:, None]).mean()


def cross_entropy_fused(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, targets)


def cross_entropy_looped(logits: Tensor, targets: Tensor) -> Tensor:
    losses = [
        -torch.log_softmax(row, dim=-1)[target] for row, target in zip(logits, targets, strict=True)
    ]
    return sum(reversed(losses), torch.zeros((), dtype=logits.dtype)) / len(losses)


def swiglu(
    x: Float[Tensor, "... d"],
    up: Float[Tensor, "f d"],
    gate: Float[Tensor, "f d"],
    down: Float[Tensor, "d f"],
) -> Float[Tensor, "... d"]:
    hidden = x @ gate.T
    return (hidden * torch.sigmoid(hidden) * (x @ up.T)) @ down.T


def swiglu_divided(x: Tensor, up: Tensor, gate: Tensor, down: Tensor) -> Tensor:
    hidden = torch.einsum("...d,fd->...f", x, gate)
    return torch.einsum("...f,df->...d", hidden / (1 + torch.exp(-hidden)) * (x @ up.T), down)


ARGUMENTS = {
    "mask": ArgumentBounds(pattern="attention_mask"),
    "eps": ArgumentBounds(low=1e-6, high=1e-2),
    "targets": ArgumentBounds(low=0, high="vocab - 1"),
}
RIGHT: list[tuple[Function, list[Function]]] = [
    (attention, [attention_scaled_first, attention_backwards, attention_by_key, attention_fused]),
    (layer_norm, [layer_norm_fused, layer_norm_summed]),
    (cross_entropy, [cross_entropy_fused, cross_entropy_looped]),
    (swiglu, [swiglu_divided]),
]
WRONG: list[tuple[Function, Function]] = [
    (attention, lambda Q, K, V, mask=None: attention(Q * math.sqrt(Q.shape[-1]), K, V, mask)),
    (
        attention,
        lambda Q, K, V, mask=None: attention(Q * math.sqrt(Q.shape[-1] / V.shape[-1]), K, V, mask),
    ),
    (attention, lambda Q, K, V, mask=None: attention(Q, K, V)),
    (attention, lambda Q, K, V, mask=None: attention(Q, K, V, mask).relu()),
    (layer_norm, layer_norm_of_moments),
    (layer_norm, layer_norm_unbiased),
    (layer_norm, lambda x, weight, eps: layer_norm(x, weight, eps * 2)),
    (layer_norm, lambda x, weight, eps: layer_norm(x, weight, 1e-5)),
    (cross_entropy, lambda logits, targets: cross_entropy(logits, targets) * len(targets)),
    (
        cross_entropy,
        lambda logits, targets: (
            -(logits.exp() / logits.exp().sum(-1, keepdim=True))
            .log()
            .gather(1, targets[:, None])
            .mean()
        ),
    ),
    (swiglu, lambda x, up, gate, down: swiglu(x, gate, up, down)),
    (swiglu, lambda x, up, gate, down: swiglu(x, up, gate, down) * (1 + 1e-4)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize(
    ("reference", "others"), RIGHT, ids=lambda value: getattr(value, "__name__", "")
)
def test_other_orders_of_summation_are_accepted_with_room(
    draw, reference: Function, others: list[Function], dtype: str
) -> None:
    for seed in range(3):
        for inputs in draw(reference, Bounds(arguments=ARGUMENTS, dtypes=(dtype,)), seed=seed):
            expected = measure(reference, inputs)
            for other in (reference, *others):
                answer = other(**inputs.clone().arguments)
                assert compare(answer, expected) is None, (other.__name__, inputs.recipe)
                # Half of what is allowed: the band that `verify` wants is there.
                assert used(answer, expected) <= 0.5, (other.__name__, inputs.recipe)


def used(answer: object, expected: object) -> float:
    """The largest part of the allowed difference that an answer uses."""
    actual, value, allowed = (
        float_leaf(leaves(tree)[0]) for tree in (answer, expected.value, expected.allowed)
    )
    judged = torch.isfinite(value) & torch.isfinite(allowed)
    parts = ((actual - value).abs() / allowed)[judged & (allowed > 0)]
    return max(parts.tolist(), default=0.0)


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_mistakes_are_rejected_for_every_seed(draw, case: int) -> None:
    reference, wrong = WRONG[case]
    for seed in range(4):
        drawn = draw(reference, Bounds(arguments=ARGUMENTS), seed=seed, examples=80)
        assert any(
            compare(wrong(**inputs.clone().arguments), measure(reference, inputs))
            for inputs in drawn
        ), seed


def inputs_of(dtype: str = "float32", **arguments: object) -> Inputs:
    return Inputs(arguments, Recipe(dtype=dtype))


def test_sums_that_cancel_are_not_held_to_their_result() -> None:
    # 1e8 + 1 - 1e8 is 0 or 1 in float32, by the order; both are what a right sum may give.
    expected = measure(lambda x: x.sum(), inputs_of(x=torch.tensor([1e8, 1.0, -1e8])))
    assert expected.value == 1
    assert compare(torch.tensor(0.0), expected) is None
    assert compare(torch.tensor(1e3), expected) is not None


def test_a_result_that_is_zero_whatever_the_input_is_not_held_to_zero() -> None:
    # The mean of one value is that value, but x * rstd - mean * rstd need not vanish.
    expected = measure(layer_norm, inputs_of(x=torch.tensor([3.3]), weight=torch.ones(1), eps=1e-5))
    assert compare(torch.tensor([1e-5]), expected) is None
    assert compare(torch.tensor([1e-2]), expected) is not None


def test_a_broken_tie_is_no_rounding() -> None:
    x = torch.tensor([2.0, 2.0, 1.0])
    expected = measure(lambda x, y: y[x.argmax()], inputs_of(x=x, y=torch.tensor([5.0, 7.0, 9.0])))
    assert compare(torch.tensor(5.0), expected) is None
    assert compare(torch.tensor(7.0), expected) is not None


def test_rows_are_measured_by_themselves() -> None:
    expected = measure(lambda x: x * 3, inputs_of(x=torch.tensor([[1000.0, 0.1], [0.1, 0.1]])))
    large, small = expected.allowed[:, 1].tolist()
    assert large > 1000 * small


def test_infinities_are_exact_and_overflow_is_not_judged() -> None:
    expected = measure(
        lambda x: torch.where(x > 0, x, -math.inf), inputs_of(x=torch.tensor([1.0, -1.0]))
    )
    assert expected.allowed[1] == 0
    assert compare(torch.tensor([1.0, -3e38]), expected) is not None
    overflow = measure(lambda x: x * x, inputs_of("float16", x=torch.tensor([1000.0, 2.0]).half()))
    assert overflow.allowed[0] == math.inf
    assert compare(torch.tensor([math.inf, 4.0]).half(), overflow) is None
    assert compare(torch.tensor([math.inf, 5.0]).half(), overflow) is not None


def test_whole_numbers_texts_and_containers_are_exact() -> None:
    expected = measure(
        lambda ids: {"count": len(ids), "text": "ab", "pairs": [(1, 2)], "x": torch.tensor(ids)},
        inputs_of(ids=[1, 2, 3]),
    )
    assert expected.allowed == {"count": None, "text": None, "pairs": [(None, None)], "x": None}
    assert expected.value["count"] == 3


def test_an_argmax_that_float64_decides_otherwise_is_not_judged() -> None:
    x = torch.tensor([1.0, 1.0 + 2**-23])
    expected = measure(lambda x: (x + 2**10).argmax(), inputs_of(x=x))
    assert compare(torch.tensor(0), expected) is None
    assert compare(torch.tensor(1), expected) is None


def test_what_a_reference_creates_itself_is_exact_too() -> None:
    def angles(count: int) -> Tensor:
        return torch.cos(torch.arange(count) * 1.1)

    expected = measure(angles, inputs_of(count=3))
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(expected.value, torch.cos(torch.arange(3).double() * 1.1))
    assert compare(torch.cos(torch.arange(3).float() * 1.1), expected) is None


def test_python_floats_and_numpy_arrays() -> None:
    mean = measure(lambda x: sum(x) / len(x), inputs_of("float64", x=[0.1, 0.2, 0.4]))
    assert isinstance(mean.allowed, float)
    assert compare(torch.tensor([0.1, 0.2, 0.4]).mean().item(), mean) is None
    assert compare(0.2334, mean) is not None
    total = measure(lambda x: np.float64(x.sum()), inputs_of("float64", x=np.array([0.1, 0.2])))
    assert compare(0.1 + 0.2, total) is None


def test_the_errors_of_alternatives_count() -> None:
    inputs = inputs_of(x=torch.tensor([1000.0, 999.0]))

    def softmax(x: Tensor) -> Tensor:
        return torch.softmax(x, dim=-1)

    def less_exact(x: Tensor) -> Tensor:
        return torch.exp(x - torch.logsumexp(x, dim=-1)) * (1 + 1e-2)

    assert compare(less_exact(**inputs.arguments), measure(softmax, inputs)) is not None
    assert (
        compare(less_exact(**inputs.arguments), measure(softmax, inputs, alternatives=[less_exact]))
        is None
    )


def test_a_reference_that_raises_or_changes_its_form_is_our_fault() -> None:
    def broken(x: Tensor) -> Tensor:
        raise ZeroDivisionError("no")

    with pytest.raises(JudgeError, match="the reference broken raised ZeroDivisionError: no"):
        measure(broken, inputs_of(x=torch.ones(1)))
    with pytest.raises(JudgeError, match="another form in float64"):
        measure(lambda x: x if x.dtype == torch.float64 else [x, x], inputs_of(x=torch.ones(1)))


def test_inputs_are_left_alone() -> None:
    x = torch.ones(3)
    measure(lambda x: x.mul_(2), inputs_of(x=x))
    assert torch.equal(x, torch.ones(3))


def test_the_explanation_names_its_parts() -> None:
    assert measure(lambda x: x * 2, inputs_of(x=torch.ones(1))).explain == (
        "4 x the rounding measured in float32 + 4 units in the last place"
    )
