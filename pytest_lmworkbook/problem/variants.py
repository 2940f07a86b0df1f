"""Variants: the inputs of a derivation, redrawn reproducibly from a name, and orders of options.

Drawn values are nice: two significant digits in the unit of the book's value, powers of two where the book's value
is one, and multiples where the file asks for them.
"""

from __future__ import annotations

import hashlib
import math
import random
from typing import TYPE_CHECKING, TypeVar

from pytest_lmworkbook.problem.units import Quantity, unit_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_lmworkbook.problem.model import InputSpec

T = TypeVar("T")


def book_inputs(inputs: Mapping[str, InputSpec]) -> dict[str, Quantity]:
    """The inputs as the book gives them."""
    return {name: spec.value for name, spec in inputs.items()}


def variant_inputs(
    inputs: Mapping[str, InputSpec], problem: str, variant: str
) -> dict[str, Quantity]:
    """The inputs of a variant; the book's own when the name is empty."""
    if not variant:
        return book_inputs(inputs)
    return draw_inputs(inputs, _generator(problem, variant))


def draw_inputs(inputs: Mapping[str, InputSpec], generator: random.Random) -> dict[str, Quantity]:
    """Nice values from each input's range, evenly on a logarithmic scale."""
    return {name: _draw(spec, generator) for name, spec in inputs.items()}


def shuffled(items: Sequence[T], problem: str, variant: str) -> list[T]:
    """The items in an order that depends on problem and variant only."""
    order = list(items)
    _generator(problem, variant).shuffle(order)
    return order


def _generator(problem: str, variant: str) -> random.Random:
    # Seeded with bytes of a hash: `random.seed(str)` is stable too, but this says what it depends on.
    digest = hashlib.sha256(f"{problem}\0{variant}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311  # not a secret: variants are reproducible by name


def _draw(spec: InputSpec, generator: random.Random) -> Quantity:
    low, high = (float(end.value) for end in spec.range)
    exact = math.exp(generator.uniform(math.log(low), math.log(high)))
    if spec.is_integer:
        value = _nice_integer(spec, exact, low, high)
        return Quantity(value, "", str(value))
    scale = unit_scale(spec.value.unit)
    nice = min(max(_two_digits(exact / scale), low / scale), high / scale)
    return Quantity(nice * scale, spec.value.unit, f"{nice:g} {spec.value.unit}".strip())


def _nice_integer(spec: InputSpec, exact: float, low: float, high: float) -> int:
    book = int(spec.value.value)
    if spec.multiple_of:
        step = spec.multiple_of
        value = round(exact / step) * step
        return min(max(value, math.ceil(low / step) * step), math.floor(high / step) * step)
    if book > 2 and book & (book - 1) == 0:  # 1 and 2 are powers of two by accident
        power = min(
            max(round(math.log2(exact)), math.ceil(math.log2(low))), math.floor(math.log2(high))
        )
        return 1 << power
    return int(min(max(round(_two_digits(exact)), math.ceil(low)), math.floor(high)))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
