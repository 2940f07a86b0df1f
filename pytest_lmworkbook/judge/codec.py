"""Values as a JSON tree plus blobs, and back.

None, bool, text, finite floats and 64-bit integers stand for themselves in the tree; everything else is
a list that starts with a tag:

    ["l", items]  list        ["f", "nan" | "inf" | "-inf"]        ["T", blob, dtype, shape, layout?]  torch
    ["t", items]  tuple       ["i", hex]  an integer of any size   ["A", blob, dtype, shape, layout?]  numpy
    ["s", items]  set         ["c", real, imaginary]               ["o", type name, text]  anything else
    ["S", items]  frozenset   ["b", latin-1]  short bytes
    ["d", pairs]  dict        ["B", blob]  bytes
    ["u", blob]   long text

Encoding runs in the worker on whatever a student returned, so it takes only exact knowledge of a value
(base-class methods, never overridden ones) and is bounded in depth, nodes and bytes. Decoding runs in the
judge on whatever arrived, so every tag, index and length is checked.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias, cast

from pytest_lmworkbook.judge import arrays
from pytest_lmworkbook.judge.frames import Bounds, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Tree: TypeAlias = "bool | int | float | str | list[Tree] | None"

_INT64 = 1 << 63
#: Bits of the largest integer that is sent; a longer one is reported by its size.
_MOST_BITS = 1 << 20
#: Bytes up to this length travel in the tree: ten thousand tokens need no ten thousand blobs.
_SHORT_BYTES = 256
_SHORT_TEXT = 4096
#: Characters of an Opaque's text.
_TEXT = 200
#: Characters that a blob takes in the tree, with its dtype, shape and length.
_ARRAY_CHARACTERS = 64
_FLOAT_CHARACTERS = 25


class EncodingError(Exception):
    """A value cannot be sent (only where nothing may be lost: inputs made by the judge)."""


class TooLargeError(EncodingError):
    """A value is beyond the size limit."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Stands for a value that is not sent: its type, and the beginning of its text."""

    type_name: str
    text: str


class Encoder:
    """Encodes several values over one list of blobs.

    Args:
        bounds: The most to produce.
        layouts: Send tensors with their storage, strides and offset, so that non-contiguous, expanded
            and aliased tensors arrive as such; otherwise only elements are sent.
        strict: Refuse what would become `Opaque`.
    """

    def __init__(
        self, *, bounds: Bounds | None = None, layouts: bool = False, strict: bool = False
    ) -> None:
        self.blobs: list[bytes] = []
        self.layouts = layouts
        self.bounds = bounds or Bounds()
        #: Blob of each storage already sent, by (address, size).
        self.storages: dict[tuple[int, int], int] = {}
        self._strict = strict
        self._bytes = 0
        self._characters = 0
        self._nodes = 0
        self._open: set[int] = set()

    def encode(self, value: object) -> Tree:
        """The tree of ``value``; its raw data is appended to ``blobs``.

        Raises:
            TooLargeError: More bytes or elements than the bounds allow.
            EncodingError: Not sendable, in strict mode.
        """
        return self._encode(value, 0)

    def reserve(self, size: int) -> None:
        """Account for ``size`` more bytes before they are produced."""
        self._bytes += size
        if self._bytes > self.bounds.payload:
            raise TooLargeError(
                f"{self._bytes / 2**20:,.1f} MiB of values; the limit is "
                f"{self.bounds.payload / 2**20:,.0f} MiB"
            )

    def charge(self, characters: int) -> None:
        """Account for about so many characters of the tree."""
        self._characters += characters
        if self._characters > self.bounds.header:
            raise TooLargeError(
                f"more than {self.bounds.header >> 20} MiB of numbers and text; that is the limit"
            )

    def add_blob(self, data: bytes) -> int:
        """Append raw data that `reserve` has accounted for; its index."""
        self.charge(_ARRAY_CHARACTERS)
        self.blobs.append(data)
        return len(self.blobs) - 1

    def opaque(self, value: object, *, text: str | None = None) -> Tree:
        """Name a value instead of sending it."""
        name = _type_name(value)
        if self._strict:
            raise EncodingError(f"a value of type {name} cannot be sent to a submission")
        self.charge(2 * _TEXT)
        return ["o", name, text if text is not None else _text_of(value)]

    def _encode(self, value: object, depth: int) -> Tree:
        self._nodes += 1
        if self._nodes > self.bounds.nodes:
            raise TooLargeError(f"more than {self.bounds.nodes:,} values; that is the limit")
        kind = type(value)
        if value is None or kind is bool:
            return value  # type: ignore[return-value]  # None or a bool, which mypy cannot see
        if depth > self.bounds.depth:
            return self.opaque(value, text=f"nested deeper than {self.bounds.depth} levels")
        encoder = self._by_type.get(kind)
        if encoder is not None:
            return encoder(self, value, depth)
        return self._encode_other(value, depth)

    def _encode_other(self, value: object, depth: int) -> Tree:
        tree = arrays.encode_array(self, value)
        if tree is not None:
            return tree
        scalar = arrays.scalar_item(value)
        if scalar is not None:
            return self._encode(scalar, depth)
        for base, encoder in self._by_type.items():
            if isinstance(value, base):
                return encoder(self, value, depth)
        return self.opaque(value)

    def _int(self, value: object, _depth: int) -> Tree:
        number = int.__index__(value)  # type: ignore[arg-type]  # an int, by dispatch
        self.charge(number.bit_length() // 3 + 3)
        if -_INT64 <= number < _INT64:
            return number
        if number.bit_length() > _MOST_BITS:
            return self.opaque(value, text=f"an integer of {number.bit_length():,} bits")
        return ["i", hex(number)]

    def _float(self, value: object, _depth: int) -> Tree:
        number = float.__float__(value)  # type: ignore[arg-type]  # a float, by dispatch
        self.charge(_FLOAT_CHARACTERS)
        return number if math.isfinite(number) else ["f", repr(number)]

    def _complex(self, value: object, depth: int) -> Tree:
        number = complex.__complex__(value)  # type: ignore[arg-type]  # a complex, by dispatch
        return ["c", self._float(number.real, depth), self._float(number.imag, depth)]

    def _str(self, value: object, _depth: int) -> Tree:
        text = str.__str__(value)
        if len(text) <= _SHORT_TEXT and not _SURROGATE.search(text):
            self.charge(len(text) * (1 if text.isascii() else 6) + 3)  # JSON escapes the rest
            return text
        self.reserve(len(text))
        data = text.encode("utf-8", "surrogatepass")
        return ["u", self.add_blob(data)]

    def _bytes_like(self, value: object, _depth: int) -> Tree:
        data = bytes(memoryview(value))  # type: ignore[arg-type]  # bytes or bytearray, by dispatch
        if len(data) <= _SHORT_BYTES:
            self.charge(6 * len(data) + 8)
            return ["b", data.decode("latin-1")]
        self.reserve(len(data))
        return ["B", self.add_blob(data)]

    def _list(self, value: object, depth: int) -> Tree:
        return self._items("l", value, list.__iter__(value), depth)  # type: ignore[arg-type]

    def _tuple(self, value: object, depth: int) -> Tree:
        return self._items("t", value, tuple.__iter__(value), depth)  # type: ignore[arg-type]

    def _set(self, value: object, depth: int) -> Tree:
        return self._items("s", value, set.__iter__(value), depth)  # type: ignore[arg-type]

    def _frozenset(self, value: object, depth: int) -> Tree:
        return self._items("S", value, frozenset.__iter__(value), depth)  # type: ignore[arg-type]

    def _dict(self, value: object, depth: int) -> Tree:
        pairs = dict.items(cast("dict[object, object]", value))
        return self._items("d", value, (part for pair in pairs for part in pair), depth)

    def _items(self, tag: str, value: object, items: Iterable[object], depth: int) -> Tree:
        if id(value) in self._open:
            return self.opaque(value, text="contains itself")
        self.charge(8)
        self._open.add(id(value))
        try:
            return [tag, [self._encode(item, depth + 1) for item in items]]
        finally:
            self._open.discard(id(value))

    #: Exact types first, then, for subclasses, the first base that fits.
    _by_type: ClassVar[dict[type, Callable[[Encoder, object, int], Tree]]] = {
        int: _int,
        float: _float,
        complex: _complex,
        str: _str,
        bytes: _bytes_like,
        bytearray: _bytes_like,
        list: _list,
        tuple: _tuple,
        dict: _dict,
        set: _set,
        frozenset: _frozenset,
    }


class Decoder:
    """Decodes several trees over one list of blobs.

    Args:
        blobs: The blobs of the frame.
        bounds: The most to accept.
        layouts: Accept strides, offsets and shared storages (in the worker, which trusts the judge).
    """

    def __init__(
        self,
        blobs: Sequence[bytes | bytearray],
        *,
        bounds: Bounds | None = None,
        layouts: bool = False,
    ) -> None:
        self.blobs = blobs
        self.layouts = layouts
        #: Storage of each blob already decoded, so that aliases stay aliases.
        self.storages: dict[int, object] = {}
        self._used: set[int] = set()
        self._bounds = bounds or Bounds()

    def decode(self, tree: object) -> object:
        """The value that ``tree`` stands for.

        Raises:
            ProtocolError: The tree is not one that `Encoder` writes.
        """
        try:
            return self._decode(tree, 0)
        except (TypeError, ValueError, RecursionError, OverflowError, RuntimeError) as error:
            raise ProtocolError(f"a value that does not decode: {error}") from error

    def blob(self, index: object) -> bytes | bytearray:
        """The blob of that index; without layouts each may be named once, or one could become many."""
        if type(index) is not int or not 0 <= index < len(self.blobs):
            raise ProtocolError(f"no blob {str(index)[:40]}; there are {len(self.blobs)}")
        if index in self._used and not self.layouts:
            raise ProtocolError(f"blob {index} stands for two values")
        self._used.add(index)
        return self.blobs[index]

    def _decode(self, tree: object, depth: int) -> object:
        if tree is None or type(tree) in _PLAIN:
            return tree
        if type(tree) is not list or not tree or depth > self._bounds.depth + 1:
            raise ProtocolError(f"not a value: {type(tree).__name__}")
        tag, *rest = tree
        if tag in ("T", "A"):
            return arrays.decode_array(self, tag, rest)
        if type(tag) is str and tag in _CONTAINERS and len(rest) == 1 and type(rest[0]) is list:
            items = [self._decode(item, depth + 1) for item in rest[0]]
            return _CONTAINERS[tag](items)
        return self._decode_leaf(tag, rest)

    def _decode_leaf(self, tag: object, rest: list[object]) -> object:
        match tag, rest:
            case "f", [str("nan" | "inf" | "-inf") as text]:
                return float(text)
            case "i", [str(text)]:
                return int(text, 16)
            case "b", [str(text)]:
                return text.encode("latin-1")
            case "B", [index]:
                return bytes(self.blob(index))
            case "u", [index]:
                return self.blob(index).decode("utf-8", "surrogatepass")
            case "c", [real, imaginary]:
                return complex(_part(self._decode(real, 0)), _part(self._decode(imaginary, 0)))
            case "o", [str(name), str(text)]:
                return Opaque(name[:_TEXT], text[:_TEXT])
            case _:
                raise ProtocolError(f"no such kind of value: {str(tag)[:40]!r}")


#: JSON writes two lone surrogates like one character beyond the basic plane: they would come back as that.
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = frozenset({bool, int, float, str})


def _pairs(items: list[object]) -> dict[object, object]:
    return dict(zip(items[::2], items[1::2], strict=True))


_CONTAINERS: dict[str, Callable[[list[object]], object]] = {
    "l": list,
    "t": tuple,
    "s": set,
    "S": frozenset,
    "d": _pairs,
}


def encode(
    value: object, *, bounds: Bounds | None = None, layouts: bool = False, strict: bool = False
) -> tuple[Tree, list[bytes]]:
    """Encode one value; see `Encoder`."""
    encoder = Encoder(bounds=bounds, layouts=layouts, strict=strict)
    return encoder.encode(value), encoder.blobs


def decode(
    tree: object,
    blobs: Sequence[bytes | bytearray],
    *,
    bounds: Bounds | None = None,
    layouts: bool = False,
) -> object:
    """Decode one value; see `Decoder`."""
    return Decoder(blobs, bounds=bounds, layouts=layouts).decode(tree)


def _part(value: object) -> float:
    if type(value) is not float:
        raise ProtocolError(f"a part of a complex number is {type(value).__name__}")
    return value


def _type_name(value: object) -> str:
    kind = type(value)
    module = str(getattr(kind, "__module__", ""))
    name = str(getattr(kind, "__qualname__", "object"))
    return (name if module in ("builtins", "") else f"{module}.{name}")[:_TEXT]


def _text_of(value: object) -> str:
    try:
        return str.__str__(repr(value))[:_TEXT]
    except Exception as error:  # noqa: BLE001 (a student's __repr__ may raise anything)
        return f"repr() raised {type(error).__name__}"
