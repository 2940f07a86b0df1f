def h100_ridge_point(peak_flops, bandwidth):
    """Still to do."""
    raise NotImplementedError
