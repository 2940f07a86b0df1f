"""YAML text -> plain values that know where they stand in the file.

The only importer of yaml. Every scalar stays text: YAML 1.1 would read ``1e-5`` as text, ``017`` as
15, ``yes`` as True and ``1:30`` as 90; here the models decide, from what the author wrote. Only the
plain part of YAML is allowed: what can make one line mean something that is written elsewhere
(anchors, aliases, merge keys, tags, duplicate keys) is reported. Knows nothing of problems.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from pytest_lmworkbook.problem.diagnostics import (
    Diagnostic,
    Position,
    render_where,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Loc = tuple[str | int, ...]

#: Every code that a file can get before its content is looked at.
SOURCE_CODES = (
    "unreadable-file",
    "not-utf-8",
    "unprintable-character",
    "too-large",
    "empty-file",
    "syntax",
    "several-documents",
    "too-deep",
    "duplicate-key",
    "key-not-text",
    "merge-key",
    "alias",
    "anchor",
    "tag",
)
DEEPEST = 40
#: A problem is a page of text; megabytes are a mistake, and cost seconds to parse.
LARGEST_BYTES = 2**20

# The C scanner is ten times faster and gives the same marks; not every build of PyYAML has it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML 1.1 counts as one
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_START = Position(1, 1)
_KEY_HINT = "quote a text that starts with a bracket or a '?'"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_CLOSED = ("unexpected end of stream", "expected ',' or")
_KEY_MISSING_HINT = (
    "check the indent; text that starts with a brace or quote and goes on after the closing one "
    "needs quotes around all of it"
)
_SYNTAX_HINTS = (
    # what the rest of the line starts with, part of the parser's words, the hint
    ("\t", "cannot start any token", "indent with spaces; YAML does not allow tabs there"),
    ("", "cannot start any token", "text that starts with this character needs quotes"),
    ("", "mapping values are not allowed", "text that contains ': ' needs quotes; check the indent"),
    ("", "could not find expected ':'", "is a ': ' missing, or a quote or bracket not closed?"),
    ("", "unexpected end of stream", "is a quote or bracket not closed?"),
    ("", "expected ',' or", "is a bracket not closed, or does a text that contains one need quotes?"),
    ("", "unknown escape character", "in double quotes a backslash is special; use single quotes"),
    ("", "did not find expected key", _KEY_MISSING_HINT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a value stands, on its first line; a missing ``width`` reaches to the line's end."""

    position: Position
    width: int | None = 1
    is_block: bool = False


class _Text:
    """A file's lines, and diagnostics that quote them."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _LINE_BREAK.split(text)

    def fault(
        self, code: str, message: str, span: _Span, *, hint: str = "", where: str = ""
    ) -> Diagnostic:
        """A diagnostic with its source line and the width of ``span``."""
        position = span.position
        line = self._lines[position.line - 1] if position.line <= len(self._lines) else ""
        rest = len(line.rstrip()) - position.column + 1
        width = max(1, rest if span.width is None else span.width)
        return Diagnostic(self._path, position, code, message, where, hint, line, width)

    def inside(self, position: Position) -> Position:
        """The position, or the end of the last line for one that lies behind the text."""
        if position.line <= len(self._lines):
            return position
        return Position(len(self._lines), len(self._lines[-1]) + 1)

    def rest_of_line(self, position: Position) -> str:
        """What follows ``position`` on its line."""
        return self._lines[position.line - 1][position.column - 1 :]


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML file as plain values, its faults, and the place of every value.

    Attributes:
        value: Nested dict and list; each scalar is the text as written, or None for a plain null.
        diagnostics: Faults of the text itself, by position; after a syntax error ``value`` is None.
    """

    path: Path
    text: str
    value: Any
    diagnostics: tuple[Diagnostic, ...]
    _lines: _Text = field(repr=False, compare=False)
    _values: Mapping[Loc, _Span] = field(default_factory=dict, repr=False, compare=False)
    _keys: Mapping[Loc, _Span] = field(default_factory=dict, repr=False, compare=False)

    def position(self, loc: Loc, *, key: bool = False) -> Position:
        """Where the value at ``loc`` stands (or its key); of a missing one, its nearest parent."""
        return self._span(loc, key=key).position

    def diagnose(
        self, code: str, message: str, loc: Loc, *, hint: str = "", key: bool = False
    ) -> Diagnostic:
        """A diagnostic that points at the value at ``loc``, or at its key."""
        span = self._span(loc, key=key)
        return self._lines.fault(code, message, span, hint=hint, where=render_where(loc))

    def _span(self, loc: Loc, *, key: bool) -> _Span:
        if loc in self._values:
            value = self._values[loc]
            return self._keys.get(loc, value) if key else value
        while loc:
            loc = loc[:-1]
            if loc in self._values:
                value = self._values[loc]
                # `answer:` is the better place for "unit is missing" than answer's first line.
                return self._keys.get(loc, value) if value.is_block else value
        return _Span(_START)


def read_source(path: Path, text: str | None = None) -> Source:
    """Read a YAML file; never raises for what is in it, see `Source.diagnostics`.

    Args:
        text: The content, when it is not to be read from ``path``.
    """
    if text is None:
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            return _broken(path, "", "unreadable-file", f"cannot be read: {error.strerror}", 0)
    else:
        content = text.encode(errors="surrogatepass")
    if len(content) > LARGEST_BYTES:
        message = f"the file has more than {LARGEST_BYTES:,} bytes, the most that is read"
        return _broken(path, "", "too-large", message, 0, "split it into several problems")
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        text = content[: error.start].decode()
        message = f"the file must be UTF-8, got the byte 0x{content[error.start]:02X}"
        return _broken(path, text, "not-utf-8", message, len(text), "save it as UTF-8")
    if bad := _UNPRINTABLE.search(text):
        message = f"YAML does not allow the character U+{ord(bad[0]):04X}"
        return _broken(path, text, "unprintable-character", message, bad.start(), "delete it")
    return _Reader(path, text).read()


def _broken(path: Path, text: str, code: str, message: str, index: int, hint: str = "") -> Source:
    """A source without a value, whose only fault is at character ``index``."""
    before = _LINE_BREAK.split(text[:index])
    span = _Span(Position(len(before), len(before[-1]) + 1))
    lines = _Text(path, text)
    return Source(path, text, None, (lines.fault(code, message, span, hint=hint),), lines)


@dataclass(slots=True)
class _Frame:
    """A collection whose end has not been read.

    Attributes:
        is_dropped: Nothing below it is kept: it is, or is the value of, a key that was refused.
        key: The key whose value comes next; None for a refused one. Only of a mapping.
        has_key: Whether a key waits for its value.
    """

    container: dict[str, Any] | list[Any]
    loc: Loc
    is_dropped: bool
    key: str | None = None
    has_key: bool = False


class _StopReadingError(Exception):
    """Nothing after this event is worth reading."""


class _Reader:
    """Builds a `Source` from the parser's events.

    Not from `yaml.compose`, which follows aliases and recurses before anything can be refused.
    """

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._lines = _Text(path, text)
        self._value: Any = None
        self._documents = 0
        self._stack: list[_Frame] = []
        self._faults: list[Diagnostic] = []
        self._values: dict[Loc, _Span] = {}
        self._keys: dict[Loc, _Span] = {}

    def read(self) -> Source:
        """Read the whole text."""
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._take(event)
        except _StopReadingError:
            pass
        except yaml.YAMLError as error:
            self._value = None
            self._report_syntax(error)
        if self._value is None and not self._faults:
            self._report("empty-file", "the file is empty, a mapping was expected", _Span(_START))
        faults = tuple(sorted(self._faults, key=lambda fault: fault.position))
        return Source(
            self._path, self._text, self._value, faults, self._lines, self._values, self._keys
        )

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._check_first_document(event)
            case yaml.AliasEvent():
                message = f"aliases are not allowed, got '*{event.anchor}'"
                self._report("alias", message, _span_of(event), "write the value out, or quote it")
                self._add(None, event)
            case yaml.ScalarEvent():
                self._check_plain(event)
                is_null = event.implicit[0] and event.value in _NULLS
                self._add(None if is_null else event.value, event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.CollectionEndEvent():
                self._close(event)
            case _:
                pass  # ends of documents and of the stream say nothing

    def _check_first_document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "a second document starts here, a file holds one"
            self._report("several-documents", message, _span_of(event), "delete the '---'")
            raise _StopReadingError

    def _check_plain(self, event: Any) -> None:
        if event.anchor is not None:
            message = f"anchors are not allowed, got '&{event.anchor}'"
            self._report("anchor", message, _span_of(event), "delete it, or quote the text")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"tags are not allowed, got '{tag}'"
            self._report("tag", message, _span_of(event), "delete it, or quote the text")

    def _open(self, container: dict[str, Any] | list[Any], event: yaml.Event) -> None:
        self._check_plain(event)
        if len(self._stack) == DEEPEST:
            message = f"nested deeper than {DEEPEST} levels"
            self._report("too-deep", message, _span_of(event))
            self._value = None
            raise _StopReadingError
        parent = self._stack[-1] if self._stack else None
        is_key = parent is not None and isinstance(parent.container, dict) and not parent.has_key
        loc = self._add(container, event)
        shown = loc if loc is not None else parent.loc if parent is not None else ()
        self._stack.append(_Frame(container, shown, is_dropped=is_key or loc is None))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        started = self._values.get(frame.loc)
        if not frame.is_dropped and started is not None and not started.is_block:
            width = None
            if event.end_mark.line + 1 == started.position.line:
                width = event.end_mark.column + 1 - started.position.column
            self._values[frame.loc] = _Span(started.position, width)

    def _add(self, value: Any, event: yaml.Event) -> Loc | None:
        """Put a value where the parser stands; returns its place, None when it is not kept."""
        if not self._stack:
            self._value = value
            self._values[()] = _span_of(event)
            return ()
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            part: str | int = len(frame.container)
            frame.container.append(value)
        elif not frame.has_key:
            frame.key, frame.has_key = self._checked_key(value, event, frame), True
            return None
        else:
            frame.has_key = False
            if frame.key is None:
                return None
            part = frame.key
            frame.container[part] = value
        loc = (*frame.loc, part)
        if frame.is_dropped:
            return None
        self._values[loc] = _span_of(event)
        return loc

    def _checked_key(self, value: Any, event: yaml.Event, frame: _Frame) -> str | None:
        """The key when it can be used; otherwise None, and the fault is reported."""
        span = _span_of(event)
        if not isinstance(value, str):
            if not isinstance(event, yaml.AliasEvent):
                got = "nothing" if value is None else "a collection"
                message = f"a key must be text, got {got}"
                self._report("key-not-text", message, span, _KEY_HINT, loc=frame.loc)
            return None
        if value == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            message = "merge keys are not allowed, got '<<'"
            self._report("merge-key", message, span, "write the keys out", loc=frame.loc)
            return None
        loc = (*frame.loc, value)
        if value in frame.container:
            first = f"on line {self._keys[loc].position.line}" if loc in self._keys else "above"
            message = f"the key '{value}' is given twice, first {first}"
            self._report("duplicate-key", message, span, "keep one of them", loc=loc)
            return None
        if not frame.is_dropped:
            self._keys[loc] = span
        return value

    def _report(
        self, code: str, message: str, span: _Span, hint: str = "", *, loc: Loc = ()
    ) -> None:
        where = render_where(loc)
        self._faults.append(self._lines.fault(code, message, span, hint=hint, where=where))

    def _report_syntax(self, error: yaml.YAMLError) -> None:
        mark: Any = getattr(error, "problem_mark", None)
        if mark is None:
            self._report("syntax", str(error), _Span(_START))
            return
        problem = str(getattr(error, "problem", error))
        noticed = self._lines.inside(_position(mark))
        hint = _syntax_hint(problem, self._lines.rest_of_line(noticed))
        opened: Any = getattr(error, "context_mark", None)
        if opened is not None and opened.line < mark.line:
            context = getattr(error, "context", "")
            if any(words in problem for words in _NOT_CLOSED):
                problem += f" on line {noticed.line}, {context} that starts here"
                noticed = _position(opened)  # the fault is there, however late it was noticed
            else:
                problem += f", {context} that starts on line {opened.line + 1}"
        self._report("syntax", problem, _Span(noticed), hint)


def _syntax_hint(problem: str, rest: str) -> str:
    for start, words, hint in _SYNTAX_HINTS:
        if words in problem and rest.startswith(start):
            return hint
    return ""


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)  # the parser counts from 0


def _span_of(event: Any) -> _Span:
    """The place of an event; a collection's is its first token until its end is known."""
    start, end = event.start_mark, event.end_mark
    position = _position(start)
    if isinstance(event, yaml.CollectionStartEvent):
        return _Span(position, is_block=not event.flow_style)
    if isinstance(event, yaml.ScalarEvent) and event.style in {"|", ">"}:
        return _Span(position)
    return _Span(position, end.column - start.column if end.line == start.line else None)
