"""Vector addition: the smallest complete kernel, with a grid, a mask and strides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_SIZE = 1024


@triton.jit
def add_kernel(
    x_ptr,
    y_ptr,
    out_ptr,
    n,
    stride_x,
    stride_y,
    stride_out,
    BLOCK: tl.constexpr,
):
    """Add one block of elements.

        out[i] = x[i] + y[i]

    Grid: program p computes elements p * BLOCK to (p + 1) * BLOCK - 1.

    Memory: reads 2 n elements, writes n elements, n FLOP.

    Needs: nothing; any stride, any n of at least 1.
    """
    block = tl.program_id(0).to(tl.int64)  # 64 bits: n * stride may pass 2**31
    offsets = block * BLOCK + tl.arange(0, BLOCK)
    mask = offsets < n
    x = tl.load(x_ptr + offsets * stride_x, mask=mask, other=0.0).to(tl.float32)
    y = tl.load(y_ptr + offsets * stride_y, mask=mask, other=0.0).to(tl.float32)
    tl.store(out_ptr + offsets * stride_out, x + y, mask=mask)


def vector_add(x: Tensor, y: Tensor, *, out: Tensor) -> None:
    """Write ``x + y`` to ``out``.

    Args:
        x: Vector of n elements, any stride; float32 or narrower.
        y: Vector of the same length.
        out: Where the sum goes; any stride but 0.
    """
    n = x.shape[0]
    grid = (triton.cdiv(n, BLOCK_SIZE),)
    add_kernel[grid](x, y, out, n, x.stride(0), y.stride(0), out.stride(0), BLOCK=BLOCK_SIZE)
