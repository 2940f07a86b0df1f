from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.problem.formula import CONSTANTS, RESERVED_NAMES, Formula, FormulaError

VALUES = {"d": 4096, "f": 11008, "peak": 989e12, "bandwidth": 3.35e12, "n": 3}


@pytest.mark.parametrize(
    ("text", "names", "value"),
    [
        ("peak / bandwidth", {"peak", "bandwidth"}, 989e12 / 3.35e12),
        ("2 * d * f", {"d", "f"}, 90177536),
        ("192 * MiB", set(), 192 * 2**20),
        ("kB + MB + GB + TB", set(), 1_001_001_001_000),
        ("sqrt(d) + log(e) + log2(8) + log10(100) + exp(0)", {"d"}, 71.0),
        ("log(8, 3)", set(), math.log(8, 3)),
        ("ceil(d / 3) - floor(d / 3) + round(2.567, 1)", {"d"}, 3.6),
        ("min(d, f, 7) + max(1, 2) + abs(-n)", {"d", "f", "n"}, 12),
        ("-d // 3 % 5", {"d"}, -4096 // 3 % 5),
        ("+n ** 2 ** n", {"n"}, 3**8),
        ("1 if d > f else 2", {"d", "f"}, 2),
        ("0.95 <= n / 3 <= 1.05 < 2", {"n"}, True),
        ("d == 4096 and not n != 3 or 1 / 0", {"d", "n"}, True),
        ("2 *\n  d", {"d"}, 8192),
        ("1_000", set(), 1000),
        ("10**24 + 1", set(), 10**24 + 1),
    ],
)
def test_value(text: str, names: set[str], value: float) -> None:
    formula = Formula.parse(text)
    assert formula.names == frozenset(names)
    result = formula.evaluate(VALUES)
    assert (type(result), result) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "is_condition"),
    [("a < b", True), ("a < b and c", True), ("not a", True), ("a + b", False), ("-a", False)],
)
def test_is_condition(text: str, is_condition: bool) -> None:
    assert Formula.parse(text).is_condition is is_condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wanted a formula, got nothing"),
        ("d ^ 2", "'d ^ 2' is not allowed in a formula; write ** for powers"),
        ("sqrt", "'sqrt' is not allowed in a formula; sqrt is a function: sqrt(...)"),
        ("math.pi", "'math.pi' is not allowed in a formula; write pi alone"),
        ("math.sqrt(2)", "'math.sqrt(2)' is not allowed in a formula; write sqrt(...)"),
        ("sqr(2)", "unknown function 'sqr'; did you mean 'sqrt'?"),
        ("sqrt(1, 2)", "'sqrt' takes 1 values, got 2"),
        ("min(1)", "'min' takes 2 to 20 values, got 1"),
        ("1" + "0" * 999 + "0", "a formula has at most 1000 characters, got 1001"),
        ("1e999", "a number in '1e999' is too large"),
    ],
)
def test_parse_refuses_with(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "().__class__", "[1]", "{1: 2}", "(1, 2)", "'a' * 9", "f'{d}'",
        "lambda: 1", "[d for d in (1,)]", "d := 1", "d[0]", "True", "None", "...", "1j", "await d", "d @ d",
        "d << 9", "~d", "d is d", "d in d", "max(*d)", "round(2.5, ndigits=1)", "sqrt(2)(3)", "b'1'",
        "import os", "1; 2", "d = 1", "2 d", "2d", "2if d else 3", "1,024", "(" * 300, "-" * 900 + "1",
        "(" * 150 + "1" + ")" * 150 + "(", "1 +", "\x00", "d # comment\n+ 1 @", "\ud800",
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        Formula.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / (n - 3)", "'1 / (n - 3)' cannot be computed for n = 3: division by zero"),
        ("n % 0", "'n % 0' cannot be computed for n = 3: division by zero"),
        ("0 ** -1", "'0 ** -1' cannot be computed: division by zero"),
        ("9**9**9", "'9**9**9' cannot be computed: a number is too large"),
        ("2.0**5000", "'2.0**5000' cannot be computed: a number is too large"),
        ("1e308 * 10", "'1e308 * 10' cannot be computed: a number is too large"),
        ("exp(1e4)", "'exp(1e4)' cannot be computed: a number is too large"),
        ("sqrt(-1)", "'sqrt(-1)' cannot be computed: math domain error"),
        (
            "(-8) ** (1 / 3)",
            "'(-8) ** (1 / 3)' cannot be computed: a negative number has no such power",
        ),
        (
            "round(5, -10**9)",
            "'round(5, -10**9)' cannot be computed: round takes at most 30 digits",
        ),
        ("nn + 1", "'nn + 1' needs a value for 'nn'; did you mean 'n'?"),
    ],
)
def test_evaluate_refuses(text: str, reason: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula.parse(text).evaluate(VALUES)
    assert str(caught.value) == reason


def test_a_value_cannot_take_the_name_of_a_constant() -> None:
    with pytest.raises(FormulaError, match="'e' is a constant"):
        Formula.parse("e + 1").evaluate({"e": 5})
    assert {"e", "sqrt", "MiB"} <= RESERVED_NAMES
    assert CONSTANTS.keys() <= RESERVED_NAMES


@pytest.mark.parametrize("operation", ["**", "*"])
def test_no_tower_hangs(operation: str) -> None:
    # Each factor is small enough by itself.
    text = operation.join(["(2**4000)"] * 80)
    with pytest.raises(FormulaError, match="too large"):
        Formula.parse(text).evaluate({})


def test_long_sums_are_not_nested_too_deeply() -> None:
    assert Formula.parse(" + ".join(["n"] * 90)).evaluate(VALUES) == 270


def test_formulas_compare_and_pickle() -> None:
    formula = Formula.parse("n + 1")
    copy = pickle.loads(pickle.dumps(formula))
    assert copy == formula
    assert copy.evaluate(VALUES) == 4


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", "==", "and", "or"])
    binary = st.tuples(parts, operators, parts).map(lambda one: f"({one[0]} {one[1]} {one[2]})")
    choice = st.tuples(parts, parts, parts).map(lambda one: f"({one[0]} if {one[1]} else {one[2]})")
    power = st.tuples(parts, st.integers(0, 3)).map(lambda one: f"({one[0]} ** {one[1]})")
    call = st.tuples(st.sampled_from(["min", "max"]), parts, parts).map(
        lambda one: f"{one[0]}({one[1]}, {one[2]})"
    )
    return binary | choice | power | call | parts.map(lambda one: f"(-{one})")


ARITHMETIC = st.recursive(
    st.sampled_from(["a", "b"])
    | st.integers(0, 1000).map(str)
    | st.floats(0, 1000, allow_subnormal=False).map(repr),
    _joined,
    max_leaves=8,
)


@given(ARITHMETIC, st.integers(-50, 50), st.floats(-50, 50, allow_subnormal=False))
def test_equals_python_on_arithmetic(text: str, a: int, b: float) -> None:
    try:
        # Written by the strategy above, nothing else can be in it.
        expected = eval(text, {"__builtins__": {}, "min": min, "max": max}, {"a": a, "b": b})
    except (ArithmeticError, ValueError):
        expected = None
    try:
        actual = Formula.parse(text).evaluate({"a": a, "b": b})
    except FormulaError:
        actual = None
    if expected is not None and actual is None:
        assert math.isinf(expected) or abs(expected) > 1e15 or "/" in text or "%" in text
    elif actual is not None:
        assert (type(actual), actual) == (type(expected), expected)


@given(st.text(max_size=200) | st.text("0123456789.*()-+/% e,adelmnoixp<=", max_size=60))
def test_arbitrary_text_is_a_formula_or_an_error(text: str) -> None:
    try:
        formula = Formula.parse(text)
        result = formula.evaluate(dict.fromkeys(formula.names, 7))
    except FormulaError:
        return
    assert isinstance(result, int) or math.isfinite(result)
