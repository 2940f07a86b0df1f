from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.properties import patterns

GOLDEN_INTEGERS = [[-1.0, 2.0, 3.0, 1.0], [1.0, 3.0, 1.0, 0.0]]
GOLDEN_NORMAL = [-1.5, -0.90625, -2.4375]
SHAPES = st.lists(st.integers(1, 5), max_size=4).map(tuple)


@pytest.mark.parametrize("pattern", patterns.NAMED_FLOAT_PATTERNS)
@given(shape=SHAPES, seed=st.integers(0, 9999))
def test_values_depend_on_seed_and_index_only(
    pattern: str, shape: tuple[int, ...], seed: int
) -> None:
    values = patterns.fill(pattern, shape, seed=seed, stream=1)
    assert values.shape == shape
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert np.array_equal(values, patterns.fill(pattern, shape, seed=seed, stream=1))


@given(shape=SHAPES, seed=st.integers(0, 9999), data=st.data())
def test_a_smaller_shape_is_a_corner_of_the_larger(
    shape: tuple[int, ...], seed: int, data: st.DataObject
) -> None:
    smaller = tuple(data.draw(st.integers(1, size)) for size in shape)
    corner = patterns.fill("normal", shape, seed=seed, stream=2)[tuple(map(slice, smaller))]
    assert np.array_equal(corner, patterns.fill("normal", smaller, seed=seed, stream=2))


def test_the_first_slice_is_the_shape_without_that_axis() -> None:
    values = patterns.fill("normal", (3, 4, 5), seed=7, stream=0)
    assert np.array_equal(values[0], patterns.fill("normal", (4, 5), seed=7, stream=0))


def test_the_values_themselves_never_change() -> None:
    # Students' counterexamples, hints and the docs quote them: a new hash would be a new version of every problem.
    assert patterns.fill("small_integers", (2, 4), seed=0, stream=1).tolist() == GOLDEN_INTEGERS
    assert patterns.fill("normal", (3,), seed=5, stream=2).tolist() == GOLDEN_NORMAL


def test_streams_and_seeds_differ() -> None:
    filled = [
        patterns.fill("normal", (4, 4), seed=seed, stream=stream).tobytes()
        for seed in range(5)
        for stream in range(5)
    ]
    assert len(set(filled)) == 25


def test_normal_values_are_normal_and_on_the_grid() -> None:
    values = patterns.fill("normal", (200, 200), seed=0, stream=0)
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1) < 0.02
    assert np.array_equal(values, np.round(values / patterns.GRID) * patterns.GRID)
    assert abs(np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]) < 0.02


def test_what_each_pattern_is_for() -> None:
    def fill(pattern: str) -> np.ndarray:
        return patterns.fill(pattern, (40, 9), seed=3, stream=0)

    assert set(fill("small_integers").ravel()) == {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert set(fill("ties").ravel()) == {-1.0, 0.0, 1.0}
    assert len(set(fill("constant").ravel())) == 1
    assert (fill("one_hot").sum(axis=-1) == 1).all()
    assert 0.6 < (fill("sparse") == 0).mean() < 0.9
    assert np.abs(fill("large")).max() > 710  # exp overflows even in float64
    assert fill("shifted").min() > 990
    assert 0 < np.abs(fill("tiny")).max() < 2e-3
    assert (fill("positive") > 0).all()
    assert np.allclose(fill("probabilities").sum(axis=-1), 1, rtol=1e-15, atol=0)


@given(
    low=st.integers(-50, 50),
    span=st.integers(0, 60),
    shape=SHAPES,
    pattern=st.sampled_from(patterns.RANGE_PATTERNS),
)
def test_integers_and_ranges_stay_in_bounds(
    low: int, span: int, shape: tuple[int, ...], pattern: str
) -> None:
    integers = patterns.fill_integers(low, low + span, shape, seed=1, stream=1, pattern=pattern)
    floats = patterns.fill_range(low, low + span, shape, seed=1, stream=1, pattern=pattern)
    for values in (integers, floats):
        assert values.shape == shape
        assert low <= values.min() <= values.max() <= low + span
    if pattern == "edges":
        assert set(integers.ravel()) <= {low, low + span}
    if pattern == "constant":
        assert len(set(integers.ravel())) == 1


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="no integer lies between 3 and 2"):
        patterns.fill_integers(3, 2, (1,), seed=0, stream=0)


@given(shape=SHAPES, seed=st.integers(0, 99), pattern=st.sampled_from(patterns.MASK_PATTERNS))
def test_masks_hide_no_row_altogether(shape: tuple[int, ...], seed: int, pattern: str) -> None:
    mask = patterns.fill_bools(pattern, shape, seed=seed, stream=0)
    assert mask.shape == shape
    assert mask.any(axis=-1).all() if shape else True


def test_a_hidden_row_where_it_is_allowed() -> None:
    masks = [
        patterns.fill_bools("random_mask", (4, 2), seed=seed, stream=0, masked_rows=True)
        for seed in range(20)
    ]
    assert any(not mask.any(axis=-1).all() for mask in masks)


def test_causal_hides_what_is_later() -> None:
    assert patterns.fill_bools("causal", (2, 3), seed=0, stream=0).tolist() == [
        [True, False, False],
        [True, True, False],
    ]
