from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.frames import (
    MAGIC,
    Bounds,
    DeadlinePassed,
    FrameReader,
    ProtocolError,
    receive,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def read_bytes(data: bytes, bounds: Bounds | None = None) -> object:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return receive(ours, deadline=time.monotonic() + 5, bounds=bounds)


def frame(header: object, payload: bytes = b"", *, length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    size = len(payload) if length is None else length
    return struct.pack("<4sIQ", MAGIC, len(text), size) + text + payload


def test_header_and_blobs_arrive_as_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    send(ours, {"do": "call", "n": 1}, [b"abc", b"", memoryview(b"defg")])
    got = receive(theirs, deadline=time.monotonic() + 5)
    assert got.header == {"do": "call", "n": 1}
    assert got.blobs == [b"abc", b"", b"defg"]


def test_frames_that_come_together_are_told_apart(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    for n in range(3):
        send(ours, {"n": n}, [bytes([n])] * n)
    reader = FrameReader(theirs)
    got = [reader.advance() for _ in range(4)]
    assert [f and (f.header["n"], len(f.blobs)) for f in got] == [(0, 0), (1, 1), (2, 2), None]


def test_a_frame_in_single_bytes_is_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    data = frame({"x": 1, "blobs": [3, 0, 1]}, b"abcd")
    reader = FrameReader(theirs)
    for byte in data[:-1]:
        ours.sendall(bytes([byte]))
        assert reader.advance() is None
    ours.sendall(data[-1:])
    got = reader.advance()
    assert got is not None
    assert got.blobs == [b"abc", b"", b"d"]


def test_nothing_in_time_is_a_passed_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(MAGIC)
    with pytest.raises(DeadlinePassed):
        receive(ours, deadline=time.monotonic() + 0.01)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "closed"),
        (MAGIC + b"\0\0", "closed"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "a frame starts with"),
        (struct.pack("<4sIQ", MAGIC, 2**32 - 1, 0), "header of 4294967295 bytes"),
        (struct.pack("<4sIQ", MAGIC, 0, 0), "header of 0 bytes"),
        (struct.pack("<4sIQ", MAGIC, 10, 2**63), "payload of 9223372036854775808 bytes"),
        (struct.pack("<4sIQ", MAGIC, 2, 0) + b"[]", "must be an object"),
        (struct.pack("<4sIQ", MAGIC, 2, 0) + b"\xff\xff", "not JSON"),
        (struct.pack("<4sIQ", MAGIC, 9, 0) + b'{"a":NaN}', "not JSON"),
        (struct.pack("<4sIQ", MAGIC, 200_000, 0) + b"[" * 200_000, "not JSON"),
        (struct.pack("<4sIQ", MAGIC, 9_000, 0) + b"1" * 9_000, "not JSON"),
        (frame({}), "'blobs' must be a list"),
        (frame({"blobs": [True]}, b"a"), "'blobs' must be a list"),
        (frame({"blobs": [-1, 2]}, b"a"), "'blobs' must be a list"),
        (frame({"blobs": [2**62]}, b"a"), "in a payload of 1"),
        (frame({"blobs": [5]}, b"abc"), "in a payload of 3"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        read_bytes(data)


def test_too_many_blobs_are_refused() -> None:
    with pytest.raises(ProtocolError, match="11 blobs"):
        read_bytes(frame({"blobs": [0] * 11}), Bounds(nodes=10))


@given(st.binary(max_size=200))
def test_random_bytes_never_do_more_than_raise(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_bytes(data)


@given(st.data())
def test_a_damaged_frame_is_refused_or_still_a_frame(data: st.DataObject) -> None:
    good = bytearray(frame({"is": "returned", "value": ["l", [1, 2]], "blobs": [4]}, b"abcd"))
    position = data.draw(st.integers(0, len(good) - 1))
    good[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolError):
        read_bytes(bytes(good))
