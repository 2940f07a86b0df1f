"""Numbers as students give them: a number, or text with a unit; and slips between units."""

from __future__ import annotations

import math

from pytest_lmworkbook.judge.verdict import Reason
from pytest_lmworkbook.problem.units import parse_quantity, same_dimension, unit_scale

#: Ratios between an answer and the right one that are slips of unit, and what to call them.
_SLIPS = {
    8.0: "bits and bytes are mixed up: 1 byte is 8 bits",
    1024 / 1000: "1 KiB is 1024 bytes, 1 kB is 1000",
    1024**2 / 1000**2: "1 MiB is 1,048,576 bytes, 1 MB is 1,000,000",
    1024**3 / 1000**3: "1 GiB is 1,073,741,824 bytes, 1 GB is 1,000,000,000",
    1024**4 / 1000**4: "1 TiB is 1.0995 TB",
}
_POWERS = (1024.0, 1024.0**2, 1024.0**3, 1024.0**4, 1e3, 1e6, 1e9, 1e12)
_SLIP_RTOL = 1e-3


class NotANumber(ValueError):  # named for what the answer is
    """An answer that is no number in the unit asked for."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_number(answer: object, *, unit: str) -> float:
    """An answer in base units.

    Args:
        answer: A number, taken to be in ``unit``, or text such as ``"192 MiB"``.
        unit: The unit that the question asks for.

    Raises:
        NotANumber: Neither; or of another dimension; or not finite.
    """
    if isinstance(answer, str):
        return _read_text(answer, unit)
    number = _plain(answer)
    if not math.isfinite(number):
        raise NotANumber(Reason.NOT_FINITE, f"the answer is {number}, wanted a finite number")
    return number * unit_scale(unit)


def slip_of_unit(actual: float, expected: float, unit: str) -> str:
    """A sentence for an answer that is off by a factor between units; empty when it is not."""
    if expected == 0 or actual == 0:
        return ""
    ratio = abs(actual / expected)
    for factor, sentence in _SLIPS.items():
        if _near(ratio, factor) or _near(ratio, 1 / factor):
            return sentence
    for factor in _POWERS:
        if _near(ratio, factor) or _near(ratio, 1 / factor):
            size = "large" if ratio > 1 else "small"
            return f"the digits are right, but the number is {factor:,.0f} times too {size}: answer in {unit or 'plain units'}"
    return ""


def _read_text(text: str, unit: str) -> float:
    try:
        quantity = parse_quantity(text)
    except ValueError as fault:
        raise NotANumber(Reason.STRUCTURE, str(fault)) from fault
    if not quantity.unit:
        return float(quantity.value) * unit_scale(unit)
    if not same_dimension(quantity.unit, unit):
        raise NotANumber(
            Reason.UNIT,
            f"{text!r} is in {quantity.unit}, the question asks for {unit or 'a plain number'}",
        )
    return float(quantity.value)


def _plain(answer: object) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        answer = _unpacked(answer)
    try:
        return float(answer)
    except OverflowError:
        return math.inf


def _unpacked(answer: object) -> float:
    """The number inside a tensor or an array of one element."""
    item = getattr(answer, "item", None)
    if callable(item) and getattr(answer, "ndim", None) == 0:
        return float(item())
    kind = getattr(answer, "type_name", type(answer).__name__)
    raise NotANumber(Reason.STRUCTURE, f"wanted a number or text with a unit, got {kind}")


def _near(ratio: float, factor: float) -> bool:
    return abs(ratio / factor - 1) < _SLIP_RTOL
