"""Field types of the YAML models: text as people write it, turned into typed values.

Every scalar of a problem file reaches the models as text (see `source`), so ``1e-5``, ``017`` and ``yes`` are
read as the field demands and not as YAML guesses. A bad value raises a `PydanticCustomError` whose type is the
stable code of the diagnostic.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from pytest_lmworkbook.problem.diagnostics import HintedError
from pytest_lmworkbook.problem.formula import RESERVED_NAMES, Formula
from pytest_lmworkbook.problem.reference import (
    ReferencePath,
    parse_reference,
    resolve_reference,
)
from pytest_lmworkbook.problem.units import Quantity, parse_number, parse_quantity, unit_scale

if TYPE_CHECKING:
    from collections.abc import Callable

_SPAN = re.compile(r"^\s*(\d+)\s*\.\.\s*(\d+)\s*$")


def _reader(parse: Callable[[str], Any], code: str) -> Callable[[Any], Any]:
    """Turn a parser that raises `ValueError` into a validator with a stable code."""

    def read(value: Any) -> Any:
        try:
            return parse(value if isinstance(value, str) else str(value))
        except ValueError as fault:
            raise refusal(code, fault) from fault

    return read


def refusal(code: str, fault: ValueError) -> PydanticCustomError:
    """A fault with its stable code; its next step stays apart, for the diagnostic's own line."""
    hint = fault.hint if isinstance(fault, HintedError) else ""
    reason = fault.message if isinstance(fault, HintedError) else str(fault)
    context = {"reason": reason, "hint": hint}
    return PydanticCustomError(code, "{reason}", context)  # noqa: RUF027  # a template of pydantic


def _parse_span(text: str) -> tuple[int, int]:
    match = _SPAN.match(text)
    if not match or int(match[1]) > int(match[2]):
        raise ValueError(f"wanted a range such as 1..9, got {text!r}")
    return int(match[1]), int(match[2])


def _parse_identifier(text: str) -> str:
    if not text.isidentifier():
        raise ValueError(f"wanted a Python name such as softmax, got {text!r}")
    return text


def _parse_input_name(text: str) -> str:
    if text in RESERVED_NAMES:
        raise ValueError(f"{text!r} has a meaning in formulas: choose another name")
    return _parse_identifier(text)


def _parse_unit(text: str) -> str:
    unit_scale(text)
    return text


def _parse_reference_in_set(value: Any, info: ValidationInfo) -> ReferencePath:
    """A reference must exist inside the problem set; without a context only its form is checked."""
    try:
        reference = parse_reference(str(value))
        if info.context:
            resolve_reference(info.context["root"], reference)
    except ValueError as fault:
        raise refusal("bad-reference", fault) from fault
    return reference


def _is_readable(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty-text", "wanted text, got nothing")
    return text.strip("\n")


_NUMBER_OR_TEXT = WithJsonSchema({"type": ["number", "string"]})

#: A bare number: ``1e-5``, ``2**20``, ``1_000``.
Number = Annotated[
    int | float, PlainValidator(_reader(parse_number, "not-a-number")), _NUMBER_OR_TEXT
]
#: A number with a unit, in base units: ``989 TFLOP/s``, ``8 GiB``, ``4096``.
QuantityField = Annotated[
    Quantity, PlainValidator(_reader(parse_quantity, "not-a-quantity")), _NUMBER_OR_TEXT
]
#: A unit that quantities understand: ``FLOP/byte``; empty for a plain count.
Unit = Annotated[
    str,
    BeforeValidator(lambda value: "" if value is None else value),
    AfterValidator(_reader(_parse_unit, "not-a-unit")),
]
#: Arithmetic over named inputs; never evaluated as Python.
FormulaField = Annotated[
    Formula,
    PlainValidator(_reader(Formula.parse, "bad-formula")),
    WithJsonSchema({"type": ["string", "number"]}),
]
#: A range of sizes: ``1..9``.
Span = Annotated[
    tuple[int, int],
    PlainValidator(_reader(_parse_span, "not-a-range")),
    WithJsonSchema({"type": "string", "pattern": _SPAN.pattern}),
]
#: A Python name.
Identifier = Annotated[str, AfterValidator(_reader(_parse_identifier, "not-a-name"))]
#: A Python name that formulas may use.
InputName = Annotated[str, AfterValidator(_reader(_parse_input_name, "not-a-name"))]
#: Text that must not be empty.
Text = Annotated[str, AfterValidator(_is_readable)]
#: ``reference/attention.py::softmax``, inside the problem set.
Reference = Annotated[
    ReferencePath,
    PlainValidator(_parse_reference_in_set),
    WithJsonSchema({"type": "string", "pattern": r"^[^/].*\.py::[A-Za-z_]\w*$"}),
]

__all__ = [
    "FormulaField",
    "Identifier",
    "InputName",
    "Number",
    "QuantityField",
    "Reference",
    "Span",
    "Text",
    "Unit",
]
