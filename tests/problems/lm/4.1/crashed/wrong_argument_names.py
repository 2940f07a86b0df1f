def h100_ridge_point(peak, memory):
    return peak / memory
