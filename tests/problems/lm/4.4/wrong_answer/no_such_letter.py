# told: wanted one letter of a, b, c, d
warps_and_shared_memory = "f"
