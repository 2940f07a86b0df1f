"""Arguments as lines of Python that a student can paste into a prompt: same values, dtypes and strides.

torch and numpy are imported when a tensor is rendered.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_lmworkbook.properties.layouts import expanded_shape
from pytest_lmworkbook.properties.tensors import is_array, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

#: Tensors with more elements are not written out: ``...`` stands for them.
MOST_ELEMENTS = 64
#: What the two libraries make of Python numbers, so that no dtype needs to be written.
_IMPLIED_DTYPES = {
    "torch": ("torch.float32", "torch.int64", "torch.bool"),
    "np": ("torch.float64", "torch.int64", "torch.bool"),
}
#: How each layout is rebuilt from a literal of ``base``.
_REBUILD = {
    "torch": {
        "contiguous": "{base}",
        "offset": "{base}[{offset}:].view({shape})",
        "transposed": "{base}.mT",
        "strided": "{base}.repeat_interleave(2, -1)[..., ::2]",
        "expanded": "{base}.expand({shape})",
        "other": "{base}.as_strided({shape}, {stride}, {offset})",
    },
    "np": {
        "contiguous": "{base}",
        "offset": "{base}[{offset}:].reshape({shape})",
        "transposed": "{base}.swapaxes(-1, -2)",
        "strided": "{base}.repeat(2, -1)[..., ::2]",
        "expanded": "np.broadcast_to({base}, {shape})",
    },
}


def render_arguments(arguments: dict[str, object], *, summary: str = "") -> list[str]:
    """Render the arguments of a call, imports first.

    Args:
        arguments: Values by name.
        summary: What is said about a tensor that is too large to write out.

    Returns:
        Lines that rebuild every argument exactly when executed; where a tensor is cut to ``...``, a comment
        on the line says so.
    """
    lines = [_render_line(name, value, summary) for name, value in arguments.items()]
    text = "\n".join(lines)
    imports = ["import numpy as np"] if "np." in text else []
    imports += ["import torch"] if "torch." in text else []
    return imports + lines


def _render_line(name: str, value: object, summary: str) -> str:
    cut = [tensor for tensor in _tensors(value) if tensor.numel() > MOST_ELEMENTS]
    comment = "".join(f"  # shape {tuple(tensor.shape)}, {_name(tensor)}" for tensor in cut[:1])
    return f"{name} = {render_value(value)}{comment}" + (f"; {summary}" if cut else "")


def render_value(value: object) -> str:
    """One value as a Python expression."""
    if is_array(value) or is_tensor(value):
        return _render_tensor(_as_tensor(value), "np" if is_array(value) else "torch")
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{render_value(k)}: {render_value(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(render_value, value)) + "]"
    if isinstance(value, tuple):
        items = ", ".join(map(render_value, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def _tensors(value: object) -> list[Tensor]:
    if is_array(value) or is_tensor(value):
        return [_as_tensor(value)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in _tensors(item)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _as_tensor(value: object) -> Tensor:
    import torch

    if is_tensor(value):
        return value.detach()
    if is_array(value):
        return torch.from_numpy(value)
    raise TypeError(f"neither tensor nor array: {type(value).__name__}")


def _render_tensor(tensor: Tensor, library: str) -> str:
    if tensor.numel() > MOST_ELEMENTS:
        return "..."
    layout, base = _take_apart(tensor, library)
    return _REBUILD[library][layout].format(
        base=_render_contiguous(base, library),
        shape=tuple(tensor.shape),
        stride=tensor.stride(),
        offset=tensor.storage_offset(),
    )


def _take_apart(tensor: Tensor, library: str) -> tuple[str, Tensor]:
    """Which layout a tensor has, and the contiguous values that it is rebuilt from."""
    import torch

    shape, stride = tuple(tensor.shape), tensor.stride()
    if tensor.numel() == 0:
        return "contiguous", tensor
    if tensor.is_contiguous() and stride == torch.empty(shape, device="meta").stride():
        if tensor.storage_offset() == 0 or library == "np":
            return "contiguous", tensor
        return "offset", torch.cat([tensor.new_zeros(tensor.storage_offset()), tensor.reshape(-1)])
    if tensor.ndim >= 2 and tensor.mT.is_contiguous():
        return "transposed", tensor.mT
    if stride == torch.empty((*shape[:-1], 2 * shape[-1]), device="meta")[..., ::2].stride():
        return "strided", tensor
    if max(shape) > 1:
        base = tensor[tuple(slice(0, size) for size in expanded_shape(shape))].contiguous()
        if stride == base.expand(shape).stride():
            return "expanded", base
    return _take_storage(tensor, library)


def _take_storage(tensor: Tensor, library: str) -> tuple[str, Tensor]:
    """Any other strides: the elements in the order of memory; for an array the values must do."""
    if library == "np":
        return "contiguous", tensor
    length = tensor.untyped_storage().nbytes() // tensor.element_size()
    return "other", tensor.as_strided((length,), (1,), 0)


def _render_contiguous(tensor: Tensor, library: str) -> str:
    dtype = (
        ""
        if str(tensor.dtype) in _IMPLIED_DTYPES[library]
        else f", dtype={library}.{_name(tensor)}"
    )
    if tensor.numel() == 0:
        return f"{library}.zeros({tuple(tensor.shape)}{dtype})"
    numbers = _render_numbers(tensor.tolist(), is_float32=_name(tensor) == "float32")
    return f"{library}.{'array' if library == 'np' else 'tensor'}({numbers}{dtype})"


def _render_numbers(numbers: object, *, is_float32: bool) -> str:
    if isinstance(numbers, list):
        return (
            "[" + ", ".join(_render_numbers(item, is_float32=is_float32) for item in numbers) + "]"
        )
    if not isinstance(numbers, float):
        return repr(numbers)
    if not math.isfinite(numbers):
        return f'float("{numbers}")'
    text = _render_float(numbers, is_float32=is_float32)
    return text.removesuffix("0") if text.endswith(".0") else text


def _render_float(number: float, *, is_float32: bool) -> str:
    """The shortest digits that give the number back at its precision."""
    import numpy as np

    return str(np.float32(number)) if is_float32 else repr(number)


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
