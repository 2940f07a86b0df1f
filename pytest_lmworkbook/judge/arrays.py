"""Torch tensors and numpy arrays on the wire: raw little-endian elements, dtype, shape, layout.

Neither library is imported to *recognise* a value: a tensor can only exist where torch is in
`sys.modules` already. Decoding imports what the tree names.
"""

from __future__ import annotations

import ctypes
import re
import sys
import warnings
from typing import TYPE_CHECKING, cast

from pytest_lmworkbook.judge.frames import ProtocolError

if TYPE_CHECKING:
    import numpy as np
    import torch

    from pytest_lmworkbook.judge.codec import Decoder, Encoder, Tree

#: Names of the torch dtypes that have plain bytes as elements. The 1- to 7-bit and quantized ones have
#: no arithmetic that a problem could ask for.
TORCH_DTYPES = frozenset(
    {
        *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
        *("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
    }
)
_NUMPY_DTYPE = re.compile(r"[<|][biufc][0-9]{1,2}")
#: More dimensions than torch (64) and numpy (64) can hold are refused before either sees them.
_MOST_DIMS = 64


def encode_array(encoder: Encoder, value: object) -> Tree | None:
    """The tree of a tensor or array; None when ``value`` is neither."""
    library = sys.modules.get("torch")
    if library is not None and isinstance(value, getattr(library, "Tensor", ())):
        return _encode_tensor(encoder, cast("torch.Tensor", value))
    library = sys.modules.get("numpy")
    if library is not None and isinstance(value, getattr(library, "ndarray", ())):
        return _encode_ndarray(encoder, cast("np.ndarray", value))
    return None


def scalar_item(value: object) -> object:
    """The Python number of a numpy scalar; None when ``value`` is none."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, getattr(numpy, "generic", ())):
        return None
    item = cast("np.generic", value).item()
    return item if isinstance(item, bool | int | float | complex | str | bytes) else None


def decode_array(decoder: Decoder, tag: str, rest: list[object]) -> object:
    """The tensor (tag "T") or array (tag "A") that the rest of a tree describes."""
    match rest:
        case [index, str(dtype), list() as shape]:
            layout = None
        case [index, str(dtype), list() as shape, [list() as strides, int(offset)]] if (
            decoder.layouts
        ):
            layout = (_sizes(strides), offset)
        case _:
            raise ProtocolError("an array needs a blob, a dtype and a shape")
    blob = decoder.blob(index)
    if tag == "A":
        return _decode_ndarray(blob, dtype, _sizes(shape), layout)
    return _decode_tensor(decoder, cast("int", index), dtype, _sizes(shape), layout)


def _encode_tensor(encoder: Encoder, tensor: torch.Tensor) -> Tree:
    import torch

    dtype = str(tensor.dtype).removeprefix("torch.")
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and dtype in TORCH_DTYPES
    if not plain or tensor.layout is not torch.strided or tensor.device.type == "meta":
        return encoder.opaque(tensor)
    tensor = tensor.detach()
    if encoder.layouts and tensor.device.type == "cpu":
        return _encode_layout(encoder, tensor, dtype)
    size = tensor.numel() * tensor.element_size()
    encoder.reserve(size)  # before contiguous(): an expanded scalar can claim terabytes
    tensor = tensor.cpu().resolve_conj().resolve_neg().contiguous()
    try:
        data = ctypes.string_at(tensor.data_ptr(), size) if size else b""
    except RuntimeError:  # a wrapper of torch.func that has no memory of its own
        return encoder.opaque(tensor)
    return ["T", encoder.add_blob(data), dtype, list(tensor.shape)]


def _encode_layout(encoder: Encoder, tensor: torch.Tensor, dtype: str) -> Tree:
    tensor = tensor.resolve_conj().resolve_neg()
    storage = tensor.untyped_storage()
    key = (storage.data_ptr(), storage.nbytes())
    index = encoder.storages.get(key)
    if index is None:
        encoder.reserve(storage.nbytes())
        data = ctypes.string_at(storage.data_ptr(), storage.nbytes()) if storage.nbytes() else b""
        index = encoder.storages[key] = encoder.add_blob(data)
    layout: Tree = [list(tensor.stride()), int(tensor.storage_offset())]
    return ["T", index, dtype, list(tensor.shape), layout]


def _decode_tensor(
    decoder: Decoder,
    index: int,
    dtype_name: str,
    shape: list[int],
    layout: tuple[list[int], int] | None,
) -> torch.Tensor:
    import torch

    dtype = getattr(torch, dtype_name, None) if dtype_name in TORCH_DTYPES else None
    if not isinstance(dtype, torch.dtype):
        raise ProtocolError(f"no dtype {dtype_name[:40]!r}")
    blob = decoder.blobs[index]
    strides, offset = layout or (_contiguous(shape), 0)
    _check_extent(len(blob), dtype.itemsize, shape, strides, offset, exact=layout is None)
    if dtype is torch.bool:
        _check_booleans(blob)
    storage = cast("torch.UntypedStorage | None", decoder.storages.get(index))
    if storage is None:
        # Copied into torch's own memory: aligned as a student's tensor would be, and resizable.
        bytes_ = torch.frombuffer(bytearray(blob), dtype=torch.uint8).clone() if blob else None
        storage = torch.empty(0).untyped_storage() if bytes_ is None else bytes_.untyped_storage()
        decoder.storages[index] = storage
    empty = _empty_half_complex() if dtype is torch.complex32 else torch.empty(0, dtype=dtype)
    return empty.set_(storage, offset, shape, strides)


def _empty_half_complex() -> torch.Tensor:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch calls complex32 experimental
        return torch.empty(0, dtype=torch.complex32)


def _encode_ndarray(encoder: Encoder, array: np.ndarray) -> Tree:
    import numpy as np

    dtype = array.dtype.newbyteorder("<").str
    if type(array) is not np.ndarray or not _NUMPY_DTYPE.fullmatch(dtype):
        return encoder.opaque(array)
    if encoder.layouts and array.size and array.dtype.str == dtype:
        low, high = np.lib.array_utils.byte_bounds(array)
        encoder.reserve(high - low)
        index = encoder.add_blob(ctypes.string_at(low, high - low))
        layout: Tree = [list(array.strides), array.ctypes.data - low]
        return ["A", index, dtype, list(array.shape), layout]
    encoder.reserve(array.nbytes)
    data = array.astype(dtype, copy=False).tobytes()
    return ["A", encoder.add_blob(data), dtype, list(array.shape)]


def _decode_ndarray(
    blob: bytes | bytearray, dtype_name: str, shape: list[int], layout: tuple[list[int], int] | None
) -> np.ndarray:
    import numpy as np

    if not _NUMPY_DTYPE.fullmatch(dtype_name):
        raise ProtocolError(f"no dtype {dtype_name[:40]!r}")
    dtype = np.dtype(dtype_name)
    if dtype.kind == "b":
        _check_booleans(blob)
    if layout is not None:  # numpy checks the extent, negative strides included
        strides, offset = layout
        return np.ndarray(shape, dtype, bytearray(blob), offset, strides)
    _check_extent(len(blob), dtype.itemsize, shape, _contiguous(shape), 0, exact=True)
    return np.frombuffer(bytearray(blob), dtype).reshape(shape)


def _sizes(values: list[object]) -> list[int]:
    if len(values) > _MOST_DIMS or any(type(n) is not int or abs(n) >= 1 << 62 for n in values):
        raise ProtocolError("a shape must be a short list of integers")
    return cast("list[int]", values)


def _contiguous(shape: list[int]) -> list[int]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return strides[::-1]


def _check_extent(
    length: int, itemsize: int, shape: list[int], strides: list[int], offset: int, *, exact: bool
) -> None:
    """Refuse a view that would reach outside its bytes: torch would grow the storage instead."""
    if min(shape, default=0) < 0 or min(strides, default=0) < 0 or offset < 0:
        raise ProtocolError("negative sizes, strides or offset")
    if len(shape) != len(strides):
        raise ProtocolError(f"{len(strides)} strides for {len(shape)} dimensions")
    empty = 0 in shape
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    needed = 0 if empty else (last + 1) * itemsize
    if needed > length or (exact and needed != length):
        raise ProtocolError(f"shape {shape} needs {needed} bytes, got {length}")


def _check_booleans(blob: bytes | bytearray) -> None:
    if blob.translate(None, b"\0\1"):
        raise ProtocolError("a bool is neither 0 nor 1")
