"""Generic mutants of a reference: small changes that a checker should notice, made by rule and not by an author.

Each mutant is one change of the function's syntax tree: another operator, constant, comparison, axis or argument
order, a call or a statement left out. What survives shows an instructor what the problem would let through.
"""

from __future__ import annotations

import ast
import copy
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}

#: Changes one node into another; None where the rule does not apply.
Change = ast.AST | None


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant.

    Attributes:
        rule: What was changed: ``operator``, ``constant``, ...
        line: Line within the function's unparsed source.
        was: The statement's first changed line before.
        becomes: The same line after; empty when it was left out.
        source: The whole function's new source.
    """

    rule: str
    line: int
    was: str
    becomes: str
    source: str

    @property
    def change(self) -> str:
        """The change in one line."""
        return f"{self.was}  ->  {self.becomes or '(left out)'}"


def make_mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a function, each different from the function and from the others.

    Args:
        source: The function without its docstring.
    """
    tree = ast.parse(source)
    original = ast.unparse(tree)
    seen = {original}
    for rule, mutated in _mutated_trees(tree):
        text = ast.unparse(ast.fix_missing_locations(mutated))
        if text not in seen and _compiles(text):
            seen.add(text)
            yield _describe(rule, original, text)


def _mutated_trees(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Copies of the tree with one change each; annotations and defaults are no behaviour and stay."""
    count = len(_places(tree))
    for place in range(count):
        for rule, change in _RULES:
            node = _places(tree)[place]
            for variant in range(len(change(copy.deepcopy(node)))):
                mutated = copy.deepcopy(tree)
                target = _places(mutated)[place]
                yield rule, _replace(mutated, target, change(copy.deepcopy(target))[variant])
    for place in range(len(_droppable(tree))):
        mutated = copy.deepcopy(tree)
        statement = _droppable(mutated)[place]
        yield "statement", _replace(mutated, statement, ast.Pass())


def _places(tree: ast.Module) -> list[ast.AST]:
    """The nodes of the bodies, in a stable order."""
    found: list[ast.AST] = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for statement in function.body:
            found.extend(node for node in ast.walk(statement) if node not in found)
    return found


def _droppable(tree: ast.Module) -> list[ast.stmt]:
    """Statements whose names are bound without them too: others would only crash."""
    kinds = (ast.Assign, ast.AugAssign, ast.Expr, ast.If)
    return [
        node for node in _places(tree) if isinstance(node, kinds) and not _binds_first(tree, node)
    ]


def _binds_first(tree: ast.Module, statement: ast.stmt) -> bool:
    """Whether an assignment is the first to one of its names."""
    if not isinstance(statement, ast.Assign):
        return False
    names = {
        node.id
        for target in statement.targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name)
    }
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    arguments = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
    before = {
        node.id
        for node in _places(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and node.lineno < statement.lineno
    }
    return not names <= (before | arguments)


def _operator(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _BINARY:
        node.op = _BINARY[type(node.op)]()
        return [node]
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return [node]
    return (
        [node.operand]
        if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant)
        else []
    )


def _comparison(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISON:
        node.ops[0] = _COMPARISON[type(node.ops[0])]()
        return [node]
    if isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return [node]
    if isinstance(node, ast.If):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return [node]
    return []


def _constant(node: ast.AST) -> list[ast.AST]:
    """Off by one for whole numbers, double and zero for others, the other truth value."""
    if not isinstance(node, ast.Constant):
        return []
    value = node.value
    if isinstance(value, bool):
        return [ast.Constant(not value)]
    if isinstance(value, int):
        return [ast.Constant(value + 1), ast.Constant(value - 1)]
    return [ast.Constant(value * 2), ast.Constant(0.0)] if isinstance(value, float) else []


def _arguments(node: ast.AST) -> list[ast.AST]:
    """The first two arguments swapped; an axis turned round."""
    if not isinstance(node, ast.Call):
        return []
    if len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
        node.args[0], node.args[1] = node.args[1], node.args[0]
        return [node]
    return []


def _call(node: ast.AST) -> list[ast.AST]:
    """A call left out: ``x.method()`` becomes ``x``, ``f(x)`` becomes ``x``."""
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        return [node.func.value]
    return [node.args[0]] if node.args and not isinstance(node.args[0], ast.Starred) else []


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"torch", "math", "np", "numpy", "functional"}


_RULES: tuple[tuple[str, Callable[[ast.AST], list[ast.AST]]], ...] = (
    ("operator", _operator),
    ("comparison", _comparison),
    ("constant", _constant),
    ("arguments", _arguments),
    ("call", _call),
)


class _Replacer(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST) -> None:
        self._target = target
        self._replacement = replacement

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the one node."""
        if node is self._target:
            return self._replacement
        return super().generic_visit(node)


def _replace(tree: ast.Module, target: ast.AST, replacement: ast.AST) -> ast.Module:
    changed = _Replacer(target, replacement).visit(tree)
    assert isinstance(changed, ast.Module)  # the root itself is never a target
    return changed


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _describe(rule: str, original: str, text: str) -> Mutant:
    before, after = original.splitlines(), text.splitlines()
    for tag, first, last, new_first, new_last in difflib.SequenceMatcher(
        a=before, b=after, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            was = " ".join(line.strip() for line in before[first:last])
            becomes = " ".join(line.strip() for line in after[new_first:new_last])
            return Mutant(rule, first + 1, was, "" if becomes == "pass" else becomes, text)
    raise AssertionError("a mutant differs from its original")  # make_mutants compares the texts
