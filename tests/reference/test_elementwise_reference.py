from __future__ import annotations

import pytest
import torch


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_add_is_the_rounded_exact_sum(reference, n, dtype):
    generator = torch.Generator().manual_seed(n)
    x, y = (torch.randn(n, generator=generator).to(dtype) for _ in range(2))
    actual = reference("elementwise").add(x, y)
    assert actual.dtype is dtype
    assert torch.equal(actual, (x.double() + y.double()).to(dtype))
