"""Frames on a stream socket: a JSON header and raw blobs, every length checked before it is believed.

    magic "LMW1" | u32 header length | u64 payload length | header (JSON, ASCII) | blobs, back to back

Lengths are little-endian; the header's ``blobs`` lists the blobs' lengths, which must add up to the
payload. The peer may be hostile: nothing is allocated for a length that was not compared with its
bound, and whatever does not parse is a `ProtocolError`. Knows nothing of what the frames say.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer

MAGIC = b"LMW1"
_PREFIX = struct.Struct("<4sIQ")
#: One read takes at most this much, so that a reader that watches other descriptors gets back to them.
_CHUNK = 1 << 20


class ProtocolError(Exception):
    """The peer sent something that is not a frame, or a frame that does not decode."""


class ConnectionEndedError(ProtocolError):
    """The peer closed the connection."""


class DeadlinePassed(Exception):
    """No complete frame came before the deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most that is accepted from, or sent to, a peer.

    Attributes:
        header: Bytes of JSON in one frame.
        payload: Bytes of blobs in one frame.
        nodes: Values in one frame, counting each element of a list.
        depth: Nesting of lists and dicts.
    """

    header: int = 32 << 20
    payload: int = 256 << 20
    nodes: int = 2_000_000
    depth: int = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    header: dict[str, object]
    blobs: list[bytearray]


def pack(header: dict[str, object], blobs: Sequence[ReadableBuffer]) -> list[memoryview]:
    """Buffers that make up one frame, in order."""
    views = [memoryview(blob).cast("B") for blob in blobs]
    lengths = [view.nbytes for view in views]
    text = json.dumps({**header, "blobs": lengths}, allow_nan=False, separators=(",", ":")).encode()
    prefix = _PREFIX.pack(MAGIC, len(text), sum(lengths))
    return [memoryview(prefix + text), *views]


def send(sock: socket.socket, header: dict[str, object], blobs: Sequence[ReadableBuffer]) -> None:
    """Send one frame whole; the socket's own timeout applies."""
    buffers = pack(header, blobs)
    if (
        sum(view.nbytes for view in buffers) <= _CHUNK
    ):  # one system call for the usual small message
        sock.sendall(b"".join(buffers))
        return
    for view in buffers:
        sock.sendall(view)


class FrameReader:
    """Collects one frame after the other from a socket, a piece at a time."""

    def __init__(self, sock: socket.socket, *, bounds: Bounds | None = None) -> None:
        self._sock = sock
        self._bounds = bounds or Bounds()
        self._buffer = bytearray()
        self._rest = memoryview(self._buffer)
        self._missing = 0
        self._start()

    def advance(self, *, wait: bool = False) -> Frame | None:
        """Read what is there; the frame if it is complete now.

        Args:
            wait: Block until at least one byte has come.

        Raises:
            ConnectionEndedError: The peer closed its end.
            ProtocolError: The bytes are no frame.
        """
        while self._missing:
            flags = 0 if wait else getattr(socket, "MSG_DONTWAIT", 0)
            try:
                count = self._sock.recv_into(self._rest[: min(self._missing, _CHUNK)], flags=flags)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as error:
                raise ConnectionEndedError(str(error)) from error
            if count == 0:
                raise ConnectionEndedError("the connection was closed")
            self._rest = self._rest[count:]
            self._missing -= count
            if self._missing == 0:
                self._next_part()
        frame = Frame(self._header, self._blobs)
        self._start()
        return frame

    def _start(self) -> None:
        self._header: dict[str, object] = {}
        self._blobs: list[bytearray] = []
        self._pending: list[bytearray] = []
        self._payload = 0
        self._part = "prefix"
        self._expect(bytearray(_PREFIX.size))

    def _expect(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._rest = memoryview(buffer)
        self._missing = len(buffer)

    def _next_part(self) -> None:
        if self._part == "prefix":
            self._part = "header"
            self._expect(bytearray(self._read_prefix()))
        elif self._part == "header":
            self._part = "blobs"
            self._read_header()
        if self._missing == 0 and self._pending:
            self._expect(self._pending.pop())

    def _read_prefix(self) -> int:
        magic, header, payload = _PREFIX.unpack(self._buffer)
        if magic != MAGIC:
            raise ProtocolError(f"a frame starts with {MAGIC!r}, got {bytes(magic)!r}")
        if not 2 <= header <= self._bounds.header:
            raise ProtocolError(f"a header of {header} bytes; the limit is {self._bounds.header}")
        if payload > self._bounds.payload:
            raise ProtocolError(
                f"a payload of {payload} bytes; the limit is {self._bounds.payload}"
            )
        self._payload = int(payload)
        return int(header)

    def _read_header(self) -> None:
        self._header = _parse_header(bytes(self._buffer))
        lengths = self._header.pop("blobs", None)
        if not isinstance(lengths, list) or any(type(n) is not int or n < 0 for n in lengths):
            raise ProtocolError("'blobs' must be a list of lengths")
        if len(lengths) > self._bounds.nodes or sum(lengths) != self._payload:
            raise ProtocolError(
                f"{len(lengths)} blobs of {sum(lengths)} bytes in a payload of {self._payload}"
            )
        self._blobs = [bytearray(length) for length in lengths]
        self._pending = [blob for blob in reversed(self._blobs) if blob]


def receive(
    sock: socket.socket, *, deadline: float | None = None, bounds: Bounds | None = None
) -> Frame:
    """Receive one frame.

    Args:
        sock: A stream socket; nothing may be read from it in between.
        deadline: In `time.monotonic` seconds; None waits for ever.
        bounds: The most to accept.

    Raises:
        DeadlinePassed: The frame was not complete in time.
        ProtocolError: The connection ended, or the bytes are no frame.
    """
    reader = FrameReader(sock, bounds=bounds)
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while True:
        timeout_ms = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not poll.poll(timeout_ms):
            raise DeadlinePassed
        frame = reader.advance()
        if frame is not None:
            return frame


def _parse_header(text: bytes) -> dict[str, object]:
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the header is not JSON: {type(error).__name__}") from error
    if not isinstance(header, dict):
        raise ProtocolError(f"the header must be an object, got {type(header).__name__}")
    return header


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
