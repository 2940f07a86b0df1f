"""The draws behind one recipe: sizes, then each argument, in an order that shrinks well.

Every number is drawn from at most 100 values. From wider ranges Hypothesis also picks constants that it finds
in the source of the modules that happen to be loaded, and one seed would not give the same inputs everywhere.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.properties import patterns
from pytest_lmworkbook.properties.annotations import (
    REQUIRED,
    ChoiceType,
    DictType,
    ListType,
    NumberType,
    TensorType,
    TextType,
    TupleType,
)
from pytest_lmworkbook.properties.bounds import ArgumentBounds, evaluate, parse_formula
from pytest_lmworkbook.properties.layouts import LAYOUTS, usable_layout
from pytest_lmworkbook.properties.recipe import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeVar

    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_lmworkbook.properties.annotations import Axis, Parameter, ParameterType
    from pytest_lmworkbook.properties.bounds import Bounds

    Item = TypeVar("Item")

#: Sizes of a named axis: 1, and sizes that are no power of two, are always among them.
DEFAULT_SIZES = (1, 9)
#: ``...`` stands for none to three axes of 1 to 3.
MAX_BATCH_AXES = 3
MAX_BATCH_SIZE = 3
#: Elements of integer tensors and of lists of integers.
DEFAULT_INTEGERS = (0, 9)
#: An ``int`` parameter without a default: a count, so not 0.
DEFAULT_COUNTS = (1, 9)
#: A ``float`` parameter without a default; positive, since most scales and temperatures are.
DEFAULT_FLOATS = (0.125, 8.0)
MAX_LIST_LENGTH = 6
MAX_TENSOR_LIST_LENGTH = 3
#: What texts are made of: repeats, white space, one letter of two bytes, one of four.
ALPHABET = ("a", "b", " ", "c", "\n", "1", ".", "é", "🙂")
BYTES = (97, 98, 32, 0, 10, 255)
#: Draws from more values than this are put together from digits.
DIGIT = 100
#: A range wider than this factor is walked in equal ratios instead of equal steps.
WIDE_RANGE = 50.0
FLOAT_STEPS = 16
#: Room for the tensors of a list between the streams of two parameters.
STREAMS_PER_PARAMETER = 64


class Drawing:
    """Draws for one recipe; ``dims``, ``batches`` and ``dtype`` say what was drawn so far."""

    def __init__(self, draw: DrawFn, bounds: Bounds) -> None:
        self.dims: dict[str, int] = {}
        self.batches: dict[str, tuple[int, ...]] = {}
        self.dtype = ""
        self._draw = draw
        self._bounds = bounds
        # What bounds may name: axes, and integer arguments once they are drawn.
        self._known: dict[str, int] = {}
        self._stream = 0
        # No two draws are from the same range. From like ranges Hypothesis would copy one drawn value over another in
        # most of its examples, and a run of 60 would see some patterns 20 times and others never.
        self._draws = 0

    def integer(self, low: int, high: int) -> int:
        """Draw from low to high; shrinks to low."""
        span = high - low
        if span < DIGIT:
            self._draws += 1
            first = self._draws * DIGIT
            return low + self._draw(_numbers(first, span)) - first
        upper = self.integer(0, span // DIGIT)
        return min(low + DIGIT * upper + self.integer(0, DIGIT - 1), high)

    def choice(self, values: Sequence[Item]) -> Item:
        """Draw one of several values; shrinks to the first."""
        return values[self.integer(0, len(values) - 1)]

    def draw_sizes(self, parameters: Sequence[Parameter]) -> None:
        """Draw the size of each axis that the parameters name, and the dtype if there are float tensors."""
        types = [tensor for parameter in parameters for tensor in _tensor_types(parameter.type)]
        for axis in (axis for tensor in types for axis in tensor.axes):
            for name in _names(axis):
                if name not in self.dims:
                    self.dims[name] = self.integer(*self._bounds.dims.get(name, DEFAULT_SIZES))
            if axis.kind == "variadic" and axis.text not in self.batches:
                self.batches[axis.text] = self._draw_batch()
        self._known |= self.dims
        dtypes = [
            _usable_dtypes(tensor, self._bounds.dtypes)
            for tensor in types
            if tensor.family == "float"
        ]
        if dtypes:
            self.dtype = self.choice(dtypes[0])

    def _draw_batch(self) -> tuple[int, ...]:
        axes = self.integer(0, MAX_BATCH_AXES)
        return tuple(self.integer(1, MAX_BATCH_SIZE) for _ in range(axes))

    def draw_argument(self, parameter: Parameter, position: int) -> object:
        """Draw one argument; tensors are `TensorSpec`."""
        bounds = self._bounds.arguments.get(parameter.name, ArgumentBounds())
        self._stream = position * STREAMS_PER_PARAMETER
        if parameter.optional and self.choice((None, True)) is None:
            return None
        if bounds.choices is not None:
            value = self.choice(bounds.choices)
        elif isinstance(parameter.type, NumberType):
            value = self._draw_number(parameter, parameter.type, bounds)
        else:
            value = self._draw_value(parameter.name, parameter.type, bounds)
        if isinstance(value, int):
            self._known[parameter.name] = value
        return value

    def _draw_number(
        self, parameter: Parameter, kind: NumberType, bounds: ArgumentBounds
    ) -> object:
        """A number that is named like an axis is its size; one with a default stays near it unless bounded."""
        if parameter.name in self.dims:
            return self.dims[parameter.name]
        default = parameter.default
        has_range = bounds.low is not None or bounds.high is not None
        if has_range or default is REQUIRED or not isinstance(default, int | float):
            return self._draw_value(parameter.name, kind, bounds)
        return self.choice(
            (default, default * 2) if kind.kind == "int" else (default, default * 2, default / 2)
        )

    def _draw_value(self, name: str, kind: ParameterType, bounds: ArgumentBounds) -> object:
        match kind:
            case TensorType():
                return self._draw_tensor(name, kind, bounds)
            case NumberType(kind="int"):
                default = DEFAULT_COUNTS if "[" not in name else DEFAULT_INTEGERS
                low, high = bounds.limits(default, self._known, name)
                return self.integer(int(low), int(high))
            case NumberType():
                return self.choice(float_steps(*bounds.limits(DEFAULT_FLOATS, self._known, name)))
            case ChoiceType():
                return self.choice(kind.values)
            case TextType(kind="str"):
                return "".join(self.choice(ALPHABET) for _ in self._items(name))
            case TextType():
                return bytes(self.choice(BYTES) for _ in self._items(name))
            case _:
                return self._draw_container(name, kind, bounds)

    def _draw_container(
        self, name: str, kind: ListType | TupleType | DictType, bounds: ArgumentBounds
    ) -> object:
        item = f"{name}[]"
        if isinstance(kind, TupleType):
            return tuple(self._draw_value(item, part, bounds) for part in kind.items)
        if isinstance(kind, DictType):
            # Bounds are about the values; keys are what they are by type.
            pairs = (
                (
                    self._draw_value(item, kind.key, ArgumentBounds()),
                    self._draw_value(item, kind.value, bounds),
                )
                for _ in self._items(name)
            )
            return dict(pairs)
        values: list[object]
        if isinstance(kind.item, TensorType):
            count = self.integer(1, MAX_TENSOR_LIST_LENGTH)
            values = [
                self._draw_tensor(f"{name}[{index}]", kind.item, bounds) for index in range(count)
            ]
        else:
            values = [self._draw_value(item, kind.item, bounds) for _ in self._items(name)]
        return tuple(values) if kind.container == "tuple" else values

    def _items(self, name: str) -> Iterator[None]:
        """Go on or stop, item by item: shrinking can then take any item out, not only the last one."""
        depth = name.count("[]")
        for length in range(MAX_LIST_LENGTH + 1):
            # Two in three go on; inner lists are a little shorter. A full list is asked too: every list ends in a
            # "stop", or what comes after a full one would be misread when an item is taken out.
            if self.integer(0, 9) <= depth or length == MAX_LIST_LENGTH:
                return
            yield

    def _draw_tensor(self, name: str, kind: TensorType, bounds: ArgumentBounds) -> TensorSpec:
        sizes = [self._axis_sizes(axis) for axis in kind.axes]
        shape = tuple(size for group in sizes for size in group)
        names = [axis.text if axis.kind == "named" else "" for axis in kind.axes]
        low, high = self._element_limits(name, kind, bounds)
        pattern = self.choice(
            _usable_patterns(name, kind, bounds, self._bounds, has_range=low is not None)
        )
        layout = self.choice(self._bounds.layouts)
        if pattern == "probabilities" and layout == "expanded":
            layout = LAYOUTS[
                0
            ]  # an expanded last axis would repeat a row's one value and its sum of 1
        dtypes = _usable_dtypes(kind, (self.dtype, *self._bounds.dtypes))
        self._stream += 1
        return TensorSpec(
            name=name,
            library=kind.library,
            family=kind.family,
            dtype=dtypes[0],
            shape=shape,
            axes=tuple(name for name, group in zip(names, sizes, strict=True) for _ in group),
            pattern=pattern,
            layout=usable_layout(layout, shape),
            stream=self._stream,
            low=low,
            high=high,
            masked_rows=bounds.masked_rows,
        )

    def _axis_sizes(self, axis: Axis) -> tuple[int, ...]:
        if axis.kind == "variadic":
            return self.batches[axis.text]
        if axis.kind == "named":
            return (self.dims[axis.text],)
        if axis.kind == "anonymous":
            return (self.integer(*DEFAULT_SIZES),)
        size = evaluate(axis.text, self.dims, f"axis '{axis.text}'")
        if not isinstance(size, int) or size < 0:
            raise JudgeError(f"axis '{axis.text}' has size {size} at {self.dims}")
        return (size,)

    def _element_limits(
        self, name: str, kind: TensorType, bounds: ArgumentBounds
    ) -> tuple[float, float] | tuple[None, None]:
        if kind.family == "int":
            return bounds.limits(DEFAULT_INTEGERS, self._known, name)
        if kind.family == "bool" or (bounds.low is None and bounds.high is None):
            return None, None
        return bounds.limits(DEFAULT_FLOATS, self._known, name)


@cache
def _numbers(first: int, span: int) -> SearchStrategy[int]:
    from hypothesis import strategies

    return strategies.sampled_from(range(first, first + span + 1))


def float_steps(low: float, high: float) -> tuple[float, ...]:
    """A few floats from low to high that print short, both ends and (if it lies between) 1 among them.

    Ordered by plainness: 1, then the ends, then what lies between.
    """
    if low == high:
        return (low,)
    if low > 0 and high / low > WIDE_RANGE:
        between = [low * (high / low) ** (step / FLOAT_STEPS) for step in range(1, FLOAT_STEPS)]
    else:
        between = [low + (high - low) * step / FLOAT_STEPS for step in range(1, FLOAT_STEPS)]
    rounded = [float(f"{value:.2g}") for value in between]
    plain = [1.0, float(low), float(high), *rounded]
    return tuple(dict.fromkeys(value for value in plain if low <= value <= high))


def _tensor_types(kind: ParameterType) -> Iterator[TensorType]:
    match kind:
        case TensorType():
            yield kind
        case ListType():
            yield from _tensor_types(kind.item)
        case TupleType():
            for item in kind.items:
                yield from _tensor_types(item)
        case DictType():
            yield from _tensor_types(kind.value)


def _names(axis: Axis) -> tuple[str, ...]:
    """The named sizes behind an axis."""
    if axis.kind == "named":
        return (axis.text,)
    if axis.kind == "formula":
        return tuple(sorted(parse_formula(axis.text, f"axis '{axis.text}'").names))
    return ()


def _usable_dtypes(kind: TensorType, wanted: Sequence[str]) -> tuple[str, ...]:
    """Of the dtypes that the problem wants, those that the annotation and the library allow."""
    allowed = [
        dtype for dtype in kind.dtypes if not (kind.library == "numpy" and dtype == "bfloat16")
    ]
    return tuple(dtype for dtype in wanted if dtype in allowed) or tuple(allowed[:1])


def _usable_patterns(
    name: str, kind: TensorType, bounds: ArgumentBounds, all_bounds: Bounds, *, has_range: bool
) -> Sequence[str]:
    """The patterns that a tensor may be filled with.

    Raises:
        JudgeError: The problem names a pattern that this kind of tensor does not have.
    """
    usual: Sequence[str]
    known: Sequence[str]
    if kind.family == "bool":
        usual, known = patterns.BOOL_PATTERNS, patterns.BOOL_PATTERNS + patterns.MASK_PATTERNS
    elif has_range:
        usual = known = patterns.RANGE_PATTERNS
    else:
        usual, known = all_bounds.patterns or patterns.FLOAT_PATTERNS, patterns.NAMED_FLOAT_PATTERNS
    if bounds.pattern == "attention_mask" and kind.family == "bool":
        return patterns.MASK_PATTERNS
    if bounds.pattern is not None and bounds.pattern not in known:
        raise JudgeError(
            f"argument '{name}': no pattern {bounds.pattern!r}; there are {', '.join(known)}"
        )
    return usual if bounds.pattern is None else (bounds.pattern,)
