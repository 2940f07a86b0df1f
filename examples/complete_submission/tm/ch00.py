"""Chapter 0: counting parameters."""

# 17 layers of 12 * 2048**2 and an embedding of 50257 * 2048: 958.5 million
one_billion_design = {"d_model": 2048, "n_layers": 17}

tied_head_bug = 6


def tied_head_bug_fix(d_model, n_layers, vocabulary):
    per_layer = 12 * d_model * d_model
    return n_layers * per_layer + vocabulary * d_model


def gpt_parameters(d_model, n_layers, vocabulary):
    per_layer = 12 * d_model * d_model  # 4 d^2 for attention, 8 d^2 for the feed-forward network
    return n_layers * per_layer + vocabulary * d_model
