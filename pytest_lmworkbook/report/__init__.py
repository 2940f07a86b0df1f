"""One leaf per output format; each reads the same result object."""
