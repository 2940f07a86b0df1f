"""Modules of at most 400 lines, functions of at most 40; a kernel may have 80, and what has more gives a reason."""

from __future__ import annotations

import ast

MODULE_LINES = 400
FUNCTION_LINES = 40
KERNEL_LINES = 80

#: "path" or "path::function" to the reason why it is longer.
LONGER: dict[str, str] = {
    "pytest_lmworkbook/cli.py::_parser": "a flat list of subcommands; split up, it is harder to read",
}

FOLDERS = ("pytest_lmworkbook", "reference", "kernels", "benchmarks")


def sizes(root):
    """What is longer than its budget: name to lines."""
    found = {}
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py")):
        name, text = str(path.relative_to(root)), path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > MODULE_LINES:
            found[name] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > (KERNEL_LINES if is_kernel(node) else FUNCTION_LINES):
                    found[f"{name}::{node.name}"] = lines
    return found


def is_kernel(function):
    return any("jit" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_nothing_outgrows_its_budget(root):
    assert {name: lines for name, lines in sizes(root).items() if name not in LONGER} == {}


def test_exceptions_are_needed_and_reasoned(root):
    assert [name for name in LONGER if name not in sizes(root)] == []
    assert all(len(reason) > 10 for reason in LONGER.values())
