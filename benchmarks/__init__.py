"""Costs of the package against the budgets of its design: ``python -m benchmarks``."""
