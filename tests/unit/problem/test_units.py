from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.problem.units import (
    Quantity,
    UnitError,
    format_quantity,
    parse_number,
    parse_quantity,
    same_dimension,
    unit_scale,
)


def typed(value: float) -> tuple[type, float]:
    return type(value), value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1_000", 1000), ("2**20", 1048576), ("1024", 1024), ("4.5", 4.5),
        ("1.5e9", 1.5e9), ("017", 17), (" 7\n", 7), ("-3", -3), ("−3", -3), ("+3", 3), ("0", 0),
        ("-0.5", -0.5), (".5", 0.5), ("5.", 5.0), ("2**-3", 0.125), ("-2**2", -4), ("1E3", 1000.0),
        ("1_0.2_5", 10.25), ("0.1", 0.1), ("0**0", 1), ("1e308", 1e308), ("5e-324", 5e-324),
    ],
)  # fmt: skip
def test_parse_number(text: str, value: float) -> None:
    assert typed(parse_number(text)) == typed(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 234", "wanted a number, got '1 234'; write 1234 or 1_234"),
        (
            "1,024",
            "wanted a number, got '1,024'; write 1024 or 1_024, or 1.024 if the comma is a decimal point",
        ),
        ("1,234,567", "wanted a number, got '1,234,567'; write 1234567 or 1_234_567"),
        ("1,5", "wanted a number, got '1,5'; write 1.5"),
        ("2^20", "wanted a number, got '2^20'; write 2**20"),
        ("3 x 10^8", "wanted a number, got '3 x 10^8'; write 3e8"),
        ("1/3", "wanted a number, got '1/3'; write the fraction as one decimal number"),
        ("8 GiB", "wanted a number, got '8 GiB'; no unit belongs here"),
        ("nan", "wanted a number, got 'nan'; only finite numbers are allowed"),
        ("-inf", "wanted a number, got '-inf'; only finite numbers are allowed"),
        ("", "wanted a number, got ''; start with a number, as in 1.5 or 2e-3"),
        ("few", "wanted a number, got 'few'; start with a number, as in 1.5 or 2e-3"),
        ("1__0", "wanted a number, got '1__0'"),
        ("0x10", "wanted a number, got '0x10'"),
        ("1.2.3", "wanted a number, got '1.2.3'"),
        ("9**9**9", "wanted a number, got '9**9**9'"),
        ("1e999", "wanted a number below 1e308, got '1e999'"),
        ("1e999999999999", "wanted a number below 1e308, got '1e999999999999'"),
        ("1e-999", "wanted a number above 1e-308 or 0, got '1e-999'"),
        ("2**99999999999", "wanted a number below 1e308, got '2**99999999999'"),
        ("0**-1", "wanted a number, got a division by zero in '0**-1'"),
    ],
)
def test_parse_number_refuses(text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_number(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("989 TFLOP/s", 989 * 10**12, "TFLOP/s"),
        ("0.2 TB/s", 0.2e12, "TB/s"),
        ("3.35 TB/s", 3.35e12, "TB/s"),
        ("8 GiB", 8 * 2**30, "GiB"),
        ("192 MiB", 192 * 2**20, "MiB"),
        ("80 GB", 80 * 10**9, "GB"),
        ("64 KB", 64_000, "KB"),
        ("64 kB", 64_000, "kB"),
        ("2048", 2048, ""),
        ("2.0", 2.0, ""),
        ("2 USD/h", 2 / 3600, "USD/h"),
        ("$2/h", 2 / 3600, "USD/h"),
        ("$2.50", 2.5, "USD"),
        ("16 bit", 2, "bit"),
        ("1 bit", 0.125, "bit"),
        ("1.3B params", 1.3e9, "B params"),
        ("70 B", 70, "B"),
        ("7e9 params", 7e9, "params"),
        ("125 M params", 125_000_000, "M params"),
        ("300 billion tokens", 300 * 10**9, "billion tokens"),
        ("300 Mtoken", 300_000_000, "Mtoken"),
        ("1 PFLOP/s", 10**15, "PFLOP/s"),
        ("2 TFLOPs", 2 * 10**12, "TFLOPs"),
        ("40 %", 0.4, "%"),
        ("40%", 0.4, "%"),
        ("2.5 ms", 0.0025, "ms"),
        ("5 µs", 5e-6, "µs"),  # U+00B5
        ("5 μs", 5e-6, "μs"),  # U+03BC
        ("5 us", 5e-6, "us"),
        ("3 GPU h", 10800, "GPU h"),
        ("3 GPU-hours", 10800, "GPU-hours"),
        ("2 USD/(GPU h)", 2 / 3600, "USD/(GPU h)"),
        ("7 FLOP per byte", 7, "FLOP per byte"),
        ("4 1/s", 4, "1/s"),
        ("2 byte²", 2, "byte²"),
        ("2 byte**2/s^2", 2, "byte**2/s^2"),
        ("2**20 B", 1048576, "B"),
        ("-3 MiB", -3 * 2**20, "MiB"),
        ("−3 MiB", -3 * 2**20, "MiB"),
        ("0 s", 0, "s"),
        ("1_000 token", 1000, "token"),
        ("8\u00a0GiB", 8 * 2**30, "GiB"),
        ("12 Gbps", 1_500_000_000, "Gbps"),
        ("700 W", 700, "W"),
        ("1 kWh", 3_600_000, "kWh"),
        ("1.5 GHz", 1.5e9, "GHz"),
    ],
)
def test_parse_quantity(text: str, value: float, unit: str) -> None:
    quantity = parse_quantity(text)
    assert quantity == Quantity(value, unit, text)
    assert type(quantity.value) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 TFLOPS", ("'TFLOPS' is a count to some and a rate to others; "
         "write TFLOP (a count) or TFLOP/s (a rate)")),
        ("1 tflops", ("'tflops' is a count to some and a rate to others; "
         "write TFLOP (a count) or TFLOP/s (a rate)")),
        ("1 TOPS", ("'TOPS' is a count to some and a rate to others; "
         "write TOP (a count) or TOP/s (a rate)")),
        ("80 GBs", "'GBs' has two readings; write GB, or GB/s for a rate"),
        ("80 gb", "unknown unit 'gb'; did you mean 'GB' or 'Gb'?"),
        ("512 mb", "unknown unit 'mb'; did you mean 'MB' or 'Mb'?"),
        ("5 TFlop/s", "unknown unit 'TFlop'; did you mean 'TFLOP'?"),
        ("5 tokn", "unknown unit 'tokn'; did you mean 'token'?"),
        ("5 mFLOP", "unknown unit 'mFLOP'; did you mean 'MFLOP'?"),
        ("5 zzzz", "unknown unit 'zzzz'; wanted a unit such as FLOP/s, GiB or USD/h"),
        ("5 m", "unknown unit 'm'; wanted a unit such as FLOP/s, GiB or USD/h"),
        ("3 USD/GPU h", ("'USD/GPU h' has two readings; "
         "write USD/(GPU h), or the product before the '/'")),
        ("3 USD/GPU*h", ("'USD/GPU*h' has two readings; "
         "write USD/(GPU*h), or the product before the '/'")),
        ("GPU h", "wanted a number with a unit, got 'GPU h'; start with a number, as in 1.5 or 2e-3"),
        ("1 234 MiB", "wanted a number with a unit, got '1 234 MiB'; write 1234 MiB or 1_234 MiB"),
        ("1,5 GB", "wanted a number with a unit, got '1,5 GB'; write 1.5 GB"),
        ("3 x 10^8 B", "wanted a number with a unit, got '3 x 10^8 B'; write 3e8 B"),
        ("3 (", "wanted a unit such as FLOP/s, GiB or USD/h, got '('"),
        ("3 s)", "wanted a unit such as FLOP/s, GiB or USD/h, got 's)'"),
        ("3 s/", "wanted a unit such as FLOP/s, GiB or USD/h, got 's/'"),
        ("3 s**99", "wanted a unit such as FLOP/s, GiB or USD/h, got 's**99'"),
        ("3 __import__", "wanted a number with a unit, got '3 __import__'"),
    ],
)  # fmt: skip
def test_parse_quantity_refuses(text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("", 1.0), ("MiB", 1048576.0), ("FLOP/byte", 1.0), ("GPU h", 3600.0), ("%", 0.01),
        ("ms", 0.001), ("1/s", 1.0), ("TFLOP/s/GPU", 1e12), ("FLOP/(byte s)", 1.0), ("b", 0.125),
    ],
)  # fmt: skip
def test_unit_scale(unit: str, scale: float) -> None:
    assert typed(unit_scale(unit)) == typed(scale)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("GiB", "byte", True), ("", "%", True), ("W", "J/s", True), ("Hz", "1/s", True),
        ("token", "param", False), ("FLOP", "FLOP/s", False),
        ("GPU h", "h", False), ("B/s", "MiB/ms", True),
    ],
)  # fmt: skip
def test_same_dimension(a: str, b: str, same: bool) -> None:
    assert same_dimension(a, b) is same


def test_unknown_units_are_refused_everywhere() -> None:
    for call in (
        lambda: unit_scale("GBps"),
        lambda: same_dimension("s", "GBps"),
        lambda: format_quantity(1.0, "GBps"),
    ):
        with pytest.raises(UnitError, match="unknown unit 'GBps'; did you mean 'Gbps'"):
            call()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (989e12 / 3.35e12, "FLOP/byte", "295.2 FLOP/byte"),
        (192 * 2**20, "MiB", "192 MiB"),
        (50257, "", "50,257"),
        (124_439_808, "param", "124,439,808 param"),
        (3.14159e23, "FLOP", "3.142e23 FLOP"),
        (0.4, "%", "40 %"),
        (0.0025, "ms", "2.5 ms"),
        (3.35e12, "TB/s", "3.35 TB/s"),
        (0, "s", "0 s"),
        (-0.0, "", "0"),
        (-1234.567, "", "-1,235"),
        (1.5e-6, "s", "1.5e-6 s"),
        (0.00123456, "s", "0.001235 s"),
        (1 / 3, "", "0.3333"),
        (0.99999, "", "1"),
        (999_999.99, "", "1,000,000"),
        (10**12, "", "1e12"),
        (math.inf, "s", "inf s"),
        (math.nan, "", "nan"),
    ],
)
def test_format_quantity(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


UNITS = st.sampled_from(
    [
        "",
        "B",
        "MiB",
        "GB/s",
        "TFLOP/s",
        "µs",
        "USD/h",
        "%",
        "token",
        "GPU h",
        "FLOP/(byte s)",
        "1/s",
    ]
)


@given(st.integers(-(10**12) + 1, 10**12 - 1), UNITS)
def test_whole_quantities_round_trip_exactly(number: int, unit: str) -> None:
    quantity = parse_quantity(f"{number} {unit}")
    exact = Fraction(quantity.value) if isinstance(quantity.value, int) else None
    shown = parse_quantity(format_quantity(quantity.value, unit).replace(",", ""))
    assert shown.value == pytest.approx(quantity.value, rel=6e-4)
    if exact is not None:
        assert shown.value == exact


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e290, max_value=1e290), UNITS)
def test_any_value_shown_is_read_back_within_its_digits(value: float, unit: str) -> None:
    text = format_quantity(value, unit).replace(",", "")
    assert parse_quantity(text).value == pytest.approx(value, rel=6e-4, abs=1e-300)


@given(st.text() | st.from_regex(r"[0-9eE_.+*/ ()-]{0,12}[a-zA-Z%$/*^() ]{0,12}", fullmatch=True))
def test_arbitrary_text_gives_a_quantity_or_a_unit_error(text: str) -> None:
    try:
        value = parse_quantity(text).value
    except UnitError:
        return
    assert math.isfinite(value)


@given(st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_exactly_as_python_writes_them(number: float) -> None:
    assert typed(parse_number(repr(number))) == typed(number)
