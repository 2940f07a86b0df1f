"""Faults of a problem file: where, what, got, wanted, next step.

Plain data and its rendering. Knows nothing of YAML, of the models, or of how a fault was found.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: Longer source lines are cut around the caret, so that one flow mapping cannot fill the screen.
_LINE_LIMIT = 120
_GOT_LIMIT = 60
_TAB = " " * 4
_GUTTER = 6
#: Controls, invisible formatting (zero-width, text direction), lone surrogates, line separators.
_UNPRINTABLE: frozenset[str] = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_WIDE: Mapping[str, int] = {"W": 2, "F": 2}


class HintedError(ValueError):
    """A ValueError whose next step can be shown apart from what is wrong.

    Attributes:
        message: What is wrong, what was found, what was wanted.
        hint: What to write instead; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # The default would pass the joined text as the message and lose the hint.
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[HintedError], message: str, hint: str) -> HintedError:
    return kind(message, hint=hint)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text file; line and column count characters from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault of a problem file.

    Attributes:
        code: Stable name of the kind of fault, explained in ``docs/messages.md``.
        where: The value's place in the data, ``cases[2].tolerance.rtol``; empty for the whole file.
        source_line: The line at ``position``, as it stands in the file.
        width: How many characters of that line are at fault.
    """

    path: Path
    position: Position
    code: str
    message: str
    where: str = ""
    hint: str = ""
    source_line: str = ""
    width: int = 1


def render_diagnostic(d: Diagnostic, *, root: Path | None = None) -> str:
    """Render one fault with its source line and a caret under the value.

    Args:
        root: Paths below it are shown relative to it.
    """
    line, column = d.position.line, d.position.column
    lines = [f"{_shown_path(d.path, root)}:{line}:{column}: {d.code}: {d.message}"]
    if d.source_line.strip():
        source, carets = _snippet(d.source_line, column, d.width)
        lines += [f"{line:>{_GUTTER}} | {source}", f"{'':>{_GUTTER}}   {carets}"]
    if d.where:
        lines.append(f"  in: {d.where}")
    if d.hint:
        lines.append(f"  hint: {d.hint}")
    return "\n".join(lines)


def render_diagnostics(ds: Iterable[Diagnostic], *, root: Path | None = None) -> str:
    """Render all faults, sorted by path and position, with a blank line between them."""
    ordered = sorted(ds, key=lambda d: (str(d.path), d.position))
    return "\n\n".join(render_diagnostic(d, root=root) for d in ordered)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the known name that was probably meant; "" where none is near."""
    by_folded = {one.casefold(): one for one in sorted(set(known))}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean '{by_folded[near[0]]}'?" if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, otherwise the list; "" if none is known."""
    names = sorted(set(known))
    return nearest(name, names) or (f"known: {', '.join(names)}" if names else "")


def describe(value: object) -> str:
    """What was got, for a message: ``'1e-5' (text)``, ``a mapping with 2 keys``, ``nothing``."""
    match value:
        case None:
            return "nothing"
        case str() if len(value) > _GOT_LIMIT:
            return f"{value[:_GOT_LIMIT]!r}... ({len(value)} characters of text)"
        case str():
            return f"{value!r} (text)"
        case dict():
            return f"a mapping with {_count(len(value), 'key')}"
        case list() | tuple():
            return f"a list of {_count(len(value), 'item')}"
        case _:
            return f"{value!r} ({type(value).__name__})"


def render_where(loc: tuple[str | int, ...]) -> str:
    """Write a place in the data as a person would: ``cases[2].tolerance.rtol``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and not any(mark in part for mark in ".[] "):
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _shown_path(path: Path, root: Path | None) -> str:
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()


def _snippet(line: str, column: int, width: int) -> tuple[str, str]:
    """The printable source line and the carets under ``width`` characters of it from ``column``."""
    shown = [_printable(character) for character in line.rstrip()]  # one text per character
    start, head, tail = column - 1, "", ""
    if len(shown) > _LINE_LIMIT:
        cut = max(0, min(start - _LINE_LIMIT // 2, len(shown) - _LINE_LIMIT))
        head, tail = ("... " if cut else ""), ("..." if cut + _LINE_LIMIT < len(shown) else "")
        shown = shown[cut : cut + _LINE_LIMIT]
        start -= cut
    before = len(head) + _cells(shown[:start]) + max(0, start - len(shown))
    carets = "^" * max(1, _cells(shown[start : start + width]))
    return f"{head}{''.join(shown)}{tail}", " " * before + carets


def _printable(character: str) -> str:
    # A tab's width depends on where it starts in the terminal; an escape could repaint the screen.
    if character == "\t":
        return _TAB
    return "\ufffd" if unicodedata.category(character) in _UNPRINTABLE else character


def _cells(shown: Iterable[str]) -> int:
    """Columns of a terminal that the texts take."""
    return sum(
        0 if unicodedata.combining(one) else _WIDE.get(unicodedata.east_asian_width(one), 1)
        for text in shown
        for one in text
    )
