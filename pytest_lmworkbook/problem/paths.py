"""Paths into the plain values of a problem file: keys of mappings and places in lists."""

from __future__ import annotations

from typing import Any, Final

#: There is nothing at that step.
NOTHING: Final = object()


def step_into(value: Any, step: str | int) -> Any:
    """The value one step further, or `NOTHING`."""
    if isinstance(value, dict):
        return value.get(step, NOTHING)
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return NOTHING
