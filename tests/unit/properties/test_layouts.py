from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.properties.layouts import LAYOUTS, expanded_shape, lay_out, usable_layout
from pytest_lmworkbook.properties.tensors import clone_leaf

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.bool)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@given(shape=SHAPES, layout=st.sampled_from(LAYOUTS), dtype=st.sampled_from(DTYPES))
def test_every_dtype_and_layout_keeps_the_values(
    shape: tuple[int, ...], layout: str, dtype: torch.dtype
) -> None:
    layout = usable_layout(layout, shape)
    source = expanded_shape(shape) if layout == "expanded" else shape
    tensor = (torch.arange(torch.Size(source).numel()).reshape(source) % 5).to(dtype).expand(shape)
    laid_out = lay_out(tensor, layout)
    assert laid_out.dtype == dtype
    assert laid_out.shape == shape
    assert torch.equal(laid_out, tensor)
    copy = clone_leaf(laid_out)
    assert isinstance(copy, torch.Tensor)
    assert torch.equal(copy, tensor)
    assert (copy.stride(), copy.storage_offset()) == (laid_out.stride(), laid_out.storage_offset())
    assert copy.numel() == 0 or copy.data_ptr() != laid_out.data_ptr()


def test_what_each_layout_is() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    assert lay_out(tensor, "offset").storage_offset() == 3
    assert lay_out(tensor, "transposed").stride() == (1, 2)
    assert lay_out(tensor, "strided").stride() == (6, 2)
    assert lay_out(torch.ones(2, 3), "expanded").stride() == (0, 1)
    assert lay_out(tensor.mT, "contiguous").is_contiguous()


def test_what_lies_between_elements_is_garbage() -> None:
    storage = lay_out(torch.ones(3), "strided").untyped_storage()
    assert torch.tensor([], dtype=torch.float32).set_(storage).isnan().sum() == 3


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("transposed", (3,)),
        ("transposed", (1, 4)),
        ("strided", ()),
        ("expanded", (1, 1)),
        ("offset", (0,)),
    ],
)
def test_a_layout_without_room_becomes_contiguous(layout: str, shape: tuple[int, ...]) -> None:
    assert usable_layout(layout, shape) == "contiguous"
    with pytest.raises(ValueError, match="cannot be laid out"):
        lay_out(torch.ones(shape), layout)


def test_expanding_unequal_values_is_refused() -> None:
    with pytest.raises(ValueError, match="equal slices"):
        lay_out(torch.arange(2.0), "expanded")
