"""Arithmetic intensity and memory traffic: plain arithmetic, no tensors.

Every function works in base units (FLOP, bytes, seconds) and counts a multiply-add as two FLOPs.
"""

from __future__ import annotations


def ridge_point(peak_flops: float, bandwidth: float) -> float:
    """Intensity at which computing and moving data take the same time.

        flops / peak_flops = bytes / bandwidth    =>    flops / bytes = peak_flops / bandwidth

    Args:
        peak_flops: Dense peak, in FLOP/s.
        bandwidth: Memory bandwidth, in byte/s.

    Returns:
        FLOP per byte.

    Source:
        Williams, Waterman and Patterson 2009, "Roofline", doi:10.1145/1498765.1498785.
    """
    return peak_flops / bandwidth


def decode_intensity(batch: int, d_in: int, d_out: int, bytes_per_weight: int) -> float:
    """Intensity of one decode step through one weight matrix, weight traffic only.

    Args:
        batch: Sequences decoded together, one new token each.
        d_in: Rows of the matrix.
        d_out: Columns of the matrix.
        bytes_per_weight: Storage of one weight, in bytes.

    Returns:
        FLOP per byte of weights read.
    """
    return prefill_intensity(batch, 1, d_in, d_out, bytes_per_weight)


def prefill_intensity(
    batch: int, tokens: int, d_in: int, d_out: int, bytes_per_weight: int
) -> float:
    """Intensity of a prompt's way through one weight matrix, weight traffic only.

        2 * batch * tokens * d_in * d_out / (bytes_per_weight * d_in * d_out)

    Args:
        batch: Prompts processed together.
        tokens: Tokens per prompt.
        d_in: Rows of the matrix.
        d_out: Columns of the matrix.
        bytes_per_weight: Storage of one weight, in bytes.

    Returns:
        FLOP per byte of weights read; reading inputs and writing outputs is left out.
    """
    flops = 2 * batch * tokens * d_in * d_out
    weight_bytes = bytes_per_weight * d_in * d_out
    return flops / weight_bytes


def two_pass_norm_bytes(d_model: int, bytes_per_value: int) -> int:
    """Bytes of one row that an RMSNorm reads when it goes to memory once per pass.

    Args:
        d_model: Values in the row.
        bytes_per_value: Storage of one value, in bytes.

    Returns:
        Bytes read from the row; the weight and the result are not counted.
    """
    passes = 2  # one for the mean square, one to normalize
    return passes * d_model * bytes_per_value
