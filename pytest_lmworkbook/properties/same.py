"""Whether two results are the same but for rounding: the question behind "is this that known mistake?".

Neither of the two is right, so there is no reference to measure a tolerance with; NaN and infinities count as values
here, because many mistakes are recognised by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_lmworkbook.properties.tensors import is_array, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

#: Units in the last place of the largest element: two programs that make one mistake differ by the order of their sums.
ULPS = 64


def same_result(one: object, other: object) -> bool:
    """Whether two results have equal structure, shape and dtype, and values equal up to rounding."""
    if is_array(one) and is_array(other):
        import torch

        return same_result(torch.as_tensor(one), torch.as_tensor(other))
    if is_tensor(one) and is_tensor(other):
        return one.shape == other.shape and one.dtype == other.dtype and _close(one, other)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_result, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_result(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        largest = max(abs(one), abs(other))
        return (
            one == other
            or (one != one and other != other)
            or abs(one - other) <= ULPS * 2.0**-52 * largest
        )  # NaN
    return type(one) is type(other) and bool(one == other)


def _close(one: Tensor, other: Tensor) -> bool:
    import torch

    if not one.is_floating_point():
        return torch.equal(one, other)
    a, b = one.double(), other.double()
    finite = torch.isfinite(a)
    if not torch.equal(finite, torch.isfinite(b)):
        return False
    odd_a, odd_b = a[~finite], b[~finite]
    if not torch.equal(torch.nan_to_num(odd_a, nan=0.5), torch.nan_to_num(odd_b, nan=0.5)):
        return False
    a, b = a[finite], b[finite]
    if a.numel() == 0:
        return True
    allowed = ULPS * torch.finfo(one.dtype).eps * float(torch.maximum(a.abs(), b.abs()).max())
    return float((a - b).abs().max()) <= allowed
