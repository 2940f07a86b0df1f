"""The same values in other strides: what a slice, a transpose or an ``expand`` hands to a function.

torch is imported when a tensor is laid out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    Shape = tuple[int, ...]

#: Plainest first. ``offset``: a slice of a longer storage. ``transposed``: the last two axes are swapped in
#: memory. ``strided``: every second element of the last axis. ``expanded``: stride 0 along the first axis that
#: is longer than 1, as ``expand`` gives; the values along it are equal by nature.
LAYOUTS = ("contiguous", "offset", "transposed", "strided", "expanded")
#: Elements before the first one in ``offset``: odd, so that no alignment survives.
OFFSET = 3


def usable_layout(layout: str, shape: Shape) -> str:
    """The layout itself, or ``contiguous`` where the shape has no room for it (a vector has no transpose)."""
    long_axes = sum(size > 1 for size in shape)
    has_room = {
        "offset": 0 not in shape,
        "transposed": min(shape[-2:], default=0) > 1 and len(shape) >= 2 and 0 not in shape,
        "strided": long_axes >= 1 and 0 not in shape,
        "expanded": long_axes >= 1 and 0 not in shape,
    }
    return layout if has_room.get(layout, False) else "contiguous"


def expanded_shape(shape: Shape) -> Shape:
    """The shape of the values behind an ``expanded`` tensor: its first axis longer than 1 has size 1."""
    axis = next(axis for axis, size in enumerate(shape) if size > 1)
    return (*shape[:axis], 1, *shape[axis + 1 :])


def lay_out(tensor: Tensor, layout: str) -> Tensor:
    """Copy a tensor into storage of its own with other strides.

    Args:
        tensor: Any tensor; for ``expanded`` all slices along its first axis longer than 1 must be equal.
        layout: One of `LAYOUTS` that is usable for the shape.

    Returns:
        Equal values, shape and dtype. What lies between the elements in memory is garbage (NaN for floats).

    Raises:
        ValueError: The layout is unknown, has no room in this shape, or the values do not allow it.
    """
    import torch

    shape = tuple(tensor.shape)
    if layout not in LAYOUTS or usable_layout(layout, shape) != layout:
        raise ValueError(f"a tensor of shape {shape} cannot be laid out as {layout!r}")
    if layout == "contiguous":
        return tensor.clone(memory_format=torch.contiguous_format)
    if layout == "transposed":
        return tensor.mT.clone(memory_format=torch.contiguous_format).mT
    if layout == "expanded":
        return _expand(tensor)
    if layout == "offset":
        view = _garbage(tensor, (tensor.numel() + OFFSET,))[OFFSET:].view(shape)
    else:
        view = _garbage(tensor, (*shape[:-1], 2 * shape[-1]))[..., ::2]
    return view.copy_(tensor)


def _expand(tensor: Tensor) -> Tensor:
    shape = tuple(tensor.shape)
    first = tensor[tuple(slice(0, size) for size in expanded_shape(shape))].contiguous().clone()
    if not bool((first == tensor).all()):
        raise ValueError("an expanded tensor has equal slices along its first axis longer than 1")
    return first.expand(shape)


def _garbage(like: Tensor, shape: Shape) -> Tensor:
    import torch

    fill = float("nan") if like.dtype.is_floating_point else 1
    return torch.full(shape, fill, dtype=like.dtype)
