# told: The head is still counted
tied_head_bug = 6

def tied_head_bug_fix(d_model, n_layers, vocabulary):
    return 12 * n_layers * d_model**2 + 2 * vocabulary * d_model
