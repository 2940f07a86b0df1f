"""Inputs drawn from annotations, measured tolerance, and the library of named properties."""
