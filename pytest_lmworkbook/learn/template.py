"""The starter repository: one module per chapter, a stub per problem, generated from the problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.errors import LMWorkbookError, ProblemFileError
from pytest_lmworkbook.problem.load import BrokenProblem, Workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_lmworkbook.kinds.base import Kind
    from pytest_lmworkbook.problem.model import Problem

_README = """# {title}

Your answers to the workbook. Every problem has a stub in `{name}/`: replace `None` or the
`raise NotImplementedError` with your answer and grade it.

    pytest                         # everything
    pytest --lm-chapter {chapter}          # one chapter
    pytest --lm-problem {problem}        # one problem
    pytest --lm-problem {problem} --lm-hint

A stub that you have not touched is "not attempted": it costs nothing.
"""


def render_template(
    workbook: Workbook, kinds: Mapping[str, Kind[Any]], *, variant: str = ""
) -> dict[str, str]:
    """Every file of the starter repository, by relative path.

    Raises:
        ProblemFileError: A problem file of the workbook is wrong.
        LMWorkbookError: The workbook has no problems yet.
    """
    chapters: dict[str, list[Problem]] = {}
    for problem in workbook.load():
        if isinstance(problem, BrokenProblem):
            raise ProblemFileError(problem.diagnostics)
        chapters.setdefault(problem.chapter, []).append(problem)
    if not chapters:
        raise LMWorkbookError(f"workbook {workbook.name!r} has no problems yet")
    first = next(iter(chapters.values()))[0]
    files = {
        "README.md": _README.format(
            title=workbook.title, name=workbook.name, chapter=first.chapter, problem=first.name
        ),
        "pyproject.toml": _pyproject(workbook.name, variant),
        ".gitignore": "__pycache__/\n.hypothesis/\n.pytest_cache/\n.venv/\n",
    }
    for chapter, problems in chapters.items():
        title = workbook.chapter_titles.get(chapter, "")
        path = f"{problems[0].module.replace('.', '/')}.py"
        files[path] = _module(workbook, chapter, title, problems, kinds, variant)
    return files


def write_template(files: Mapping[str, str], folder: Path) -> None:
    """Write the files; a folder with files in the way is left as it is.

    Raises:
        LMWorkbookError: A file of the template exists already; nothing is written then.
    """
    taken = [path for path in files if (folder / path).exists()]
    if taken:
        raise LMWorkbookError(
            f"{folder} has {', '.join(taken)} already: choose another folder, or move them away"
        )
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _module(
    workbook: Workbook,
    chapter: str,
    title: str,
    problems: list[Problem],
    kinds: Mapping[str, Kind[Any]],
    variant: str,
) -> str:
    opening = f'"""{workbook.title}, chapter {chapter}: {title}.\n\nGrade with: pytest --lm-chapter {_spec(workbook, chapter)}\n"""\n'
    stubs = [kinds[problem.spec.kind].stub(problem, variant) for problem in problems]
    return "\n\n".join([opening, *stubs])


def _spec(workbook: Workbook, chapter: str) -> str:
    return chapter if workbook.name == "lm" else f"{workbook.name}:{chapter}"


def _pyproject(name: str, variant: str) -> str:
    lines = [
        "[project]",
        f'name = "my-{name}-workbook"',
        'version = "0.1.0"',
        'requires-python = ">=3.11"',
        'dependencies = ["pytest-lmworkbook"]',
        "",
        "[tool.pytest.ini_options]",
        f'lm_workbook = "{name}"',
    ]
    if variant:
        lines.append(f'lm_variant = "{variant}"')
    return "\n".join(lines) + "\n"
