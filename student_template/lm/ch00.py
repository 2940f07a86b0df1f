"""Language models from scratch, chapter 0: Tokens and byte-pair encoding.

Grade with: pytest --lm-chapter 0
"""


# 0.6  Count the pairs that BPE could merge  (build, 3 points)
def count_pairs(sequences):
    """Each step of BPE training merges the most frequent pair of neighbouring tokens, so
    it starts by counting pairs.

    Write count_pairs(sequences). It takes a list of lists of token ids and returns a
    dict from each ordered pair (left, right) to the number of times that right comes
    directly after left. Pairs may overlap, and no pair spans two sequences. Pairs that
    never occur are not in the dict. A sequence may be empty or hold a single id.

        count_pairs([[1, 2, 1, 2], [2, 2, 2]])  ->  {(1, 2): 2, (2, 1): 1, (2, 2): 2}

        sequences: list[list[int]]
        returns: dict[tuple[int, int], int]
    """
    raise NotImplementedError
