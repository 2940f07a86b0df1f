# told: This line is right. Q, K, V and output projections
tied_head_bug = 2
