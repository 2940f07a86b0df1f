"""Values and types in words and digits, for people who read why an answer is wrong.

torch is imported when a tensor is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_lmworkbook.properties.tensors import is_array, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

#: Tensors with more elements are shown by their shape and their beginning.
MOST_ELEMENTS = 64
BEGINNING = 8
#: Other texts are cut after so many characters.
LONGEST = 800
LONGEST_IN_SENTENCE = 60


def describe_type(value: object) -> str:
    """What kind of value this is."""
    if value is None:
        return "None (is a `return` missing?)"
    if is_tensor(value) or is_array(value):
        return f"{'a tensor' if is_tensor(value) else 'an array'} of shape {tuple(value.shape)}"
    if hasattr(value, "type_name") and hasattr(
        value, "text"
    ):  # a value that did not come over the wire
        return f"{value.type_name}: {value.text}"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__} of {len(value)} items"
    return f"{type(value).__name__} {_cut(repr(value), LONGEST_IN_SENTENCE)}"


def describe_tensor(tensor: Tensor) -> str:
    """Shape and dtype."""
    return f"shape {tuple(tensor.shape)}, {dtype_name(tensor)}"


def dtype_name(tensor: Tensor) -> str:
    """The dtype without the library's name."""
    return str(tensor.dtype).removeprefix("torch.")


def render_value(value: object) -> str:
    """A value as text for people: floats to six digits, large tensors by their beginning."""
    if is_tensor(value) or is_array(value):
        return _render_tensor(value)
    if hasattr(value, "type_name") and hasattr(value, "text"):
        return f"{value.type_name}: {value.text}"
    return _cut(_render_plain(value), LONGEST)


def _render_tensor(value: object) -> str:
    import torch

    tensor = torch.as_tensor(value).detach().cpu()
    kind = "array" if is_array(value) else "tensor"
    if tensor.numel() <= MOST_ELEMENTS:
        return f"{kind}({_render_plain(tensor.tolist())})"
    beginning = _render_plain(tensor.flatten()[:BEGINNING].tolist()).removesuffix("]")
    return f"{kind}({beginning}, ...]), {describe_tensor(tensor)}"


def _render_plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(render_value, value)) + "]"
    if isinstance(value, tuple):
        items = ", ".join(map(render_value, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{key!r}: {render_value(item)}" for key, item in value.items()) + "}"
        )
    return repr(value)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."
