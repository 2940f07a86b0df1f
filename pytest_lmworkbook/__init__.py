"""Grade language-model engineering with pytest."""

__version__ = "0.1.0"
