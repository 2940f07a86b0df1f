from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own habit

SHAPES = [(1,), (7,), (1, 1), (3, 5), (2, 1, 9), (2, 3, 4)]
# Float: a few roundings of a short sum. 16 bits: half a unit in the last place, and one more for two roundings.
TOLERANCE = {torch.float64: 1e-14, torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}
SOFTMAXES = ["softmax", "online_softmax"]
NORMS = ["rms_norm", "rms_norm_scaled_last"]


def normal(shape, dtype, *, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).to(dtype)


@pytest.mark.parametrize("name", SOFTMAXES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 1e3])
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_agrees_with_torch(reference, name, shape, dtype, scale):
    x = normal(shape, dtype, scale=scale)
    actual = getattr(reference("normalization"), name)(x)
    torch.testing.assert_close(
        actual, F.softmax(x, dim=-1), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )


@pytest.mark.parametrize("name", SOFTMAXES)
def test_softmax_gradient_agrees_with_torch(reference, name):
    x = normal((3, 5), torch.float64).requires_grad_()
    cotangent = normal((3, 5), torch.float64, seed=1)
    (actual,) = torch.autograd.grad(getattr(reference("normalization"), name)(x), x, cotangent)
    (expected,) = torch.autograd.grad(F.softmax(x, dim=-1), x, cotangent)
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", SOFTMAXES)
def test_distant_copy_property_holds(reference, name):
    normalization = reference("normalization")
    call = getattr(normalization, name)
    for seed, shape in enumerate(SHAPES):
        for scale in (1.0, 1e3):
            inputs = {"x": normal(shape, torch.float32, seed=seed, scale=scale)}
            assert normalization.a_distant_copy_changes_nothing(call, inputs) is None


def test_distant_copy_property_notices_one_maximum_for_all(reference):
    def shared_maximum(*, x):
        weights = torch.exp(x - x.amax())
        return weights / weights.sum(dim=-1, keepdim=True)

    check = reference("normalization").a_distant_copy_changes_nothing
    assert check(shared_maximum, {"x": torch.zeros(2, 3)}) == (
        "With 100000 added to every score in rows beside them, weights become NaN."
    )


def test_distant_copy_property_notices_a_clamp(reference):
    def clamped(*, x):
        weights = torch.exp(x.clamp(max=80))
        return weights / weights.sum(dim=-1, keepdim=True)

    check = reference("normalization").a_distant_copy_changes_nothing
    assert check(clamped, {"x": torch.tensor([0.0, 40.0])}) == (
        "With 100000 added to every score in the row itself, weights change by 0.5."
    )


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("eps", [1e-6, 1e-2, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_agrees_with_a_float64_derivation(reference, name, shape, eps, dtype):
    x, gamma = normal(shape, dtype), normal(shape[-1:], dtype, seed=1)
    actual = getattr(reference("normalization"), name)(x, gamma, eps)
    wide = x.double()
    root = (wide.pow(2).sum(dim=-1, keepdim=True) / shape[-1] + eps) ** 0.5
    expected = (gamma.double() * wide / root).to(dtype)
    torch.testing.assert_close(actual, expected, rtol=TOLERANCE[dtype], atol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_agrees_with_torch(reference, shape):
    x, gamma = normal(shape, torch.float32), normal(shape[-1:], torch.float32, seed=1)
    actual = reference("normalization").rms_norm(x, gamma, 1e-5)
    torch.testing.assert_close(actual, F.rms_norm(x, shape[-1:], gamma, 1e-5))


def test_rms_norm_gradients_agree_with_torch(reference):
    x = normal((3, 5), torch.float64).requires_grad_()
    gamma = normal((5,), torch.float64, seed=1).requires_grad_()
    cotangent = normal((3, 5), torch.float64, seed=2)
    ours = reference("normalization").rms_norm(x, gamma, 1e-3)
    actual = torch.autograd.grad(ours, (x, gamma), cotangent)
    expected = torch.autograd.grad(F.rms_norm(x, (5,), gamma, 1e-3), (x, gamma), cotangent)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_squares_beyond_float16_do_not_overflow(reference):
    x = torch.full((2, 3), 300.0, dtype=torch.float16)
    actual = reference("normalization").rms_norm(x, torch.ones(3, dtype=torch.float16), 1e-6)
    assert actual.dtype is torch.float16
    torch.testing.assert_close(actual, torch.ones_like(x))


def test_row_of_zeros_stays_zero(reference):
    actual = reference("normalization").rms_norm(torch.zeros(2, 3), torch.ones(3), 1e-6)
    assert torch.equal(actual, torch.zeros(2, 3))


def test_rows_are_rms_norm_by_other_names(reference):
    normalization = reference("normalization")
    x, weight = normal((3, 7), torch.float32), normal((7,), torch.float32, seed=1)
    actual = normalization.rms_norm_rows(x, weight, eps=1e-3)
    assert torch.equal(actual, normalization.rms_norm(x, weight, 1e-3))


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_unit_mean_square_property_holds(reference, name, dtype):
    normalization = reference("normalization")
    call = getattr(normalization, name)
    for seed, shape in enumerate(SHAPES):
        for scale in (1e-3, 1.0, 1e3):
            x = normal(shape, dtype, seed=seed, scale=scale)
            inputs = {"x": x, "gamma": torch.ones(shape[-1:], dtype=dtype), "eps": 1e-2}
            assert normalization.rows_have_unit_mean_square(call, inputs) is None


def test_unit_mean_square_property_notices_a_sum(reference):
    def sum_instead(*, x, gamma, eps):
        return gamma * x / torch.sqrt(x.square().sum(dim=-1, keepdim=True) + eps)

    check = reference("normalization").rows_have_unit_mean_square
    inputs = {"x": torch.ones(2, 4), "gamma": torch.ones(4), "eps": 1e-6}
    assert check(sum_instead, inputs) == (
        "With gamma of ones a row should have mean square 1; it has 0.25."
    )


@pytest.mark.parametrize("junk", [None, 1.0, torch.zeros(7, 7)])
def test_properties_say_what_shape_is_wanted(reference, junk):
    normalization = reference("normalization")
    inputs = {"x": torch.ones(2, 3), "gamma": torch.ones(3), "eps": 1e-6}
    for check in (
        normalization.a_distant_copy_changes_nothing,
        normalization.rows_have_unit_mean_square,
    ):
        assert "(2, 3)" in check(lambda **_: junk, inputs)
