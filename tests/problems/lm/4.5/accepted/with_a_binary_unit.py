def rms_norm_two_passes(d_model, bytes_per_value):
    return f"{2 * d_model * bytes_per_value / 1024} KiB"
