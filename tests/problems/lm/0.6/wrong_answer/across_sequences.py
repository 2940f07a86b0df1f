# told: The last id of one sequence is paired with the first id of the next
def count_pairs(sequences):
    ids = [i for sequence in sequences for i in sequence]
    counts = {}
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    return counts
