"""Byte-pair encoding on lists of token ids: plain Python, no tensors."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def count_pairs(sequences: list[list[int]]) -> dict[tuple[int, int], int]:
    """Count each ordered pair of neighbouring ids, never across two sequences.

    Args:
        sequences: Lists of token ids; a list may be empty or hold one id.

    Returns:
        Count of each pair that occurs; pairs may overlap, so ``[7, 7, 7]`` has two.

    Source:
        Sennrich, Haddow and Birch 2016, arXiv:1508.07909.
    """
    counts: dict[tuple[int, int], int] = {}
    for sequence in sequences:
        for i in range(len(sequence) - 1):
            pair = (sequence[i], sequence[i + 1])
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def count_pairs_with_counter(sequences: list[list[int]]) -> dict[tuple[int, int], int]:
    """Count the same pairs with the standard library; a ``Counter`` is a dict too."""
    counts: Counter[tuple[int, int]] = Counter()
    for sequence in sequences:
        counts.update(pairwise(sequence))
    return counts


def count_pairs_in_two_passes(sequences: list[list[int]]) -> dict[tuple[int, int], int]:
    """List all pairs first, then count each distinct one: quadratic, and just as right."""
    pairs = [pair for sequence in sequences for pair in pairwise(sequence)]
    return {pair: pairs.count(pair) for pair in pairs}


def every_pair_of_neighbours_is_counted_once(
    call: Callable[..., object], inputs: Mapping[str, Any]
) -> str | None:
    """A sequence of n ids adds n - 1 to the sum of all counts."""
    sequences = inputs["sequences"]
    counts = call(sequences=sequences)
    if not isinstance(counts, dict) or not all(isinstance(count, int) for count in counts.values()):
        return "The result must be a dict from pairs to whole numbers."
    wanted = sum(max(len(sequence) - 1, 0) for sequence in sequences)
    total = sum(counts.values())
    if total == wanted:
        return None
    return f"The sequences have {wanted} pairs of neighbours; the counts add up to {total}."


def order_of_sequences_changes_nothing(
    call: Callable[..., object], inputs: Mapping[str, Any]
) -> str | None:
    """Counts do not depend on the order in which the sequences come."""
    sequences = inputs["sequences"]
    if call(sequences=sequences) == call(sequences=sequences[::-1]):
        return None
    return "Listing the same sequences in reverse gives other counts."
