"""Chapter 4: GPUs and the roofline."""

import triton
import triton.language as tl


def h100_ridge_point(peak_flops, bandwidth):
    return peak_flops / bandwidth


def decode_intensity(batch, d_in, d_out, bytes_per_weight):
    flops = 2 * batch * d_in * d_out
    return flops / (d_in * d_out * bytes_per_weight)


def prefill_intensity(batch, tokens, d_in, d_out, bytes_per_weight):
    # every token uses every weight once, the size of the matrix cancels
    return 2 * batch * tokens / bytes_per_weight


warps_and_shared_memory = "8 warps; all threads of the block, in whichever warp"


def rms_norm_two_passes(d_model, bytes_per_value):
    row = d_model * bytes_per_value
    return row + row


@triton.jit
def _add(a_ptr, b_ptr, c_ptr, size, sa, sb, sc, BLOCK: tl.constexpr):
    i = tl.program_id(axis=0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < size
    a = tl.load(a_ptr + i * sa, mask=inside, other=0)
    b = tl.load(b_ptr + i * sb, mask=inside, other=0)
    tl.store(c_ptr + i * sc, a + b, mask=inside)


def vector_add(x, y, *, out):
    size = x.numel()
    _add[(triton.cdiv(size, 512),)](
        x, y, out, size, x.stride(0), y.stride(0), out.stride(0), BLOCK=512
    )


@triton.jit
def _rms_norm(x_ptr, w_ptr, o_ptr, n_cols, eps, xr, xc, wc, o_r, o_c, BLOCK: tl.constexpr):
    r = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    ok = c < n_cols
    x = tl.load(x_ptr + r * xr + c * xc, mask=ok, other=0.0).to(tl.float32)
    w = tl.load(w_ptr + c * wc, mask=ok, other=0.0).to(tl.float32)
    ms = tl.sum(x * x) / n_cols
    y = x * tl.rsqrt(ms + eps) * w
    tl.store(o_ptr + r * o_r + c * o_c, y, mask=ok)


def rms_norm_rows(x, weight, *, eps, out):
    n_rows, n_cols = x.shape
    _rms_norm[(n_rows,)](
        x,
        weight,
        out,
        n_cols,
        eps,
        x.stride(0),
        x.stride(1),
        weight.stride(0),
        out.stride(0),
        out.stride(1),
        BLOCK=triton.next_power_of_2(n_cols),
    )
