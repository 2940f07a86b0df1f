"""Numbers and quantities as people write them: ``1e-5``, ``2**20``, ``989 TFLOP/s``, ``8 GiB``.

A quantity becomes a number in base units (byte, s, FLOP, USD, token, param, ...), so references
compute with plain numbers. Knows nothing of YAML or of problems. Pint multiplies the units out; it is
imported by the first text that has a unit, because that import costs more than everything else here.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.problem.diagnostics import HintedError, did_you_mean

if TYPE_CHECKING:
    import pint

_PREFIXES = {
    "nano": ("1e-9", "n"),
    "micro": ("1e-6", "µ", "μ", "u"),  # both of Unicode's mu
    "milli": ("1e-3", "m"),
    "kilo": ("1e3", "k", "K"),
    "mega": ("1e6", "M"),
    "giga": ("1e9", "G"),
    "tera": ("1e12", "T"),
    "peta": ("1e15", "P"),
    "exa": ("1e18", "E"),
    "kibi": ("1024", "Ki"),
    "mebi": ("1048576", "Mi"),
    "gibi": ("1073741824", "Gi"),
    "tebi": ("1099511627776", "Ti"),
    "pebi": ("1125899906842624", "Pi"),
}
_SMALL_PREFIXES = frozenset({"nano", "micro", "milli"})
#: Units that can be measured in thousandths; a millibit (`mb`) is always a slip for MB.
_DIVISIBLE = frozenset({"second", "USD", "joule", "watt", "gram", "nat", "hertz"})
_MEASURES = {
    "byte": "[information] = B",
    "bit": "byte / 8 = b",
    "bps": "bit / second",
    "second": "[time] = s = sec",
    "minute": "60 second = min",
    "hour": "3600 second = h = hr",
    "day": "86400 second = d",
    "week": "604800 second",
    "year": "31557600 second = yr",
    "hertz": "1 / second = Hz",
    "USD": "[currency] = _ = dollar",
    "joule": "[energy] = J",
    "watt": "joule / second = W",
    "Wh": "3600 joule",
    "gram": "[mass] = g",
    "percent": "0.01",
}
#: Things that are counted. Each has a dimension of its own, so that tokens are not parameters.
_COUNTED = {
    "FLOP": (), "OP": ("op",), "MAC": (), "token": ("tok",), "param": ("parameter",), "nat": (),
    "GPU": (), "TPU": (), "CPU": (), "SM": (), "chip": (), "node": (), "core": (), "thread": (),
    "warp": (), "cycle": (), "step": (), "iteration": (), "epoch": (), "sample": (), "example": (),
    "sequence": (), "request": (), "element": (), "layer": (), "head": (), "expert": (),
    "document": (), "word": (), "character": ("char",), "image": (), "row": (),
}  # fmt: skip

_NUMBER = re.compile(
    r"""(?P<sign>[+-]?)
    (?P<digits>[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)
    (?P<exponent>[eE][+-]?[0-9]+)?
    (?:\s*\*\*\s*(?P<power>-?[0-9]+))?""",
    re.VERBOSE,
)
_LONGEST = 80
_EXACT_BELOW = 10**12
_PLAIN_FROM = 1e-3
_DIGITS = 4
_GREATEST_POWER = 1024
_SPACES = re.compile(r"\s+")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:[,' ][0-9]{3})+(?![0-9])")
_TOKEN = re.compile(
    r" *(?:(?P<name>[^\W\d_¹²³]+|[%$])|(?P<exponent>(?:\*\*|\^) ?-?[1-9](?![0-9])|⁻?[¹²³])"
    r"|(?P<times>[*·×-])|(?P<open>\()|(?P<close>\))|(?P<per>1? ?/)|(?P<bad>.)) *"
)
_SUPERSCRIPT = str.maketrans("⁻¹²³", "-123")
_BIG_COUNT = re.compile(r"^([KkMGTB]|[Bb]illion|[Mm]illion|[Tt]rillion) (?=param|tok)")
_RATE = re.compile(r"([kKMGTPE]?)(?:flops|ops)", re.IGNORECASE)
_PLURAL_SYMBOL = re.compile(r"[kKMGTPE]?i?[BbhdgJW]s")
_WANTED = "wanted a unit such as FLOP/s, GiB or USD/h"


class UnitError(HintedError):
    """A text is not a number, or not a quantity, that we understand."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit.

    Attributes:
        value: In base units; an int when the number is written as one and stays whole.
        unit: The unit as written; "" for a plain number.
        text: The whole text as written, for prompts.
    """

    value: float | int
    unit: str
    text: str


def parse_number(text: str) -> int | float:
    """Read a plain number: ``1e-5``, ``1_000``, ``2**20``, ``4.5``; an int when written as one.

    Raises:
        UnitError: Anything else; nan and infinities too.
    """
    cleaned = _cleaned(text)
    match = _NUMBER.fullmatch(cleaned)
    if match is None:
        has_unit = re.search(r"[0-9.] ?[A-Za-z%$/]+$", cleaned)
        hint = _number_hint(cleaned) or ("no unit belongs here" if has_unit else "")
        raise UnitError(f"wanted a number, got {text!r}", hint=hint)
    return _plain(*_exact(match, text), text)


def parse_quantity(text: str) -> Quantity:
    """Read a number with or without a unit: ``3.35 TB/s``, ``192 MiB``, ``40 %``, ``2048``.

    Raises:
        UnitError: No number, an unknown unit, or one that has two readings.
    """
    cleaned = _cleaned(text)
    dollars = re.fullmatch(r"([+-]?)\$ ?([0-9.][^/]*?) ?(/.*)?", cleaned)
    if dollars:  # $2/h
        cleaned = f"{dollars[1]}{dollars[2]} USD{dollars[3] or ''}"
    match = _NUMBER.match(cleaned)
    if match is None or _GROUPS.match(cleaned):
        hint = _number_hint(cleaned)
        raise UnitError(f"wanted a number with a unit, got {text!r}", hint=hint)
    unit = cleaned[match.end() :].strip()
    if re.match(r"(?!1 ?/)[0-9.,_'*^×·+-]|x ?[0-9]|/ ?[0-9]", unit):
        raise UnitError(f"wanted a number with a unit, got {text!r}", hint=_number_hint(cleaned))
    number, is_whole = _exact(match, text)
    value = number * _resolve(unit)[0]
    return Quantity(_plain(value, is_whole and value.denominator == 1, text), unit, text.strip())


def unit_scale(unit: str) -> float:
    """How many base units one ``unit`` is: 1048576.0 for "MiB", 1.0 for "" and "FLOP/byte"."""
    return float(_resolve(_cleaned(unit))[0])


def same_dimension(a: str, b: str) -> bool:
    """Whether two units measure the same thing: "GiB" and "byte" do, "FLOP" and "FLOP/s" do not."""
    return _resolve(_cleaned(a))[1] == _resolve(_cleaned(b))[1]


def format_quantity(value: float, unit: str) -> str:
    """Show a value in base units in ``unit``: "295.2 FLOP/byte", "192 MiB", "50,257".

    Whole numbers below 1e12 are shown exactly, others with four digits.
    """
    scale = _resolve(_cleaned(unit))[0]
    if not math.isfinite(value):
        return f"{value} {unit}".rstrip()
    return f"{_readable(Fraction(value) / scale)} {unit}".rstrip()


def _readable(exact: Fraction) -> str:
    if exact.denominator == 1 and abs(exact) < _EXACT_BELOW:
        return f"{int(exact):,}"
    number = float(exact)
    if not _PLAIN_FROM <= abs(number) < _EXACT_BELOW:
        mantissa, exponent = f"{number:.{_DIGITS - 1}e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(number))))
    return _trimmed(f"{number:,.{decimals}f}")


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _cleaned(text: str) -> str:
    """One kind of blank, one kind of minus."""
    return _SPACES.sub(" ", text.replace("−", "-")).strip()


def _exact(match: re.Match[str], text: str) -> tuple[Fraction, bool]:
    """The exact value of a matched number, and whether it is written as a whole number."""
    digits, exponent = match["digits"].replace("_", ""), match["exponent"] or ""
    # Fraction("1e999999999") would compute that power; ints of thousands of digits are no quantity.
    if len(match[0]) > _LONGEST or not math.isfinite(size := float(digits + exponent)):
        raise UnitError(f"wanted a number below 1e308, got {text[:_LONGEST]!r}")
    if size == 0.0 and digits.strip("0."):
        raise UnitError(f"wanted a number above 1e-308 or 0, got {text[:_LONGEST]!r}")
    number = Fraction(digits + exponent) if size else Fraction(0)
    is_whole = not exponent and "." not in digits
    if match["power"]:
        number = _raised(number, int(match["power"]), text)
        is_whole = is_whole and number.denominator == 1
    return (-number if match["sign"] == "-" else number), is_whole


def _raised(number: Fraction, power: int, text: str) -> Fraction:
    bits = max(number.numerator.bit_length(), number.denominator.bit_length()) * abs(power)
    if bits > _GREATEST_POWER:
        raise UnitError(f"wanted a number below 1e308, got {text!r}")
    if number == 0 and power < 0:
        raise UnitError(f"wanted a number, got a division by zero in {text!r}")
    return number**power


def _plain(value: Fraction, is_whole: bool, text: str) -> int | float:  # noqa: FBT001 - private
    if is_whole:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        raise UnitError(f"wanted a number below 1e308, got {text!r}") from None


def _number_hint(cleaned: str) -> str:
    plain = cleaned.replace("_", "")
    if groups := _GROUPS.match(plain):
        digits, rest = re.sub("[,' ]", "", groups[0]), plain[groups.end() :]
        also = f", or {plain.replace(',', '.', 1)} if the comma is a decimal point"
        return f"write {digits}{rest} or {int(digits):_}{rest}" + (
            also if plain.count(",") == 1 else ""
        )
    if re.match(r"[+-]?[0-9.]+ ?/ ?[0-9]", plain):
        return "write the fraction as one decimal number"
    if re.match(r"[+-]?[0-9]+,[0-9]+", plain):
        return f"write {plain.replace(',', '.', 1)}"
    if re.match(r"[+-]?[0-9]+ ?\^ ?[0-9]+", plain):
        return f"write {plain.replace('^', '**', 1)}"
    if match := re.match(r"([0-9.]+) ?[x×*·] ?10(?: ?(?:\*\*|\^) ?)(-?[0-9]+)", plain):
        return f"write {match[1]}e{match[2]}{plain[match.end() :]}"
    if plain.lower().lstrip("+-") in {"nan", "inf", ".nan", ".inf", "infinity"}:
        return "only finite numbers are allowed"
    return "" if re.search("[0-9]", plain) else "start with a number, as in 1.5 or 2e-3"


@functools.lru_cache(maxsize=4096)
def _resolve(unit: str) -> tuple[Fraction, frozenset[tuple[str, Any]]]:
    """Base units per one ``unit``, and its dimension as (name, power) pairs."""
    if not unit:
        return Fraction(1), frozenset()
    expression = _expression(unit)
    base = _registry().Quantity(Fraction(1), expression).to_base_units()
    return Fraction(base.magnitude), frozenset(base.dimensionality.items())


def _expression(unit: str) -> str:
    """The unit in pint's words: every name known and complete, every operator written out."""
    if len(unit) > _LONGEST:
        raise UnitError(f"{_WANTED}, got {unit[:_LONGEST]!r}...")
    spelled = _BIG_COUNT.sub(lambda match: match[1][0].upper().replace("B", "G"), unit)
    return _UnitText(unit, re.sub(r"\bper\b", "/", spelled)).read()


class _UnitText:
    """Reads ``product / factor / factor``; a product below the line needs brackets.

    ``USD/GPU h`` and ``USD/GPU*h`` are refused: people mean ``USD/(GPU h)``, programs read it as
    ``USD*h/GPU``.
    """

    def __init__(self, unit: str, spelled: str) -> None:
        self._unit = unit
        self._tokens = [(m.lastgroup, m[0].strip()) for m in _TOKEN.finditer(spelled)]
        self._next = 0

    def read(self) -> str:
        """The whole text as an expression."""
        expression = self._ratio()
        if self._next < len(self._tokens):
            raise self._error()
        return expression

    def _peek(self) -> str | None:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else None

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _ratio(self) -> str:
        expression = "1" if self._peek() == "per" else self._product()
        while self._peek() == "per":
            self._take()
            expression += f"/{self._factor()}"
            if self._peek() in {"name", "open", "times"}:
                above, _, below = self._unit.partition("/")
                hint = f"write {above.strip()}/({below.strip()}), or the product before the '/'"
                raise UnitError(f"{self._unit!r} has two readings", hint=hint)
        return expression

    def _product(self) -> str:
        expression = self._factor()
        while self._peek() in {"name", "open", "times"}:
            if self._peek() == "times":
                self._take()
            expression += f"*{self._factor()}"
        return expression

    def _factor(self) -> str:
        kind = self._peek()
        if kind == "open":
            self._take()
            inner = self._ratio()
            if self._peek() != "close":
                raise self._error()
            self._take()
            return f"({inner})"
        if kind != "name":
            raise self._error()
        name = _full_name(self._take())
        if self._peek() != "exponent":
            return name
        return f"{name}**({self._take().lstrip('*^ ').translate(_SUPERSCRIPT)})"

    def _error(self) -> UnitError:
        return UnitError(f"{_WANTED}, got {self._unit!r}")


def _full_name(name: str) -> str:
    """The full name of a unit with its prefix: "mebibyte" for "MiB"."""
    rate = _RATE.fullmatch(name)
    is_flops = name.lower().endswith("flops")
    if rate and not name.endswith(("FLOPs",) if is_flops else ("OPs", "ops")):
        prefix = rate[1] if rate[1] == "k" else rate[1].upper()
        one = f"{prefix}{'FLOP' if is_flops else 'OP'}"
        message = f"{name!r} is a count to some and a rate to others"
        raise UnitError(message, hint=f"write {one} (a count) or {one}/s (a rate)")
    if _PLURAL_SYMBOL.fullmatch(name):
        hint = f"write {name[:-1]}, or {name[:-1]}/s for a rate"
        raise UnitError(f"{name!r} has two readings", hint=hint)
    name = {"%": "percent", "$": "USD"}.get(name, name)
    for prefix, unit, _ in _registry().parse_unit_name(name):
        if prefix not in _SMALL_PREFIXES or unit in _DIVISIBLE:
            return f"{prefix}{unit}"
    raise UnitError(f"unknown unit {name!r}", hint=_nearest(name))


def _nearest(name: str) -> str:
    spelled = _spelled_units()
    if same := sorted(one for one in spelled if one.casefold() == name.casefold()):
        return f"did you mean {' or '.join(map(repr, same))}?"
    if len(name) == 1:
        return _WANTED  # nearly every unit has one letter in common with it
    hint = did_you_mean(name, spelled)
    return hint if hint.startswith("did") else _WANTED


@functools.cache
def _spelled_units() -> frozenset[str]:
    """Every unit with every prefix symbol; only for "did you mean"."""
    names = {
        name: [name, *re.findall(r"= (\w+)", definition.partition(" ")[2])]
        for name, definition in _MEASURES.items()
    }
    names |= {name: [name, *aliases] for name, aliases in _COUNTED.items()}
    return frozenset(
        prefix + spelling
        for unit, spellings in names.items()
        for spelling in spellings
        for full, (_, *symbols) in {"": ("", ""), **_PREFIXES}.items()
        if full not in _SMALL_PREFIXES or unit in _DIVISIBLE
        for prefix in symbols
    )


@functools.cache
def _registry() -> pint.UnitRegistry[Any]:
    """Our own units only: pint's default file takes longer to read, and its "B" is not a byte."""
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, non_int_type=Fraction)
    for name, (factor, *symbols) in _PREFIXES.items():
        registry.define(" = ".join([f"{name}-", factor, *(f"{one}-" for one in symbols)]))
    for name, definition in _MEASURES.items():
        registry.define(f"{name} = {definition}")
    for name, aliases in _COUNTED.items():
        registry.define(" = ".join([name, f"[{name}]", "_", *aliases]))
    return registry
