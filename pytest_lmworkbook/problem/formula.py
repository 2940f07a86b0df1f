"""Formulas in problem files: arithmetic over named inputs, never run as Python.

A formula is parsed by `ast` and walked by this module, node by node; what is not on the list below
is refused when the file is loaded. No formula can hang: its text is short, and no number may grow
beyond `_MOST_BITS`. Knows nothing of YAML or of problems.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_lmworkbook.problem.diagnostics import HintedError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST = 1000
_DEEPEST = 100  # a sum of n terms is n deep
#: Exact integers up to here; bytes and FLOPs of any machine fit many times over.
_MOST_BITS = 4096
_MOST_DIGITS = 30

CONSTANTS: Mapping[str, float] = {
    "pi": math.pi,
    "e": math.e,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}


def _power(base: float, exponent: float) -> float:
    is_whole = isinstance(base, int) and isinstance(exponent, int)
    # Before it is computed: 9**9**9 has 370 million digits.
    if is_whole and abs(base) > 1 and abs(exponent) * math.log2(abs(base)) > _MOST_BITS:
        raise OverflowError
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a negative number has no such power")  # noqa: TRY004 - of the value
    return float(result) if isinstance(result, float) else int(result)


def _round(number: float, digits: int = 0) -> float:
    if not isinstance(digits, int) or abs(digits) > _MOST_DIGITS:
        raise ValueError(f"round takes at most {_MOST_DIGITS} digits")
    return round(number, digits) if digits else round(number)


#: Name -> (the function, fewest arguments, most arguments).
_FUNCTIONS: Mapping[str, tuple[Callable[..., float], int, int]] = {
    "sqrt": (math.sqrt, 1, 1),
    "log": (math.log, 1, 2),
    "log2": (math.log2, 1, 1),
    "log10": (math.log10, 1, 1),
    "exp": (math.exp, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "floor": (math.floor, 1, 1),
    "round": (_round, 1, 2),
    "min": (min, 2, 20),
    "max": (max, 2, 20),
    "abs": (abs, 1, 1),
}
_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
#: Names that an input or a field cannot have: a formula would read them as something else.
RESERVED_NAMES = frozenset({*CONSTANTS, *_FUNCTIONS})
_ALLOWED = (
    "numbers, names, + - * / // % **, comparisons, and/or/not, 'a if b else c', "
    + ", ".join(_FUNCTIONS)
)


class FormulaError(HintedError):
    """A formula says something that is not arithmetic, or cannot be computed for these values."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Arithmetic over named values.

    Attributes:
        text: As written, on one line.
        names: The names whose values it needs.
        is_condition: Whether it says yes or no (a comparison) and not a number.
    """

    text: str
    names: frozenset[str]
    is_condition: bool
    _tree: ast.expr = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read a formula.

        Raises:
            FormulaError: It is not a formula, or uses what formulas do not have.
        """
        line = " ".join(text.split())
        tree = _parsed(line)
        names = _check(tree, line, depth=0) - CONSTANTS.keys()
        is_condition = isinstance(tree, ast.Compare | ast.BoolOp) or (
            isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
        )
        return cls(line, names, is_condition, tree)

    def evaluate(self, values: Mapping[str, float]) -> float | bool:
        """Compute the formula, with whole numbers kept exact.

        Args:
            values: At least the formula's names; others are ignored.

        Raises:
            FormulaError: A name is missing, or the arithmetic fails: division by zero, a number too
                large, a root of a negative number.
        """
        for name in sorted(self.names):
            if name not in values:
                hint = did_you_mean(name, values)
                raise FormulaError(f"'{self.text}' needs a value for '{name}'", hint=hint)
        try:
            return _compute(self._tree, values)
        except ZeroDivisionError:
            reason = "division by zero"
        except OverflowError:
            reason = "a number is too large"
        except (ValueError, TypeError) as error:
            reason = str(error)
        given = ", ".join(f"{name} = {values[name]!r}" for name in sorted(self.names))
        raise FormulaError(f"'{self.text}' cannot be computed{given and f' for {given}'}: {reason}")


def _parsed(line: str) -> ast.expr:
    if not line:
        raise FormulaError("wanted a formula, got nothing")
    if len(line) > _LONGEST:
        raise FormulaError(f"a formula has at most {_LONGEST} characters, got {len(line)}")
    if "#" in line:
        raise FormulaError(f"'{line}' is not a formula: comments are not allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "2if x else 3" parses, with a warning
            return ast.parse(line, mode="eval").body
    except SyntaxError as error:
        reason = f"{error.msg} at character {error.offset}" if error.offset else error.msg
    except (ValueError, RecursionError, MemoryError, Warning) as error:
        reason = str(error) or "nested too deeply"
    raise FormulaError(f"'{line}' is not a formula: {reason}", hint=_syntax_hint(line))


def _syntax_hint(line: str) -> str:
    if "=" in line.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", ""):
        return "compare with '=='; a formula assigns nothing"
    if "×" in line or "·" in line:
        return "multiply with '*'"
    if "√" in line:
        return "write sqrt(...)"
    if "," in line or "_" in line or "'" in line:
        return "write 1_000 for a thousand"
    return "write products with '*': 2 * d_model"


def _refused(node: ast.AST, line: str, *, hint: str = "") -> FormulaError:
    part = ast.get_source_segment(line, node) or line
    return FormulaError(
        f"'{part}' is not allowed in a formula", hint=hint or f"formulas have {_ALLOWED}"
    )


def _check(node: ast.expr, line: str, *, depth: int) -> frozenset[str]:
    """The names in the expression; raises when something in it is not on the lists."""
    if depth > _DEEPEST:
        raise FormulaError(f"a formula is nested at most {_DEEPEST} deep")
    match node:
        case ast.Constant(value=bool()):
            raise _refused(node, line)
        case ast.Constant(value=int() | float() as number):
            if not math.isfinite(_bounded(number, line)):
                raise FormulaError(f"a number in '{line}' is too large")
            return frozenset()
        case ast.Name(id=name):
            if name in _FUNCTIONS:
                raise _refused(node, line, hint=f"{name} is a function: {name}(...)")
            return frozenset({name})
        case ast.Call():
            parts = _checked_call(node, line)
        case ast.BinOp(op=ast.BitXor()):
            raise _refused(node, line, hint="write ** for powers")
        case ast.BinOp(op=op) if type(op) in _BINARY:
            parts = [node.left, node.right]
        case ast.UnaryOp(op=sign) if type(sign) in _UNARY:
            parts = [node.operand]
        case ast.Compare(ops=ops) if all(type(op) in _COMPARE for op in ops):
            parts = [node.left, *node.comparators]
        case ast.BoolOp():
            parts = node.values
        case ast.IfExp():
            parts = [node.test, node.body, node.orelse]
        case ast.Attribute():
            raise _refused(node, line, hint=f"write {node.attr} alone")
        case _:
            raise _refused(node, line)
    return frozenset().union(*(_check(part, line, depth=depth + 1) for part in parts))


def _checked_call(node: ast.Call, line: str) -> list[ast.expr]:
    if not isinstance(node.func, ast.Name) or node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        raise _refused(node, line, hint=f"write {name}(...)" if name in _FUNCTIONS else "")
    name = node.func.id
    if name not in _FUNCTIONS:
        raise FormulaError(f"unknown function '{name}'", hint=did_you_mean(name, _FUNCTIONS))
    _, fewest, most = _FUNCTIONS[name]
    if not fewest <= len(node.args) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise FormulaError(f"'{name}' takes {wanted} values, got {len(node.args)}")
    return node.args


def _bounded(number: float, line: str) -> float:
    if isinstance(number, int) and number.bit_length() > _MOST_BITS:
        raise FormulaError(f"a number in '{line}' is too large")
    return number if isinstance(number, float) else 0.0


def _compute(node: ast.expr, values: Mapping[str, float]) -> float:
    result = _computed(node, values)
    if isinstance(result, int):
        if result.bit_length() > _MOST_BITS:
            raise OverflowError
    elif math.isinf(result) or math.isnan(result):
        raise OverflowError
    return result


def _computed(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            if name in CONSTANTS and name in values:
                raise ValueError(f"'{name}' is a constant, no value can have that name")
            return CONSTANTS[name] if name in CONSTANTS else values[name]
        case ast.Call(func=ast.Name(id=name)):
            return _FUNCTIONS[name][0](*(_compute(one, values) for one in node.args))
        case ast.BinOp():
            return _BINARY[type(node.op)](_compute(node.left, values), _compute(node.right, values))
        case ast.UnaryOp():
            return _UNARY[type(node.op)](_compute(node.operand, values))
        case ast.Compare():
            return _compare(node, values)
        case ast.BoolOp():
            return _decide(node, values)
        case ast.IfExp():
            return _compute(node.body if _compute(node.test, values) else node.orelse, values)
        case _:
            raise TypeError(f"{type(node).__name__} is not allowed")  # `_check` let none through


def _compare(node: ast.Compare, values: Mapping[str, float]) -> bool:
    left = _compute(node.left, values)
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = _compute(comparator, values)
        if not _COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def _decide(node: ast.BoolOp, values: Mapping[str, float]) -> float:
    """`and` and `or` as in Python: the value that decided, later ones are not computed."""
    stops_at = isinstance(node.op, ast.Or)
    result: float = False
    for part in node.values:
        result = _compute(part, values)
        if bool(result) is stops_at:
            break
    return result
