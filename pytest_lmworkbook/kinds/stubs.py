"""Text of stubs: a heading, the question wrapped as a docstring, and a body that says "not attempted"."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_lmworkbook.problem.model import Problem

WIDTH = 88


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
    lines = paragraph.split("\n")
    if any(line.startswith((" ", "- ", "|")) for line in lines):
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    return textwrap.fill(
        " ".join(lines),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
