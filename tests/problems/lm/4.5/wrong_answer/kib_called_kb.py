# told: 1 KiB is 1024 bytes
rms_norm_two_passes = "16 kB"
