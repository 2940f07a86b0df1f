# told: wanted each of a, b, c, d, e, f once
pre_norm_order = ["a", "b", "c", "d", "e"]
