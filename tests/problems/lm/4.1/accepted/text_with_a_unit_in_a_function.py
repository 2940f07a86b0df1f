def h100_ridge_point(peak_flops, bandwidth):
    return 1 / (bandwidth / peak_flops)
