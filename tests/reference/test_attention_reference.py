from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own habit

# (leading shape, queries, keys, d_k, d_v): sizes of 1, no powers of two, no and several leading axes.
SHAPES = [((), 1, 1, 1, 1), ((), 3, 5, 7, 2), ((2,), 5, 3, 4, 6), ((3, 1), 9, 7, 5, 3)]
IMPLEMENTATIONS = ["scaled_dot_product_attention", "online_attention"]
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}


def draw(shape, dtype, *, masked, seed=0):
    lead, queries, keys, d_k, d_v = shape
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(*lead, *size, generator=generator, dtype=torch.float64).to(dtype)

    mask = None
    if masked:
        mask = torch.rand(*lead, queries, keys, generator=generator) < 0.5
        mask[..., 0] |= ~mask.any(dim=-1)
    return {"Q": normal(queries, d_k), "K": normal(keys, d_k), "V": normal(keys, d_v), "mask": mask}


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(reference, name, shape, masked, dtype):
    inputs = draw(shape, dtype, masked=masked)
    actual = getattr(reference("attention"), name)(**inputs)
    expected = F.scaled_dot_product_attention(
        inputs["Q"], inputs["K"], inputs["V"], attn_mask=inputs["mask"]
    )
    torch.testing.assert_close(actual, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_agree_with_torch(reference, name, masked):
    inputs = draw(((2,), 4, 3, 5, 2), torch.float64, masked=masked)
    tensors = [inputs[key].requires_grad_() for key in "QKV"]
    cotangent = torch.linspace(-1, 1, 2 * 4 * 2, dtype=torch.float64).reshape(2, 4, 2)
    ours = getattr(reference("attention"), name)(**inputs)
    torchs = F.scaled_dot_product_attention(*tensors, attn_mask=inputs["mask"])
    actual = torch.autograd.grad(ours, tensors, cotangent)
    expected = torch.autograd.grad(torchs, tensors, cotangent)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_one_key_returns_its_value(reference, name):
    inputs = draw(((2,), 3, 1, 4, 5), torch.float32, masked=False)
    actual = getattr(reference("attention"), name)(**inputs)
    torch.testing.assert_close(actual, inputs["V"].expand(2, 3, 5))


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_large_scores_stay_finite(reference, name):
    inputs = draw(((), 3, 4, 5, 2), torch.float32, masked=True)
    actual = getattr(reference("attention"), name)(**inputs | {"Q": inputs["Q"] * 1e6})
    assert actual.isfinite().all()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_properties_hold(reference, name, masked, scale):
    attention = reference("attention")
    call = getattr(attention, name)
    for seed, shape in enumerate(SHAPES):
        for dtype in TOLERANCE:
            inputs = draw(shape, dtype, masked=masked, seed=seed)
            inputs |= {"Q": inputs["Q"] * scale, "K": inputs["K"] * scale}
            assert attention.permuting_keys_changes_nothing(call, inputs) is None
            assert attention.masked_keys_have_no_say(call, inputs) is None


def test_property_notices_a_finite_stand_in_for_infinity(reference):
    attention = reference("attention")

    def nearly_masked(*, mask, **tensors):
        scores = tensors["Q"] @ tensors["K"].mT / math.sqrt(tensors["Q"].shape[-1])
        return torch.softmax(scores.masked_fill(~mask, -1e4), dim=-1) @ tensors["V"]

    inputs = draw(((), 3, 4, 5, 2), torch.float32, masked=True)
    assert "masked keys still count" in attention.masked_keys_have_no_say(nearly_masked, inputs)


def test_property_notices_that_keys_have_an_order(reference):
    attention = reference("attention")

    def first_value(**tensors):
        first = tensors["V"][..., :1, :]
        return first.expand(*tensors["Q"].shape[:-1], first.shape[-1])

    inputs = draw(((), 3, 4, 5, 2), torch.float32, masked=False)
    assert "Reversing the keys" in attention.permuting_keys_changes_nothing(first_value, inputs)


@pytest.mark.parametrize("junk", [None, 1.0, torch.zeros(7, 7)])
def test_properties_say_what_shape_is_wanted(reference, junk):
    attention = reference("attention")
    inputs = draw(((), 3, 4, 5, 2), torch.float32, masked=True)
    for check in (attention.permuting_keys_changes_nothing, attention.masked_keys_have_no_say):
        assert "(3, 2)" in check(lambda **_: junk, inputs)
