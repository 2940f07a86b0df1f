"""What a problem is: text, model, units and references. Knows neither torch nor pytest."""
