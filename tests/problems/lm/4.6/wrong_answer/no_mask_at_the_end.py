# told: The last element is never written
import triton
import triton.language as tl

@triton.jit
def add(x_ptr, y_ptr, out_ptr, n, sx, sy, so, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = i < n - 1
    x = tl.load(x_ptr + i * sx, mask=mask, other=0.0)
    y = tl.load(y_ptr + i * sy, mask=mask, other=0.0)
    tl.store(out_ptr + i * so, x + y, mask=mask)

def vector_add(x, y, *, out):
    n = x.shape[0]
    add[(triton.cdiv(n, 128),)](x, y, out, n, x.stride(0), y.stride(0), out.stride(0), BLOCK=128)
