# told: far too wide for its depth
one_billion_design = {"d_model": 4096, "n_layers": 4}
