"""What a problem says about its inputs, and what a bound that names other sizes comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.problem.formula import Formula, FormulaError
from pytest_lmworkbook.properties.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A number, or an expression over axes and over the integer arguments before this one: ``experts - 1``.
Bound: TypeAlias = float | int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentBounds:
    """What a problem says about one argument.

    Attributes:
        low: Smallest value.
        high: Largest value.
        pattern: The only pattern to use; ``attention_mask`` stands for `patterns.MASK_PATTERNS`.
        choices: The only values to use, plainest first.
        masked_rows: Whether a row of an attention mask may be hidden altogether.
    """

    low: Bound | None = None
    high: Bound | None = None
    pattern: str | None = None
    choices: tuple[object, ...] | None = None
    masked_rows: bool = False

    def limits(
        self, default: tuple[float, float], values: Mapping[str, int], name: str
    ) -> tuple[float, float]:
        """The smallest and largest value in numbers.

        Args:
            default: Stands in for a bound that is not given.
            values: What the bounds may name.
            name: The argument, for the message.

        Raises:
            JudgeError: No value is left.
        """
        low = default[0] if self.low is None else evaluate(self.low, values, name)
        high = max(default[1], low) if self.high is None else evaluate(self.high, values, name)
        if low > high:
            sizes = ", ".join(f"{key}={size}" for key, size in values.items())
            raise JudgeError(
                f"argument '{name}': no value from {low} to {high} ({sizes}); bound the dims"
            )
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a problem says about the inputs of its reference.

    Attributes:
        dims: Smallest and largest size of named axes.
        arguments: Bounds per argument.
        dtypes: Of the float tensors of a call, plainest first.
        layouts: The layouts that tensors come in, plainest first; see `layouts.LAYOUTS`.
        patterns: The only patterns for float tensors; None for all.
    """

    dims: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    arguments: Mapping[str, ArgumentBounds] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float32", "float64")
    layouts: tuple[str, ...] = LAYOUTS
    patterns: tuple[str, ...] | None = None


def parse_formula(text: str, where: str) -> Formula:
    """Read an expression over sizes.

    Raises:
        JudgeError: It is none.
    """
    try:
        return Formula.parse(text)
    except FormulaError as error:
        raise JudgeError(f"{where}: {error}") from error


def evaluate(bound: Bound, values: Mapping[str, int], where: str) -> float | int:
    """What a bound or the formula of an axis comes to; whole numbers come back as ``int``.

    Raises:
        JudgeError: It is no expression, or names something that is not known at this point.
    """
    if not isinstance(bound, str):
        return bound
    formula = parse_formula(bound, where)
    unknown = sorted(formula.names - values.keys())
    if unknown:
        raise JudgeError(f"{where}: '{bound}' names {unknown}; known here are {sorted(values)}")
    try:
        result = float(formula.evaluate(values))
    except (FormulaError, ArithmeticError) as error:
        raise JudgeError(f"{where}: '{bound}' cannot be evaluated: {error}") from error
    return int(result) if result.is_integer() else result
