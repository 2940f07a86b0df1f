"""Chapter 2: inside a modern transformer layer."""

pre_norm_order = [
    "normalize_for_attention",
    "attend",
    "add_attention",
    "normalize_for_feed_forward",
    "feed_forward",
    "add_feed_forward",
]
