# told: That is bytes per FLOP, the ratio upside down
def h100_ridge_point(peak_flops, bandwidth):
    return bandwidth / peak_flops
