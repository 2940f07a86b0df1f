"""Numbers as students give them, and slips between units."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.verdict import Reason
from pytest_lmworkbook.kinds.numbers import NotANumber, read_number, slip_of_unit


@pytest.mark.parametrize(
    ("answer", "unit", "base"),
    [
        (295.2, "FLOP/byte", 295.2),
        (16, "KiB", 16384.0),
        ("16 KiB", "byte", 16384.0),
        ("16 KiB", "GB", 16384.0),
        ("0.2 GB", "MB", 2e8),
        ("1e-5", "", 1e-5),
        ("2**20", "byte", 1048576.0),
        ("40", "MB", 4e7),
        ("40 %", "", 0.4),
        (" 7 ", "", 7.0),
        (10**30, "", 1e30),
    ],
)
def test_a_number_is_read_in_base_units(answer, unit, base):
    assert read_number(answer, unit=unit) == pytest.approx(base, rel=1e-12)


class Scalar:
    """What a tensor of one element looks like."""

    ndim = 0

    def item(self):
        return 2.5


def test_a_tensor_of_one_element_is_a_number():
    assert read_number(Scalar(), unit="kB") == 2500.0


@pytest.mark.parametrize(
    ("answer", "unit", "reason", "message"),
    [
        (math.nan, "", Reason.NOT_FINITE, "the answer is nan"),
        (-math.inf, "s", Reason.NOT_FINITE, "the answer is -inf"),
        (10**400, "", Reason.NOT_FINITE, "the answer is inf"),
        (True, "", Reason.STRUCTURE, "got bool"),
        (None, "", Reason.STRUCTURE, "got NoneType"),
        ([1.0], "", Reason.STRUCTURE, "got list"),
        ({"value": 1}, "", Reason.STRUCTURE, "got dict"),
        (1 + 2j, "", Reason.STRUCTURE, "got complex"),
        ("", "", Reason.STRUCTURE, "wanted a number"),
        ("about 3", "", Reason.STRUCTURE, "wanted a number"),
        ("3 parsecs", "", Reason.STRUCTURE, "parsecs"),
        ("nan", "", Reason.STRUCTURE, "wanted a number"),
        ("3 GB", "s", Reason.UNIT, "'3 GB' is in GB, the question asks for s"),
        ("3 GB", "", Reason.UNIT, "the question asks for a plain number"),
        ("3 TFLOP/s", "FLOP/byte", Reason.UNIT, "the question asks for FLOP/byte"),
    ],
)
def test_what_is_no_number_in_the_unit_is_refused_with_a_reason(answer, unit, reason, message):
    with pytest.raises(NotANumber) as caught:
        read_number(answer, unit=unit)
    assert caught.value.reason is reason
    assert message in str(caught.value)


@given(st.floats(-1e15, 1e15), st.sampled_from(["", "byte", "KiB", "TFLOP/s", "FLOP/byte"]))
def test_a_number_and_its_text_with_the_unit_mean_the_same(number, unit):
    text = f"{number!r} {unit}".strip()
    assert read_number(text, unit=unit) == pytest.approx(read_number(number, unit=unit), rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (8, "1 byte is 8 bits"),
        (1 / 8, "1 byte is 8 bits"),
        (1.024, "1 KiB is 1024 bytes"),
        (1 / 1.024, "1 KiB is 1024 bytes"),
        (1.048576, "1 MiB is 1,048,576 bytes"),
        (1.073741824, "1 GiB is 1,073,741,824 bytes"),
        (1e3, "1,000 times too large: answer in MB"),
        (1e-9, "1,000,000,000 times too small: answer in MB"),
        (1024.0**2, "1,048,576 times too large"),
        (-1e6, "1,000,000 times too large"),
    ],
)
def test_a_slip_of_unit_has_a_sentence(ratio, words):
    assert words in slip_of_unit(ratio * 123.0, 123.0, "MB")


@pytest.mark.parametrize(
    ("actual", "expected"), [(0, 1), (1, 0), (2, 1), (1.03, 1), (7.9, 1), (500, 1)]
)
def test_other_wrong_numbers_are_no_slips(actual, expected):
    assert slip_of_unit(actual, expected, "MB") == ""


@given(st.floats(1e-9, 1e9), st.sampled_from([8.0, 1.024, 1e3, 1e6, 1024.0]), st.booleans())
def test_a_slip_is_seen_at_any_size_and_in_both_directions(expected, factor, divided):
    actual = expected / factor if divided else expected * factor
    assert slip_of_unit(actual, expected, "byte") != ""
