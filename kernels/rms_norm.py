"""RMSNorm of the rows of a matrix, one program per row, each row read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

# A program keeps its whole row in registers; wider rows would spill and want a loop instead.
MAX_BLOCK = 65_536


@triton.jit
def rms_norm_kernel(
    x_ptr,
    weight_ptr,
    out_ptr,
    d_model,
    eps,
    stride_x_row,
    stride_x_column,
    stride_weight,
    stride_out_row,
    stride_out_column,
    BLOCK: tl.constexpr,
):
    """Normalize one row by its root mean square, then scale.

        out[r, c] = x[r, c] / sqrt(mean(x[r, :]**2) + eps) * weight[c]

    Grid: program r computes row r.

    Memory: reads rows * d_model elements of x, writes as many of out; each program reads the weight
    (d_model elements), which stays in cache. About 4 FLOP per element.

    Needs: BLOCK is a power of two, at least d_model.
    """
    row = tl.program_id(0).to(tl.int64)  # 64 bits: row * stride may pass 2**31
    columns = tl.arange(0, BLOCK).to(tl.int64)
    mask = columns < d_model
    x_row = x_ptr + row * stride_x_row + columns * stride_x_column
    x = tl.load(x_row, mask=mask, other=0.0).to(tl.float32)
    mean_square = tl.sum(x * x, axis=0) / d_model  # masked lanes are 0 and add nothing
    normalized = x / tl.sqrt(mean_square + eps)
    weight = tl.load(weight_ptr + columns * stride_weight, mask=mask, other=0.0).to(tl.float32)
    out_row = out_ptr + row * stride_out_row + columns * stride_out_column
    tl.store(out_row, normalized * weight, mask=mask)


def rms_norm(x: Tensor, weight: Tensor, *, eps: float, out: Tensor) -> None:
    """Write the normalized rows of ``x`` to ``out``.

    Args:
        x: Matrix of shape (rows, d_model), any strides; float32 or narrower.
        weight: Scale of each column, shape (d_model,).
        eps: Added to the mean square, in units of x**2.
        out: Where the result goes, shape of ``x``.

    Raises:
        ValueError: A row is wider than MAX_BLOCK.
    """
    rows, d_model = x.shape
    block = triton.next_power_of_2(d_model)
    if block > MAX_BLOCK:
        raise ValueError(f"rows of {d_model} elements do not fit in one block of {MAX_BLOCK}")
    strides = (*x.stride(), *weight.stride(), *out.stride())
    rms_norm_kernel[(rows,)](x, weight, out, d_model, eps, *strides, BLOCK=block)
