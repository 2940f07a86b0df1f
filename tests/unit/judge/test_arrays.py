from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_lmworkbook.judge.arrays import TORCH_DTYPES
from pytest_lmworkbook.judge.protocol import (
    Bounds,
    EncodingError,
    Opaque,
    ProtocolError,
    TooLargeError,
    decode,
    encode,
)

SHAPES = st.lists(st.integers(0, 5), max_size=4)


def there_and_back(value: object, *, layouts: bool = False) -> object:
    tree, blobs = encode(value, layouts=layouts)
    return decode(tree, [bytearray(blob) for blob in blobs], layouts=layouts)


def random_tensor(dtype: torch.dtype, shape: list[int], seed: int) -> torch.Tensor:
    count = int(np.prod(shape)) * dtype.itemsize
    raw = np.random.default_rng(seed).integers(0, 2 if dtype is torch.bool else 256, count)
    flat = torch.from_numpy(raw.astype(np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # complex32 is experimental
        return flat.view(dtype).reshape(shape) if count else torch.empty(shape, dtype=dtype)


def raw_bytes(tensor: torch.Tensor) -> bytes:
    return (
        bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""
    )


@settings(max_examples=25)
@pytest.mark.parametrize("layouts", [False, True])
@pytest.mark.parametrize("name", sorted(TORCH_DTYPES))
@given(shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_every_dtype_keeps_every_bit(name: str, layouts: bool, shape: list[int], seed: int) -> None:
    tensor = random_tensor(getattr(torch, name), shape, seed)
    got = there_and_back(tensor, layouts=layouts)
    assert isinstance(got, torch.Tensor)
    assert (got.dtype, got.shape) == (tensor.dtype, tensor.shape)
    assert raw_bytes(got) == raw_bytes(tensor)


LAYOUTS = {
    "transposed": torch.arange(12.0).reshape(3, 4).mT,
    "every second": torch.arange(20.0).reshape(4, 5)[::2, 1::2],
    "offset": torch.arange(20.0)[7:],
    "expanded": torch.arange(3.0).expand(4, 3),
    "expanded scalar": torch.tensor(2.0).expand(2, 2),
    "overlapping": torch.arange(8.0).as_strided((3, 4), (2, 1)),
    "size one, odd stride": torch.arange(8.0).as_strided((1, 2), (5, 3), 1),
    "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "empty slice": torch.arange(20.0).reshape(4, 5)[2:2],
    "no dimensions": torch.tensor(3.5),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_reach_the_student(name: str) -> None:
    tensor = LAYOUTS[name]
    got = there_and_back(tensor, layouts=True)
    assert isinstance(got, torch.Tensor)
    assert torch.equal(got, tensor)
    assert got.stride() == tensor.stride()
    assert got.storage_offset() == tensor.storage_offset()
    assert got.untyped_storage().nbytes() == tensor.untyped_storage().nbytes()


@pytest.mark.parametrize("name", LAYOUTS)
def test_results_come_back_without_layout(name: str) -> None:
    got = there_and_back(LAYOUTS[name])
    assert isinstance(got, torch.Tensor)
    assert torch.equal(got, LAYOUTS[name])
    assert got.is_contiguous()


def test_aliases_stay_aliases() -> None:
    base = torch.zeros(6)
    got = there_and_back([base, base[2:], base.view(torch.int32), torch.zeros(6)], layouts=True)
    assert isinstance(got, list)
    got[0][3] = 1.0
    assert got[1][1] == 1.0
    assert got[2][3] != 0
    assert not got[3].any()


def test_decoded_tensors_are_ordinary_ones() -> None:
    got = there_and_back(torch.zeros(4, requires_grad=True), layouts=True)
    assert isinstance(got, torch.Tensor)
    assert not got.requires_grad
    assert not got._is_view()
    got.requires_grad_().sum().backward()


def test_lazy_conjugates_are_resolved() -> None:
    tensor = torch.tensor([1 + 2j]).conj()
    for layouts in (False, True):
        assert torch.equal(there_and_back(tensor, layouts=layouts), tensor)  # type: ignore[arg-type]


def test_parameters_are_tensors() -> None:
    got = there_and_back(torch.nn.Parameter(torch.ones(2)))
    assert type(got) is torch.Tensor


class Sneaky(torch.Tensor):
    pass


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2).as_subclass(Sneaky),
        torch.ones(2, device="meta"),
        torch.ones(2).to_sparse(),
        np.ma.masked_array([1.0]),
        np.array([object()]),
        np.array(["a"]),
    ],
    ids=["subclass", "meta", "sparse", "masked", "objects", "text"],
)
def test_unusual_arrays_are_named(value: object) -> None:
    assert isinstance(there_and_back(value), Opaque)
    with pytest.raises(EncodingError):
        encode(value, strict=True)


def test_an_expanded_terabyte_is_refused_before_it_is_made() -> None:
    with pytest.raises(TooLargeError, match="MiB of values; the limit is 256 MiB"):
        encode(torch.zeros(1).expand(10**12))


@settings(max_examples=50)
@given(
    dtype=st.sampled_from(["?", "i1", "u8", "f2", "f4", "f8", "c8", "c16", ">f4", ">i2"]),
    shape=SHAPES,
    seed=st.integers(0, 1000),
    layouts=st.booleans(),
)
def test_numpy_arrays_come_back(dtype: str, shape: list[int], seed: int, layouts: bool) -> None:
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 2, shape).astype(dtype)
    got = there_and_back(array, layouts=layouts)
    assert isinstance(got, np.ndarray)
    assert got.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(got, array)


def test_numpy_layouts_reach_the_student() -> None:
    base = np.arange(24.0).reshape(4, 6)
    for array in (base.T, base[::-1, ::2], np.broadcast_to(base[0], (3, 6)), base[1:, 2]):
        got = there_and_back(array, layouts=True)
        assert isinstance(got, np.ndarray)
        np.testing.assert_array_equal(got, array)
        assert got.strides == array.strides


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [([3], [1], 0), ([2], [2], 0), ([1], [1], 2), ([2], [-1], 1), ([2], [1], -1), ([2], [1, 1], 0)],
)
def test_a_view_cannot_reach_outside_its_bytes(
    shape: list[int], strides: list[int], offset: int
) -> None:
    with pytest.raises(ProtocolError):
        decode(["T", 0, "float32", shape, [strides, offset]], [bytearray(8)], layouts=True)
    with pytest.raises(ProtocolError):
        decode(["A", 0, "<f4", shape, [[4 * n for n in strides], 4 * offset]], [bytearray(8)])


def test_limits_count_all_tensors_of_a_frame() -> None:
    with pytest.raises(TooLargeError):
        encode([torch.zeros(60), torch.zeros(60)], bounds=Bounds(payload=400))


def test_protocol_and_worker_import_no_array_library() -> None:
    code = (
        "import sys, pytest_lmworkbook.judge.worker, pytest_lmworkbook.judge.forkserver\n"
        "print({'torch', 'numpy', 'hypothesis', 'yaml', 'pydantic', 'pytest'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
