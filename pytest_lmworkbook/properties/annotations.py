"""What a reference takes, read from its type hints: ``Float[Tensor, "... queries d_k"]``, ``int``, ``X | None``.

The result is plain data; drawing inputs from it is the business of `inputs`. jaxtyping (and through it
torch) is imported only when a function is read.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_lmworkbook.errors import JudgeError

if TYPE_CHECKING:
    from collections.abc import Callable

#: ``named``: a name shared by all arguments; ``fixed``: a number; ``formula``: arithmetic over named ones;
#: ``anonymous``: ``_``, a size of its own; ``variadic``: ``...`` or ``*name``, none to several axes.
AxisKind = Literal["named", "fixed", "formula", "anonymous", "variadic"]
Family = Literal["float", "int", "bool"]
Library = Literal["torch", "numpy"]

#: The dtypes that inputs can be drawn in, plainest first; a jaxtyping class may allow more than these.
DTYPES: dict[Family, tuple[str, ...]] = {
    "float": ("float32", "float64", "bfloat16", "float16"),
    "int": ("int64", "int32", "int16", "int8", "uint8"),
    "bool": ("bool",),
}
#: The default of a parameter that has none.
REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Axis:
    """One word of a shape; ``text`` is the name, the number or the formula (``...`` for a nameless batch)."""

    kind: AxisKind
    text: str


@dataclass(frozen=True, slots=True)
class TensorType:
    """A tensor or array; ``dtypes`` are those that the annotation allows, plainest first."""

    library: Library
    family: Family
    dtypes: tuple[str, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class NumberType:
    """A Python ``int`` or ``float``."""

    kind: Literal["int", "float"]


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """One of a few values: ``bool`` or ``Literal[...]``, plainest first."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class TextType:
    """``str`` or ``bytes``."""

    kind: Literal["str", "bytes"]


@dataclass(frozen=True, slots=True)
class ListType:
    """Any number of items of one type, as a list or (``tuple[X, ...]``) a tuple."""

    item: ParameterType
    container: Literal["list", "tuple"] = "list"


@dataclass(frozen=True, slots=True)
class TupleType:
    """A tuple with one type per position."""

    items: tuple[ParameterType, ...]


@dataclass(frozen=True, slots=True)
class DictType:
    """A dictionary with one type of key and one of value."""

    key: ParameterType
    value: ParameterType


ParameterType: TypeAlias = (
    TensorType | NumberType | ChoiceType | TextType | ListType | TupleType | DictType
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a reference.

    Attributes:
        optional: The annotation says ``| None``.
        default: The default value, or `REQUIRED`.
    """

    name: str
    type: ParameterType
    optional: bool = False
    keyword_only: bool = False
    default: object = REQUIRED


def read_parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """Read the parameters that inputs are drawn for, in the order of the signature.

    Raises:
        JudgeError: A parameter has no annotation, or one that no input can be drawn from.
    """
    hints = _read_hints(function)
    return tuple(
        _read_parameter(function, parameter, hints)
        for parameter in inspect.signature(function).parameters.values()
    )


def _read_hints(function: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception as error:  # whatever evaluating the author's annotation text raises
        raise JudgeError(
            f"the annotations of {_name(function)} cannot be evaluated: {error} "
            "(are the names imported at run time, not only under TYPE_CHECKING?)"
        ) from error


def _read_parameter(
    function: Callable[..., object], parameter: inspect.Parameter, hints: dict[str, Any]
) -> Parameter:
    where = f"parameter '{parameter.name}' of {_name(function)}"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise JudgeError(f"{where} cannot be passed by name, got '{parameter}'")
    if parameter.name not in hints:
        raise JudgeError(f"{where} has no annotation; inputs are drawn from annotations")
    hint, optional = _split_optional(hints[parameter.name])
    return Parameter(
        name=parameter.name,
        type=_read_type(hint, where),
        optional=optional,
        keyword_only=parameter.kind is parameter.KEYWORD_ONLY,
        default=parameter.default,
    )


def _split_optional(hint: Any) -> tuple[Any, bool]:
    """Take ``None`` out of a union; of the alternatives that stay, the first one is drawn."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    members = typing.get_args(hint)
    present = [member for member in members if member is not types.NoneType]
    return present[0], len(present) < len(members)


def _read_type(hint: Any, where: str) -> ParameterType:
    if hint is bool:
        return ChoiceType((False, True))
    if hint is int or hint is float:
        return NumberType("int" if hint is int else "float")
    if hint is str or hint is bytes:
        return TextType("str" if hint is str else "bytes")
    if isinstance(hint, type) and hasattr(hint, "dim_str"):
        return _read_tensor(hint, where)
    return _read_generic(hint, where)


def _read_generic(hint: Any, where: str) -> ParameterType:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return ChoiceType(arguments)
    items = [_read_type(argument, where) for argument in arguments if argument is not Ellipsis]
    if origin is tuple and Ellipsis in arguments:
        return ListType(items[0], "tuple")
    if origin is tuple:
        return TupleType(tuple(items))
    if origin in _SEQUENCES:
        return ListType(items[0])
    if origin in (dict, collections.abc.Mapping):
        return DictType(items[0], items[1])
    raise JudgeError(
        f"{where} has the annotation {hint!r}, which no input can be drawn from; understood are jaxtyping "
        'shapes such as Float[Tensor, "... d"], int, float, bool, str, bytes, Literal, list, tuple, dict, X | None'
    )


_SEQUENCES = (list, collections.abc.Sequence, collections.abc.Iterable)


def _read_tensor(hint: Any, where: str) -> TensorType:
    family, dtypes = _read_dtypes(hint, where)
    is_numpy = getattr(hint.array_type, "__module__", "").partition(".")[0] == "numpy"
    axes = tuple(_read_axis(word) for word in hint.dim_str.split())
    return TensorType("numpy" if is_numpy else "torch", family, dtypes, axes)


def _read_dtypes(hint: Any, where: str) -> tuple[Family, tuple[str, ...]]:
    """The first family with a dtype that the annotation allows; ``Shaped`` allows all, so it is float."""
    allowed = hint.dtypes
    for family, names in DTYPES.items():
        usable = tuple(name for name in names if not isinstance(allowed, tuple) or name in allowed)
        if usable:
            return family, usable
    raise JudgeError(f"{where} has dtype {hint.dtype.__name__}, in which no input can be drawn")


def _read_axis(word: str) -> Axis:
    """Read one word of a jaxtyping shape; ``#`` (may broadcast) and ``?`` do not change what is drawn."""
    if word == "...":
        return Axis("variadic", word)
    text = word.lstrip("#?")
    if text.startswith("*"):
        return Axis("variadic", text.lstrip("*"))
    if text.startswith("_"):
        return Axis("anonymous", text)
    text = text.rpartition("=")[2]
    if text.isdecimal():
        return Axis("fixed", text)
    return Axis("named" if text.isidentifier() else "formula", text)


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", repr(function))
