warps_and_shared_memory = "8 warps;  all threads of the block, in whichever warp"
