from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SEQUENCES = st.lists(st.lists(st.integers(0, 4), max_size=8), max_size=5)
COUNTERS = ["count_pairs", "count_pairs_with_counter", "count_pairs_in_two_passes"]


@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        ([], {}),
        ([[], [3]], {}),
        ([[7, 7, 7]], {(7, 7): 2}),
        ([[1, 2], [3, 1, 2]], {(1, 2): 2, (3, 1): 1}),
        ([[1, 2, 1]], {(1, 2): 1, (2, 1): 1}),
    ],
)
def test_known_counts(reference, name, sequences, expected):
    assert getattr(reference("tokenization"), name)(sequences) == expected


@pytest.mark.parametrize("name", COUNTERS)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(sequences=SEQUENCES)
def test_counts_are_those_of_all_windows_of_two(reference, name, sequences):
    windows = Counter(
        tuple(sequence[start : start + 2])
        for sequence in sequences
        for start in range(len(sequence))
        if len(sequence[start : start + 2]) == 2
    )
    assert getattr(reference("tokenization"), name)(sequences) == windows


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(sequences=SEQUENCES)
def test_properties_hold_for_the_reference(reference, sequences):
    tokenization = reference("tokenization")
    inputs = {"sequences": sequences}
    for check in (
        tokenization.every_pair_of_neighbours_is_counted_once,
        tokenization.order_of_sequences_changes_nothing,
    ):
        assert check(tokenization.count_pairs, inputs) is None


@pytest.mark.parametrize("junk", [None, 3, [], {(1, 2): "2"}])
def test_property_says_what_form_is_wanted(reference, junk):
    check = reference("tokenization").every_pair_of_neighbours_is_counted_once
    assert "dict" in check(lambda **_: junk, {"sequences": [[1, 2]]})


def test_property_notices_a_pair_across_two_sequences(reference):
    tokenization = reference("tokenization")

    def joined(*, sequences):
        return tokenization.count_pairs([[token for one in sequences for token in one]])

    found = tokenization.every_pair_of_neighbours_is_counted_once(
        joined, {"sequences": [[1, 2], [3]]}
    )
    assert found == "The sequences have 1 pairs of neighbours; the counts add up to 2."
