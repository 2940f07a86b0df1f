# ruff: noqa: F722, F821, TC002, UP037, N803
# jaxtyping shapes are strings that ruff takes for forward references, and are read at run time.
from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from jaxtyping import BFloat16, Bool, Float, Float32, Int, Shaped, UInt8
from torch import Tensor

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.properties.annotations import (
    Axis,
    ChoiceType,
    DictType,
    ListType,
    NumberType,
    Parameter,
    TensorType,
    TextType,
    TupleType,
    read_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Unknown = int


def attention(
    Q: Float[Tensor, "... queries d_k"],
    mask: Bool[Tensor, "... queries keys"] | None = None,
    *,
    eps: float = 1e-5,
) -> Float[Tensor, "... queries d_k"]: ...


def plain(
    count: int,
    flag: bool,
    name: str,
    data: bytes,
    ids: list[list[int]],
    pair: tuple[int, float],
    many: tuple[int, ...],
    counts: dict[tuple[int, int], int],
    mode: Literal["sum", "mean"],
    gradients: list[Float[Tensor, "..."]],
) -> None: ...


def shapes(
    a: Int[np.ndarray, "batch 3 2*d d//2 _ *rest"],
    b: Float32[Tensor, "#n rows=4"],
    c: Shaped[Tensor, ""],
) -> None: ...


def dtypes(a: BFloat16[Tensor, "n"], b: UInt8[Tensor, "n"]) -> None: ...


FLOATS = ("float32", "float64", "bfloat16", "float16")


def test_tensors_options_and_defaults() -> None:
    axes = (Axis("variadic", "..."), Axis("named", "queries"))
    assert read_parameters(attention) == (
        Parameter("Q", TensorType("torch", "float", FLOATS, (*axes, Axis("named", "d_k")))),
        Parameter(
            "mask",
            TensorType("torch", "bool", ("bool",), (*axes, Axis("named", "keys"))),
            optional=True,
            default=None,
        ),
        Parameter("eps", NumberType("float"), keyword_only=True, default=1e-5),
    )


def test_plain_types() -> None:
    integer = NumberType("int")
    assert [parameter.type for parameter in read_parameters(plain)] == [
        integer,
        ChoiceType((False, True)),
        TextType("str"),
        TextType("bytes"),
        ListType(ListType(integer)),
        TupleType((integer, NumberType("float"))),
        ListType(integer, "tuple"),
        DictType(TupleType((integer, integer)), integer),
        ChoiceType(("sum", "mean")),
        ListType(TensorType("torch", "float", FLOATS, (Axis("variadic", "..."),))),
    ]


def test_every_form_of_axis() -> None:
    a, b, c = (parameter.type for parameter in read_parameters(shapes))
    assert isinstance(a, TensorType)
    assert isinstance(b, TensorType)
    assert isinstance(c, TensorType)
    assert [(axis.kind, axis.text) for axis in a.axes] == [
        ("named", "batch"),
        ("fixed", "3"),
        ("formula", "2*d"),
        ("formula", "d//2"),
        ("anonymous", "_"),
        ("variadic", "rest"),
    ]
    assert (a.library, a.family, a.dtypes[0]) == ("numpy", "int", "int64")
    assert b.dtypes == ("float32",)
    assert [(axis.kind, axis.text) for axis in b.axes] == [("named", "n"), ("fixed", "4")]
    assert c.axes == ()


def test_narrow_dtypes() -> None:
    assert [parameter.type.dtypes for parameter in read_parameters(dtypes)] == [  # type: ignore[union-attr]
        ("bfloat16",),
        ("uint8",),
    ]


def bare(x: Tensor) -> None: ...
def missing(x) -> None: ...  # type: ignore[no-untyped-def]
def positional(x: int, /) -> None: ...
def stars(*x: int) -> None: ...
def unresolved(x: Unknown) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            bare,
            "parameter 'x' of bare has the annotation <class 'torch.Tensor'>, which no input can be drawn from",
        ),
        (missing, "parameter 'x' of missing has no annotation"),
        (positional, "cannot be passed by name"),
        (stars, r"parameter 'x' of stars cannot be passed by name, got '\*x"),
        (
            unresolved,
            "the annotations of unresolved cannot be evaluated: name 'Unknown' is not defined",
        ),
    ],
)
def test_what_cannot_be_read_is_named(function: Callable[..., object], message: str) -> None:
    with pytest.raises(JudgeError, match=message):
        read_parameters(function)
