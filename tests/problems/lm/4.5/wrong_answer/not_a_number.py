rms_norm_two_passes = float("nan")
