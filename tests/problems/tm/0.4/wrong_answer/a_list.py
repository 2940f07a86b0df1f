# told: wanted a dict with the keys 'd_model', 'n_layers'
one_billion_design = [2048, 18]
