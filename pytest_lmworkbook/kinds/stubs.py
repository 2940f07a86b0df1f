"""Text of stubs: a heading, the question wrapped as a docstring, and a body that says "not attempted"."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_lmworkbook.problem.model import Problem

WIDTH = 88
_ITEM = re.compile(r"(\d+\.|-) +")


def heading(problem: Problem) -> str:
    """The comment above a stub: number, title, kind and points."""
    spec = problem.spec
    points = f"{spec.points:g} point" + ("" if spec.points == 1 else "s")
    return f"# {problem.name}  {spec.title}  ({spec.kind}, {points})"


def wrapped(text: str, *, indent: str = "") -> str:
    """Paragraphs wrapped; blocks that are indented already (code, lists) stay as they are."""
    paragraphs = text.strip("\n").split("\n\n")
    return "\n\n".join(_paragraph(paragraph, indent) for paragraph in paragraphs)


def function_stub(
    problem: Problem, name: str, parameters: str, prompt: str, notes: Iterable[str] = ()
) -> str:
    """A function whose docstring is the question."""
    body = "\n\n".join([prompt, *notes])
    return (
        f"{heading(problem)}\n"
        f"def {name}({parameters}):\n"
        f'    """{_docstring(body, "    ")}\n    """\n'
        f"    raise NotImplementedError\n"
    )


def value_stub(problem: Problem, name: str, prompt: str, notes: Iterable[str] = ()) -> str:
    """A plain name to fill; the question is the string below it, as for documented attributes."""
    body = "\n\n".join([prompt, *notes])
    return f'{heading(problem)}\n{name} = None\n"""{_docstring(body, "")}\n"""\n'


def _docstring(text: str, indent: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return wrapped(escaped, indent=indent).lstrip()


def _paragraph(paragraph: str, indent: str) -> str:
    """One paragraph wrapped: code as it is, the items of a list each on lines of their own."""
    lines = paragraph.split("\n")
    if lines[0].startswith((" ", "|")):
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    items: list[list[str]] = [[]]
    for line in lines:
        if _ITEM.match(line) and items[-1]:
            items.append([])
        items[-1].append(line)
    return "\n".join(_item(" ".join(line.strip() for line in item), indent) for item in items)


def _item(text: str, indent: str) -> str:
    marker = _ITEM.match(text)
    hanging = indent + " " * (marker.end() if marker else 0)
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False
    )
