def count_pairs(sequences):
    counts = {}
    for sequence in sequences:
        for pair in zip(sequence, sequence[1:]):
            counts[pair] = counts.get(pair, 0) + 1
    return counts
