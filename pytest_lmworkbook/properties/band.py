"""How far answers are from the exact one in units of what is allowed: the band that a tolerance must lie in.

A tolerance is trusted when the worst right implementation stays below half of it and the mildest mistake goes beyond
one and a half of it. Torch is imported when something is measured.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_lmworkbook.properties import tensors

if TYPE_CHECKING:
    from torch import Tensor

    from pytest_lmworkbook.properties.tolerance import Expected

#: A right implementation uses at most this share of what is allowed.
ROOM = 0.5
#: A mistake goes at least this far beyond it.
CLEARANCE = 1.5


def error_ratio(actual: object, expected: Expected) -> float:
    """The largest error of an answer in units of the allowed one; infinite where no error can be measured."""
    try:
        triples = zip(
            tensors.leaves(actual),
            tensors.leaves(expected.value),
            tensors.leaves(expected.allowed),
            strict=True,
        )
        return max((_leaf_ratio(*triple) for triple in triples), default=0.0)
    except ValueError:  # another number of leaves
        return math.inf


def _leaf_ratio(actual: object, expected: object, allowed: object) -> float:
    one, other = tensors.float_leaf(actual), tensors.float_leaf(expected)
    if one is None or other is None or allowed is None:
        return 0.0 if _equal(actual, expected) else math.inf
    if one.shape != other.shape:
        return math.inf
    return _tensor_ratio(one, other, allowed)


def _tensor_ratio(one: Tensor, other: Tensor, allowed: object) -> float:
    import torch

    bound = torch.as_tensor(allowed, dtype=torch.float64).expand(other.shape)
    judged = bound < torch.inf
    one, other, bound = one.double()[judged], other.double()[judged], bound[judged]
    same = one == other
    finite = torch.isfinite(one) & torch.isfinite(other)
    if bool((~finite & ~same & ~(one.isnan() & other.isnan())).any()):
        return math.inf
    wrong = finite & ~same
    if not bool(wrong.any()):
        return 0.0
    return float(((one - other).abs()[wrong] / bound[wrong]).max())


def _equal(one: object, other: object) -> bool:
    import torch

    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    return type(one) is type(other) and bool(one == other)
