"""The wire format between judge and worker: what both import, and what knows nothing of either.

Two halves, one public surface: `frames` moves a JSON header and raw blobs over a socket, `codec` turns
values into a JSON tree and blobs. No pickle anywhere: a tree can only become plain values, arrays and
tensors, whoever wrote it. Imports neither torch nor numpy.
"""

from __future__ import annotations

from pytest_lmworkbook.judge.codec import (
    Decoder,
    Encoder,
    EncodingError,
    Opaque,
    TooLargeError,
    Tree,
    decode,
    encode,
)
from pytest_lmworkbook.judge.frames import (
    Bounds,
    ConnectionEndedError,
    DeadlinePassed,
    Frame,
    FrameReader,
    ProtocolError,
    receive,
    send,
)

__all__ = [
    "Bounds",
    "ConnectionEndedError",
    "DeadlinePassed",
    "Decoder",
    "Encoder",
    "EncodingError",
    "Frame",
    "FrameReader",
    "Opaque",
    "ProtocolError",
    "TooLargeError",
    "Tree",
    "decode",
    "encode",
    "receive",
    "send",
]
