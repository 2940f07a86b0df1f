# ruff: noqa: F722, F821, TC002, UP037, N803, N806
# jaxtyping shapes are strings that ruff takes for forward references, and are read at run time.
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.properties.drawing import float_steps
from pytest_lmworkbook.properties.inputs import ArgumentBounds, Bounds, Inputs
from pytest_lmworkbook.properties.layouts import LAYOUTS
from pytest_lmworkbook.properties.patterns import FLOAT_PATTERNS


def attention(
    Q: Float[Tensor, "... queries d_k"],
    K: Float[Tensor, "... keys d_k"],
    V: Float[Tensor, "... keys d_v"],
    mask: Bool[Tensor, "... queries keys"] | None = None,
) -> Float[Tensor, "... queries d_v"]: ...


def shapes(
    x: Float[Tensor, "*batch 2*half"],
    y: Float[Tensor, "*batch half 3"],
    z: Float[Tensor, "_ half//2+1"],
    half: int,
) -> None: ...


def scalars(experts: int, k: int, eps: float, p: float = 0.9, causal: bool = False) -> None: ...
def texts(
    text: str, data: bytes, ids: list[list[int]], counts: dict[tuple[int, int], int]
) -> None: ...
def arrays(
    x: Float[np.ndarray, "n d"], ids: Int[np.ndarray, "n"], flags: Bool[np.ndarray, "n"]
) -> None: ...
def gradients(grads: list[Float[Tensor, "..."]], pair: tuple[Float[Tensor, "n"], int]) -> None: ...
def tokens(logits: Float[Tensor, "batch vocab"], targets: Int[Tensor, "batch"]) -> None: ...


MASKED = Bounds(arguments={"mask": ArgumentBounds(pattern="attention_mask")})


def test_axes_are_shared_and_every_kind_of_input_turns_up(draw) -> None:
    drawn = draw(attention, MASKED, examples=400)
    for inputs in drawn:
        Q, K, V, mask = inputs.arguments.values()
        dims, batch = inputs.recipe.dims, inputs.recipe.batches["..."]
        assert Q.shape == (*batch, dims["queries"], dims["d_k"])
        assert K.shape == (*batch, dims["keys"], dims["d_k"])
        assert V.shape == (*batch, dims["keys"], dims["d_v"])
        assert Q.dtype == K.dtype == V.dtype == getattr(torch, inputs.recipe.dtype)
        if mask is not None:
            assert mask.shape == (*batch, dims["queries"], dims["keys"])
            assert mask.any(dim=-1).all()
    assert {inputs.recipe.dims["keys"] for inputs in drawn} == set(range(1, 10))
    assert {len(inputs.recipe.batches["..."]) for inputs in drawn} == {0, 1, 2, 3}
    assert {inputs.recipe.dtype for inputs in drawn} == {"float32", "float64"}
    assert {inputs.recipe.layouts["V"] for inputs in drawn} == set(LAYOUTS)
    assert {inputs.recipe.patterns["V"] for inputs in drawn} == set(FLOAT_PATTERNS)
    assert {inputs.arguments["mask"] is None for inputs in drawn} == {True, False}


def test_the_first_input_is_the_plainest(draw) -> None:
    recipe = draw(attention, MASKED)[0].recipe
    assert recipe.dims == {"queries": 1, "d_k": 1, "keys": 1, "d_v": 1}
    assert recipe.batches == {"...": ()}
    assert recipe.dtype == "float32"
    assert set(recipe.layouts.values()) == {"contiguous"}
    assert set(recipe.patterns.values()) == {"small_integers"}
    assert recipe.arguments["mask"] is None
    assert recipe.seed == 0


def test_arithmetic_axes_anonymous_ones_and_a_number_named_like_an_axis(draw) -> None:
    for inputs in draw(shapes):
        x, y, z, half = inputs.arguments.values()
        assert half == inputs.recipe.dims["half"]
        assert x.shape[-1] == 2 * half
        assert y.shape == (*x.shape[:-1], half, 3)
        assert z.shape[1] == half // 2 + 1


def test_bounds_on_axes_dtypes_layouts_and_patterns(draw) -> None:
    bounds = Bounds(
        dims={"keys": (4, 250)}, dtypes=("bfloat16",), layouts=("contiguous",), patterns=("large",)
    )
    drawn = draw(attention, bounds, examples=200)
    keys = {inputs.recipe.dims["keys"] for inputs in drawn}
    assert min(keys) == 4
    assert 100 < max(keys) <= 250
    assert {inputs.arguments["Q"].dtype for inputs in drawn} == {torch.bfloat16}
    assert {layout for inputs in drawn for layout in inputs.recipe.layouts.values()} == {
        "contiguous"
    }
    assert {inputs.recipe.patterns["Q"] for inputs in drawn} == {"large"}


def test_bounds_on_numbers_may_name_what_came_before(draw) -> None:
    bounds = Bounds(
        arguments={
            "experts": ArgumentBounds(low=2, high=6),
            "k": ArgumentBounds(low=1, high="experts - 1"),
            "eps": ArgumentBounds(low=1e-6, high=1e-2),
            "p": ArgumentBounds(choices=(0.25, 1.0)),
        }
    )
    for inputs in draw(scalars, bounds):
        experts, k, eps, p, causal = inputs.arguments.values()
        assert 1 <= k < experts <= 6
        assert 1e-6 <= eps <= 1e-2
        assert p in (0.25, 1.0)
        assert isinstance(causal, bool)


def test_numbers_without_bounds(draw) -> None:
    drawn = draw(scalars)
    assert {inputs.arguments["p"] for inputs in drawn} == {0.9, 1.8, 0.45}
    assert all(1 <= inputs.arguments["k"] <= 9 for inputs in drawn)
    assert all(0.125 <= inputs.arguments["eps"] <= 8 for inputs in drawn)


def test_token_ids_in_the_range_of_an_axis(draw) -> None:
    bounds = Bounds(arguments={"targets": ArgumentBounds(low=0, high="vocab - 1")})
    for inputs in draw(tokens, bounds):
        assert inputs.arguments["targets"].dtype == torch.int64
        assert inputs.arguments["targets"].max() < inputs.arguments["logits"].shape[1]


def test_texts_lists_and_dictionaries(draw) -> None:
    drawn = draw(texts, examples=200)
    assert {type(inputs.arguments["text"]) for inputs in drawn} == {str}
    assert {len(inputs.arguments["ids"]) for inputs in drawn} >= {0, 1, 2, 3}
    assert any([] in inputs.arguments["ids"] for inputs in drawn)
    assert all(
        0 <= item <= 9 for inputs in drawn for ids in inputs.arguments["ids"] for item in ids
    )
    assert any(inputs.arguments["counts"] for inputs in drawn)
    assert drawn[0].arguments == {"text": "", "data": b"", "ids": [], "counts": {}}


def test_arrays(draw) -> None:
    drawn = draw(arrays, Bounds(dtypes=("float32", "bfloat16")))
    for inputs in drawn:
        x, ids, flags = inputs.arguments.values()
        assert (x.dtype, ids.dtype, flags.dtype) == (np.float32, np.int64, np.bool_)
        assert x.shape[0] == ids.shape[0] == flags.shape[0]
    assert any(not inputs.arguments["x"].flags.c_contiguous for inputs in drawn)


def test_tensors_inside_lists_and_tuples(draw) -> None:
    drawn = draw(gradients)
    assert {len(inputs.arguments["grads"]) for inputs in drawn} == {1, 2, 3}
    several = next(inputs for inputs in drawn if len(inputs.arguments["grads"]) > 1)
    first, second, *_ = several.arguments["grads"]
    assert first.shape == second.shape
    assert isinstance(several.arguments["pair"][0], Tensor)


def test_clone_and_recipe_give_equal_inputs_in_equal_layouts(draw) -> None:
    for inputs in draw(attention, MASKED):
        for other in (inputs.clone(), Inputs.from_recipe(inputs.recipe)):
            for name, tensor in inputs.arguments.items():
                copy = other.arguments[name]
                if tensor is None:
                    assert copy is None
                    continue
                assert torch.equal(copy, tensor)
                assert (copy.stride(), copy.storage_offset()) == (
                    tensor.stride(),
                    tensor.storage_offset(),
                )
                assert copy.data_ptr() != tensor.data_ptr()


def test_every_dtype_holds_the_same_values(draw) -> None:
    exact = draw(
        attention,
        Bounds(dtypes=("float64",), patterns=("small_integers", "normal", "ties", "one_hot")),
    )
    for dtype in ("float32", "bfloat16", "float16"):
        drawn = draw(
            attention,
            Bounds(dtypes=(dtype,), patterns=("small_integers", "normal", "ties", "one_hot")),
        )
        for wide, narrow in zip(exact, drawn, strict=True):
            for name in "QKV":
                expected = wide.arguments[name].to(getattr(torch, dtype))
                assert torch.equal(narrow.arguments[name], expected)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (
            ArgumentBounds(low=1, high="vocabulary"),
            r"argument 'k'|k: 'vocabulary' names \['vocabulary'\]; known here are \['experts'\]",
        ),
        (ArgumentBounds(low="experts + 1", high="experts"), "argument 'k': no value from 2 to 1"),
        (ArgumentBounds(low="experts +", high=3), "k: "),
    ],
)
def test_bounds_that_leave_nothing_are_the_problems_fault(
    draw, bounds: ArgumentBounds, message: str
) -> None:
    with pytest.raises(JudgeError, match=message):
        draw(scalars, Bounds(arguments={"k": bounds}))


def test_an_unknown_pattern_is_named(draw) -> None:
    bounds = Bounds(arguments={"Q": ArgumentBounds(pattern="gaussian")})
    with pytest.raises(
        JudgeError, match="argument 'Q': no pattern 'gaussian'; there are small_integers, normal"
    ):
        draw(attention, bounds)


def test_float_steps_print_short_and_keep_the_ends() -> None:
    assert float_steps(0.0, 2.0)[:3] == (1.0, 0.0, 2.0)
    assert float_steps(1e-6, 1e-2)[:3] == (1e-6, 1e-2, 1.8e-6)
    assert float_steps(3.0, 3.0) == (3.0,)
    assert all(len(repr(value)) <= 7 for value in float_steps(1e-6, 1e-2))


def test_importing_the_modules_imports_no_heavy_library() -> None:
    modules = "annotations patterns layouts recipe bounds drawing inputs snippet tensors tolerance compare search"
    code = (
        f"import sys, importlib\nfor name in '{modules}'.split():\n"
        "    importlib.import_module('pytest_lmworkbook.properties.' + name)\n"
        "print([m for m in ('torch', 'numpy', 'hypothesis', 'jaxtyping', 'yaml', 'pydantic', 'pint') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
