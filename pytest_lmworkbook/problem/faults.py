"""Faults that a model found, said in our words, with a stable code and the place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.problem.diagnostics import describe, nearest
from pytest_lmworkbook.problem.model import Part
from pytest_lmworkbook.problem.paths import NOTHING, step_into

if TYPE_CHECKING:
    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Loc, Source

#: What a field wanted, by pydantic's type of fault: our code, and the words behind "must be".
_WANTED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("float_parsing", "float_type", "int_parsing", "int_type", "int_from_float"),
        ("not-a-number", "a number"),
    ),
    **dict.fromkeys(("finite_number",), ("not-a-number", "a finite number")),
    **dict.fromkeys(("model_type", "dict_type"), ("not-a-mapping", "a mapping of keys to values")),
    **dict.fromkeys(("tuple_type", "list_type"), ("not-a-list", "a list")),
    **dict.fromkeys(("bool_parsing", "bool_type"), ("not-true-or-false", "true or false")),
    "string_type": ("not-text", "text"),
}
_ORDER = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


def translate_fault(fault: dict[str, Any], source: Source, model: type[Part]) -> Diagnostic:
    """Turn one fault of pydantic into a diagnostic.

    Args:
        fault: An item of ``ValidationError.errors()``.
        source: The file.
        model: What was to be filled.
    """
    loc = _existing(tuple(fault["loc"]), source.value)
    name = str(fault["loc"][-1]) if fault["loc"] else "the file"
    got, kind = fault.get("input"), fault["type"]
    if kind == "missing":
        return source.diagnose("missing-key", f"{name!r} is missing", loc)
    if kind == "extra_forbidden":
        valid = _keys_at(model, loc[:-1])
        message = f"unknown key {name!r}, wanted one of {', '.join(sorted(valid))}"
        return source.diagnose("unknown-key", message, loc, hint=nearest(name, valid), key=True)
    if kind in _WANTED:
        code, wanted = _WANTED[kind]
        return source.diagnose(code, f"{name!r} must be {wanted}, got {describe(got)}", loc)
    if kind in _ORDER:
        message = f"{name!r}: {fault['msg'].lower()}, got {describe(got)}"
        return source.diagnose("out-of-range", message, loc)
    return _translate_other(fault, source, loc, name)


def _translate_other(fault: dict[str, Any], source: Source, loc: Loc, name: str) -> Diagnostic:
    got, kind, context = fault.get("input"), fault["type"], fault.get("ctx", {})
    if kind in {"too_short", "too_long"}:
        short = kind == "too_short"
        wanted = (
            f"at least {context['min_length']}" if short else f"at most {context['max_length']}"
        )
        message = f"{name!r} must have {wanted} items, got {describe(got)}"
        return source.diagnose("wrong-number-of-items", message, loc)
    if "-" in kind:  # ours: code, sentence and hint come from the field
        hint = str(context.get("hint", ""))
        return source.diagnose(kind, f"{name!r}: {fault['msg']}", loc, hint=hint)
    return source.diagnose("bad-value", f"{name!r}: {fault['msg']}, got {describe(got)}", loc)


def _existing(loc: Loc, value: Any) -> Loc:
    """The part of a pydantic path that is in the file: union tags and validator names are not."""
    found: list[str | int] = []
    for step in loc:
        further = step_into(value, step)
        if further is not NOTHING:
            found.append(step)
            value = further
    return tuple(found)


def _keys_at(model: type[Part], loc: Loc) -> list[str]:
    """The keys that the model knows at a path; those of the whole file when the path is not a model's."""
    current: Any = model
    for step in loc:
        annotation = getattr(current, "model_fields", {}).get(str(step))
        nested = annotation.annotation if annotation else current
        current = _model_in(nested) or current
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_in(annotation: Any) -> type[Part] | None:
    """The first model inside an annotation such as ``tuple[Edit, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _model_in(inner):
            return found
    return None
