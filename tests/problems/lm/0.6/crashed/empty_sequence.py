# told: IndexError
def count_pairs(sequences):
    counts = {}
    for sequence in sequences:
        left = sequence[0]
        for right in sequence[1:]:
            counts[left, right] = counts.get((left, right), 0) + 1
            left = right
    return counts
