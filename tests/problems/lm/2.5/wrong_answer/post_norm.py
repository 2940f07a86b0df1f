# told: The FFN reads g
pre_norm_order = [
    "normalize_for_attention", "attend", "add_attention",
    "feed_forward", "normalize_for_feed_forward", "add_feed_forward",
]
