"""Chapter 0: tokens and byte-pair encoding."""

from collections import defaultdict


def count_pairs(sequences):
    counts = defaultdict(int)
    for ids in sequences:
        for pair in zip(ids, ids[1:]):
            counts[pair] += 1
    return dict(counts)
