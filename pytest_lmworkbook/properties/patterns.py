"""Values by formula: each element is a hash of the seed, the stream and the element's own index.

Because an element depends on nothing else, a smaller shape is the corner of a larger one, and a shape with
fewer leading axes is its first slice: cutting a counterexample down keeps the values that are left, which is
what lets shrinking get far. The hash is our own (the finalizer of SplitMix64) rather than one of numpy's
generators, whose streams may change between numpy versions: one salt has to give the same inputs everywhere.

numpy is imported when values are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Shape = tuple[int, ...]

#: Random values are multiples of this: they print short, and most sums of products are exact in float32.
GRID = 1 / 64
#: Far beyond where exp overflows (89 in float32, 710 in float64), within reach of float16.
LARGE = 1000.0
#: Squares of such values vanish beside the eps of a normalisation (1e-5).
TINY = 2.0**-12


def fill(pattern: str, shape: Shape, *, seed: int, stream: int) -> Floats:
    """Make float64 values of one pattern.

    Args:
        pattern: One of `FLOAT_PATTERNS`, or ``positive`` or ``probabilities``.
        shape: Shape of the result.
        seed: Equal seeds give equal values.
        stream: Tells the arguments of one call apart.

    Raises:
        KeyError: There is no such pattern.
    """
    return _PATTERNS[pattern](_hash(shape or (1,), seed, stream)).reshape(shape)


def fill_integers(
    low: int, high: int, shape: Shape, *, seed: int, stream: int, pattern: str = "random"
) -> Integers:
    """Make integers from ``low`` to ``high``, both included; the patterns are `RANGE_PATTERNS`.

    Raises:
        ValueError: The range is empty.
    """
    import numpy as np

    if high < low:
        raise ValueError(f"no integer lies between {low} and {high}")
    words = _hash(shape or (1,), seed, stream)
    if pattern == "constant":
        words = _repeat_first(words)
    if pattern == "edges":
        return np.where(words % np.uint64(2) == 0, low, high).astype(np.int64).reshape(shape)
    return (_integers(words, high - low + 1) + low).reshape(shape)


def fill_range(
    low: float, high: float, shape: Shape, *, seed: int, stream: int, pattern: str = "random"
) -> Floats:
    """Make floats from ``low`` to ``high``, both included; the patterns are `RANGE_PATTERNS`."""
    steps = fill_integers(0, 64, shape, seed=seed, stream=stream, pattern=pattern)
    return low + (high - low) * (steps / 64)


def fill_bools(
    pattern: str, shape: Shape, *, seed: int, stream: int, masked_rows: bool = False
) -> NDArray[np.bool_]:
    """Make booleans; True lets through, as in an attention mask.

    Args:
        pattern: One of `BOOL_PATTERNS` or `MASK_PATTERNS`.
        shape: Shape of the result.
        seed: Equal seeds give equal values.
        stream: Tells the arguments of one call apart.
        masked_rows: Whether a row of a ``random_mask`` may be False throughout.
    """
    import numpy as np

    if pattern in ("all_true", "all_false"):
        return np.full(shape, pattern == "all_true")
    full = (1,) * (2 - len(shape)) + shape
    rows, columns = np.indices(full[-2:])
    values: NDArray[np.bool_]
    if pattern == "causal":
        values = np.broadcast_to(columns <= rows, full)
        return values.reshape(shape)
    values = _hash(full, seed, stream) % np.uint64(2) == 1
    if pattern == "random_mask" and not masked_rows:
        values = values | (columns == rows % max(full[-1], 1))
    return values.reshape(shape)


def fill_signs(shape: Shape, *, seed: int, stream: int) -> Floats:
    """Make -1 or 1 for each element."""
    return (
        (_integers(_hash(shape or (1,), seed, stream), 2) * 2 - 1).astype("float64").reshape(shape)
    )


def _hash(shape: Shape, seed: int, stream: int) -> Words:
    """One 64-bit word per element of a shape with at least one axis (numpy scalars would warn of overflow)."""
    import numpy as np

    start = (seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03 + 1) % 2**64
    words = _mix(np.full((1,) * len(shape), start, dtype=np.uint64))
    for depth, size in enumerate(reversed(shape)):
        index = np.arange(size, dtype=np.uint64).reshape((size,) + (1,) * depth)
        step = np.uint64(0x8CB92BA72F3D8DD7 * (2 * depth + 1) % 2**64)
        # Index 0 keeps the word, so that the first slice along an axis is the tensor without that axis.
        words = np.where(index == 0, words, _mix(words + index * step))
    return words


def _mix(words: Words) -> Words:
    """Spread every bit of the input over the whole word (SplitMix64; multiplication wraps around)."""
    import numpy as np

    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _integers(words: Words, count: int) -> Integers:
    """Integers from 0 to ``count - 1``."""
    import numpy as np

    return (words % np.uint64(count)).astype(np.int64)


def _units(words: Words) -> Floats:
    """Floats strictly between 0 and 1."""
    import numpy as np

    return ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _repeat_first(words: Words) -> Words:
    import numpy as np

    return np.broadcast_to(words[(slice(0, 1),) * words.ndim], words.shape)


def _on_grid(values: Floats) -> Floats:
    import numpy as np

    # Rounding also hides last-place differences between the log and cos of different machines; + 0.0 drops -0.
    rounded: Floats = np.asarray(np.round(values / GRID) * GRID + 0.0, dtype=np.float64)
    return rounded


def _small_integers(words: Words) -> Floats:
    return (_integers(words, 7) - 3).astype("float64")


def _normal(words: Words) -> Floats:
    import numpy as np

    radius = np.sqrt(-2.0 * np.log(_units(words)))
    return _on_grid(radius * np.cos(2.0 * np.pi * _units(_mix(words))))


def _mixed_magnitudes(words: Words) -> Floats:
    import numpy as np

    magnitudes = np.exp2((_integers(_mix(words), 13) - 6).astype(np.float64))
    return magnitudes * np.sign(_normal(words) + GRID / 2)


def _large(words: Words) -> Floats:
    import numpy as np

    values: Floats = np.round((2.0 * _units(words) - 1.0) * LARGE)
    return values


def _shifted(words: Words) -> Floats:
    return _normal(words) + LARGE


def _tiny(words: Words) -> Floats:
    return _normal(words) * TINY


def _ties(words: Words) -> Floats:
    return (_integers(words, 3) - 1).astype("float64")


def _constant(words: Words) -> Floats:
    return _normal(_repeat_first(words))


def _one_hot(words: Words) -> Floats:
    import numpy as np

    hot = _integers(words[..., :1], max(words.shape[-1], 1))
    values: Floats = (np.arange(words.shape[-1]) == hot).astype("float64")
    return values


def _sparse(words: Words) -> Floats:
    import numpy as np

    return np.where(_integers(_mix(words), 4) == 0, _normal(words), 0.0)


def _positive(words: Words) -> Floats:
    import numpy as np

    return np.abs(_normal(words)) + GRID


def _probabilities(words: Words) -> Floats:
    weights = (_integers(words, 8) + 1).astype("float64")
    rows: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return rows


_PATTERNS: dict[str, Callable[[Words], Floats]] = {
    # -3 ... 3: what a person can check by hand.
    "small_integers": _small_integers,
    # What weights and activations look like.
    "normal": _normal,
    # Signs and magnitudes from 1/64 to 64 side by side: lost signs, absolute values, swapped operands.
    "mixed_sign": _mixed_magnitudes,
    # Up to 1000: softmax without subtracting the maximum, squares that overflow.
    "large": _large,
    # 1000 and a little: variances as a difference of two large means, sums that lose their small part.
    "shifted": _shifted,
    # About 1e-4: where eps stands in a normalisation, divisions by nearly nothing.
    "tiny": _tiny,
    # -1, 0, 1 over and over: argmax, top-k and sorting with equal values.
    "ties": _ties,
    # One value: variance 0, a softmax that must be uniform.
    "constant": _constant,
    # A single 1 per row: which element went where.
    "one_hot": _one_hot,
    # Three zeros in four: divisions by zero, skipped elements.
    "sparse": _sparse,
    # Never 0, never negative: scales, temperatures, variances. Only where a problem asks for it.
    "positive": _positive,
    # Rows that sum to 1. Only where a problem asks for it.
    "probabilities": _probabilities,
}

#: Drawn for float tensors, plainest first (shrinking goes to the front, and drawing favours it).
FLOAT_PATTERNS = tuple(name for name in _PATTERNS if name not in ("positive", "probabilities"))
#: Every pattern that a problem may name for a float tensor.
NAMED_FLOAT_PATTERNS = tuple(_PATTERNS)
#: Drawn for integer tensors, and for float tensors with a range: any value, one value, only the two ends.
RANGE_PATTERNS = ("random", "constant", "edges")
#: Drawn for bool tensors that are no attention mask.
BOOL_PATTERNS = ("random", "all_true", "all_false")
#: Drawn for an attention mask: nothing hidden, nothing later seen, anything (but no row hidden altogether).
MASK_PATTERNS = ("all_true", "causal", "random_mask")
