# told: the question asks for FLOP/byte
h100_ridge_point = "295 TFLOP/s"
