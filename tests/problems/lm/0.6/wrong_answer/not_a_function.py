# told: count_pairs must be a function
count_pairs = {}
