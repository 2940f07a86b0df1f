"""Checks on the plain values of a problem file that its model cannot make, field by field.

They read the untyped values, so that a file with a wrong number *and* a wrong formula is told both at once.
Malformed values are passed over here: the model reports those.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.problem.diagnostics import HintedError, nearest
from pytest_lmworkbook.problem.filling import fields
from pytest_lmworkbook.problem.formula import Formula
from pytest_lmworkbook.problem.paths import NOTHING, step_into
from pytest_lmworkbook.problem.reference import (
    edited_file,
    function_source,
    parse_reference,
    resolve_reference,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_lmworkbook.problem.diagnostics import Diagnostic
    from pytest_lmworkbook.problem.source import Loc, Source

_TEXTS = ("prompt", "explanation")


def value_at(source: Source, *steps: str | int) -> Any:
    """The plain value at a path, or None."""
    value: Any = source.value
    for step in steps:
        value = step_into(value, step)
    return None if value is NOTHING else value


def names_at(source: Source, *keys: str) -> list[str]:
    """The names that the given mappings of the file define."""
    found: list[str] = []
    for key in keys:
        value = value_at(source, key)
        found.extend(value if isinstance(value, dict) else ())
    return found


def items_at(source: Source, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings of a list, with their places."""
    value = value_at(source, key)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield index, item


def check_names(
    source: Source, *, where: str = "mistakes", keys: Sequence[str] = ("inputs",)
) -> Iterable[Diagnostic]:
    """Formulas may name only what the file defines."""
    known = names_at(source, *keys)
    for index, item in items_at(source, where):
        try:
            names = Formula.parse(str(item.get("formula", "0"))).names
        except ValueError:
            continue
        for name in sorted(names - set(known)):
            message = f"formula names {name!r}, wanted one of {', '.join(known)}"
            yield source.diagnose("unknown-name", message, (where, index, "formula"))


def check_fields(
    source: Source, *, keys: Sequence[str] = ("inputs",), extra: Sequence[str] = ()
) -> Iterable[Diagnostic]:
    """Texts may name only what the file defines in their braces."""
    known = {*names_at(source, *keys), *extra}
    hints = value_at(source, "hints")
    texts: list[tuple[Loc, Any]] = [((key,), value_at(source, key)) for key in _TEXTS]
    texts += [
        (("hints", index), hint)
        for index, hint in enumerate(hints if isinstance(hints, list) else ())
    ]
    for loc, text in texts:
        for inside in fields(text) if isinstance(text, str) else ():
            yield from _check_field(source, loc, inside, known)


def _check_field(source: Source, loc: Loc, inside: str, known: set[str]) -> Iterator[Diagnostic]:
    if inside.startswith("="):
        try:
            names = Formula.parse(inside[1:].partition(":")[0].strip()).names
        except ValueError as fault:
            yield source.diagnose("bad-formula", f"{{{inside}}}: {fault}", loc)
            return
    else:
        names = frozenset({inside})
    for name in sorted(names - known):
        hint = "write {{ and }} for literal braces"
        message = f"{{{inside}}} names {name!r}, wanted one of {', '.join(sorted(known))}"
        yield source.diagnose("unknown-name", message, loc, hint=hint)


def check_edits(
    source: Source, root: Path, *, key: str = "mistakes", of: str = "reference"
) -> Iterable[Diagnostic]:
    """Every edit must apply exactly once to the function that it edits."""
    for index, item in items_at(source, key):
        loc: Loc = (key, index, "replace")
        yield from _check_edit(source, root, item, loc, str(value_at(source, of)))


def check_edit(source: Source, root: Path, key: str) -> Iterable[Diagnostic]:
    """The same for a key that holds one edit, or a list of them."""
    value = value_at(source, key)
    if isinstance(value, dict):
        yield from _check_edit(
            source, root, value, (key, "replace"), str(value_at(source, "reference"))
        )
    else:
        yield from check_edits(source, root, key=key)


def _check_edit(
    source: Source, root: Path, item: dict[str, Any], loc: Loc, reference: str
) -> Iterator[Diagnostic]:
    try:
        path = parse_reference(reference)
        resolve_reference(root, path)
    except ValueError:
        return  # the model tells of that
    try:
        edited_file(root, path, _pairs(item), function=str(item.get("function") or ""))
    except HintedError as fault:
        yield source.diagnose("edit-does-not-apply", fault.message, loc, hint=fault.hint)


def _pairs(item: dict[str, Any]) -> list[tuple[str, str]]:
    replace = item.get("replace")
    if isinstance(replace, str):
        return [(replace, str(item.get("with") or ""))]
    if not isinstance(replace, list):
        return []
    return [
        (str(pair[0]), str(pair[1] or ""))
        for pair in replace
        if isinstance(pair, list) and len(pair) == 2
    ]  # old and new


def check_parameters(
    source: Source, root: Path, key: str, *, axes: bool = False
) -> Iterable[Diagnostic]:
    """The names of a mapping must be parameters of the reference, or axes of their annotations.

    Args:
        source: The file.
        root: The problem set's folder.
        key: The mapping: ``arguments``, ``inputs`` or ``dims``.
        axes: Whether its names are axes.
    """
    signature = _signature(source, root)
    if signature is None:
        return  # the model tells of a reference that is not there
    texts = [node.value for node in ast.walk(signature) if isinstance(node, ast.Constant)]
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]\w*", str(text))}
    arguments = [one.arg for one in (*signature.args, *signature.kwonlyargs)]
    known = sorted(words) if axes else arguments
    for name in names_at(source, key):
        if name not in known:
            what = "axis" if axes else "parameter"
            there = f"wanted one of {', '.join(known)}" if known else "it has none"
            message = f"{name!r} is no {what} of the reference, {there}"
            yield source.diagnose(
                "unknown-name", message, (key, name), hint=nearest(name, known), key=True
            )


def _signature(source: Source, root: Path) -> ast.arguments | None:
    """The parameters of the reference, read and not imported."""
    try:
        reference = parse_reference(str(value_at(source, "reference")))
        resolve_reference(root, reference)
        function = ast.parse(function_source(root, reference)).body[0]
    except (ValueError, SyntaxError, IndexError):
        return None
    return function.args if isinstance(function, ast.FunctionDef) else None
