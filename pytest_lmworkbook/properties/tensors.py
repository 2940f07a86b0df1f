"""Trees of arguments and results: make their tensors, copy them with their strides, widen them.

A tree is a list, tuple or dictionary of trees, or a leaf: a tensor, an array, or any plain value.
torch and numpy are imported when a leaf is touched.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, TypeGuard

from pytest_lmworkbook.properties import layouts, patterns
from pytest_lmworkbook.properties.recipe import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from pytest_lmworkbook.properties.recipe import Recipe

    Array = NDArray[np.generic]


def is_tensor(value: object) -> TypeGuard[Tensor]:
    """Whether the value is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: object) -> TypeGuard[Array]:
    """Whether the value is a numpy array; numpy is not imported to find out."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def map_leaves(function: Callable[[object], object], tree: object) -> object:
    """The same tree with the function applied to each leaf."""
    if isinstance(tree, dict):
        return {key: map_leaves(function, item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [map_leaves(function, item) for item in tree]
    if isinstance(tree, tuple):
        return tuple(map_leaves(function, item) for item in tree)
    return function(tree)


def map_arguments(
    function: Callable[[object], object], arguments: dict[str, object]
) -> dict[str, object]:
    """`map_leaves` for the arguments of a call."""
    return {name: map_leaves(function, value) for name, value in arguments.items()}


def leaves(tree: object) -> list[object]:
    """The leaves of a tree, in order."""
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves(item)]
    if isinstance(tree, list | tuple):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree]


def with_leaves(tree: object, new: Iterable[object]) -> object:
    """The same tree with other leaves, in the order of `leaves`."""
    following = iter(new)
    return map_leaves(lambda _: next(following), tree)


def plain_leaf(leaf: object) -> object:
    """A numpy scalar as the Python number that it stands for; anything else as it is."""
    numpy = sys.modules.get("numpy")
    return leaf.item() if numpy is not None and isinstance(leaf, numpy.generic) else leaf


def float_leaf(leaf: object) -> Tensor | None:
    """A float, float tensor or float array as a float64 tensor; None for anything else."""
    import torch

    if isinstance(leaf, float):
        return torch.tensor(leaf, dtype=torch.float64)
    if is_array(leaf):
        return torch.from_numpy(leaf.astype("float64")) if leaf.dtype.kind == "f" else None
    if is_tensor(leaf) and leaf.dtype.is_floating_point:
        return leaf.detach().to("cpu", torch.float64)
    return None


def make_arguments(recipe: Recipe) -> dict[str, object]:
    """Make the arguments that a recipe determines, in fresh storage."""

    def make(leaf: object) -> object:
        return make_tensor(leaf, recipe.seed) if isinstance(leaf, TensorSpec) else leaf

    return map_arguments(make, recipe.arguments)


def make_tensor(spec: TensorSpec, seed: int) -> Tensor | Array:
    """Make one tensor or array."""
    import torch

    layout = layouts.usable_layout(spec.layout, spec.shape)
    shape = layouts.expanded_shape(spec.shape) if layout == "expanded" else spec.shape
    # A copy, because a repeated value is a read-only view in numpy.
    values = torch.from_numpy(_fill(spec, shape, seed).copy()).to(getattr(torch, spec.dtype))
    tensor = layouts.lay_out(values.expand(spec.shape), layout)
    return tensor.numpy() if spec.library == "numpy" else tensor


def _fill(spec: TensorSpec, shape: tuple[int, ...], seed: int) -> Array:
    if spec.family == "bool":
        return patterns.fill_bools(
            spec.pattern, shape, seed=seed, stream=spec.stream, masked_rows=spec.masked_rows
        )
    if spec.low is None or spec.high is None:
        return patterns.fill(spec.pattern, shape, seed=seed, stream=spec.stream)
    if spec.family == "int":
        low, high = int(spec.low), int(spec.high)
        return patterns.fill_integers(
            low, high, shape, seed=seed, stream=spec.stream, pattern=spec.pattern
        )
    return patterns.fill_range(
        spec.low, spec.high, shape, seed=seed, stream=spec.stream, pattern=spec.pattern
    )


def clone_leaf(leaf: object) -> object:
    """Equal value, shape, strides and offset in storage of its own."""
    import torch

    if is_array(leaf):
        cloned = clone_leaf(torch.from_numpy(leaf))
        return cloned.numpy() if is_tensor(cloned) else cloned
    if not is_tensor(leaf):
        return copy.deepcopy(leaf)
    length = leaf.untyped_storage().nbytes() // leaf.element_size()
    storage = leaf.detach().as_strided((length,), (1,), 0).clone()
    return storage.as_strided(leaf.shape, leaf.stride(), leaf.storage_offset())


def widen_leaf(leaf: object) -> object:
    """Float tensors and arrays in float64, contiguous; a copy of anything else."""
    import torch

    if is_array(leaf):
        return leaf.astype("float64") if leaf.dtype.kind == "f" else leaf.copy()
    if not is_tensor(leaf):
        return copy.deepcopy(leaf)
    dtype = torch.float64 if leaf.dtype.is_floating_point else leaf.dtype
    return leaf.detach().to(dtype, copy=True, memory_format=torch.contiguous_format)


def size_of(value: object) -> int:
    """Elements of a tree of tensors, lists and numbers; a whole number counts as its absolute value."""
    if is_tensor(value):
        return value.numel()
    if is_array(value):
        return int(value.size)
    if isinstance(value, list | tuple):
        return 1 + sum(map(size_of, value))
    if isinstance(value, dict):
        return 1 + sum(map(size_of, value.values()))
    return abs(value) if isinstance(value, int) else 1
