"""Tell a stub that nobody has touched from an attempt.

Runs in the worker; standard library only.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import FunctionType


def is_stub(value: object) -> bool:
    """Whether ``value`` is None, ``...``, or a function or class with nothing in it yet.

    A function is a stub when its body, apart from a docstring, is ``raise NotImplementedError``, ``...``
    or ``pass``; a class when all that it defines are stubs.
    """
    if value is None or value is Ellipsis:
        return True
    target = inspect.unwrap(value) if callable(value) else value
    if not isinstance(target, FunctionType | type):
        return False
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(target)))
    except (OSError, TypeError, SyntaxError):  # made by exec, or defined inside an expression
        return False
    return bool(tree.body) and _is_empty(tree.body[0])


def _is_empty(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body) | ast.ClassDef(body=body):
            return all(_is_empty(statement) for statement in body)
        case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Expr(value=ast.Constant(value=constant)):
            return constant is Ellipsis
        case ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
        case _:
            return False
