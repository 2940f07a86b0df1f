# told: ZeroDivisionError
def h100_ridge_point(peak_flops, bandwidth):
    return peak_flops / (bandwidth - bandwidth)
