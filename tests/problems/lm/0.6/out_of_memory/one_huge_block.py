def count_pairs(sequences):
    return bytearray(64 * 1024**3)
