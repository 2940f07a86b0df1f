"""Numbers in prompts and explanations: ``{name}`` and ``{= formula : unit}``, filled by code.

Not `str.format`: a field is a name or arithmetic over named inputs, never attribute access.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_lmworkbook.problem.formula import Formula
from pytest_lmworkbook.problem.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


class FillError(ValueError):
    """A field of a text names nothing that is known, or its formula is wrong."""


def fill(text: str, shown: Mapping[str, str], values: Mapping[str, float]) -> str:
    """Fill every field of a text.

    Args:
        text: ``{name}`` takes its text from ``shown``; ``{= formula : unit}`` is computed from ``values`` and
            shown in the unit; ``{{`` and ``}}`` are braces.
        shown: Name to text.
        values: Name to value in base units.

    Raises:
        FillError: An unknown name or a wrong formula.
    """

    def replace(match: re.Match[str]) -> str:
        whole = match[0]
        if whole in {"{{", "}}"}:
            return whole[0]
        inside = match[1].strip()
        if inside.startswith("="):
            return _compute(inside[1:], values)
        if inside not in shown:
            raise FillError(f"{{{inside}}} names nothing: wanted one of {', '.join(sorted(shown))}")
        return shown[inside]

    return _FIELD.sub(replace, text)


def fields(text: str) -> Iterator[str]:
    """The fields of a text, without braces."""
    for match in _FIELD.finditer(text):
        if match[0] not in {"{{", "}}"}:
            yield match[1].strip()


def _compute(inside: str, values: Mapping[str, float]) -> str:
    formula, _, unit = inside.partition(":")
    try:
        result = Formula.parse(formula.strip()).evaluate(values)
        return format_quantity(float(result), unit.strip())
    except (ValueError, ArithmeticError) as fault:
        raise FillError(f"{{={inside}}}: {fault}") from fault
