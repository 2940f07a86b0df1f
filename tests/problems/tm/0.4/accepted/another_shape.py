one_billion_design = {"n_layers": 20, "d_model": 1920}
