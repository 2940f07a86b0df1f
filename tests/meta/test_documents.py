"""What is written about the package agrees with it: docstrings, options, commands, codes; and says nothing private."""

from __future__ import annotations

import argparse
import ast
import re
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook import cli, settings
from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.problem.source import SOURCE_CODES

if TYPE_CHECKING:
    from enum import Enum

PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md")

PRIVATE = {
    "a package index or mirror": (
        r"(?i)\b(?:pypi|files\.pythonhosted|anaconda|download\.pytorch)\.org\b"
        r"|--(?:extra-)?index-url\b|\bartifactory\b"
    ),
    # Invented students may have a home.
    "a home or working folder": (
        r"(?<![\w.])/(?:root|home/(?!me/|student/|ada/)\w+|Users/\w+|work)/\w"
    ),
    "an address of a machine": r"\b(?:10|192\.168|172\.1[6-9])(?:\.\d+){2,3}\b|\blocalhost:\d",
    "how it was written": (
        r"(?i)co-authored-by|generated (?:by|with) (?:an? )?(?:ai|llm|claude|chatgpt|copilot)\b"
        r"|\bas an ai\b|\bclaude code\b|\bgithub copilot\b|\bthis session\b|\bthe brief\b"
    ),
}
#: Files that may name such things, with the reason.
MAY_NAME = {"tests/meta/test_documents.py": "the patterns and the pages' names"}


def public_without_docstring(tree, name, inside=""):
    """Public functions, methods and classes that explain nothing."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_") or is_overload(node):
                continue
            if ast.get_docstring(node) is None:
                yield f"{name}::{inside}{node.name}"
            if isinstance(node, ast.ClassDef):
                yield from public_without_docstring(node, name, f"{inside}{node.name}.")


def is_overload(node):
    return any(ast.unparse(one).endswith("overload") for one in node.decorator_list)


def test_everything_public_has_a_docstring(root):
    missing = []
    for folder in ("pytest_lmworkbook", "reference", "kernels"):
        for path in sorted((root / folder).rglob("*.py")):
            tree, name = ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(root))
            missing += [] if ast.get_docstring(tree) or not tree.body else [name]
            missing += public_without_docstring(tree, name)
    assert missing == []


@pytest.mark.parametrize("what", PRIVATE)
def test_repository_names_nothing_private(repository_texts, what):
    pattern = re.compile(PRIVATE[what])
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in repository_texts.items()
        if name not in MAY_NAME
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_documents_that_are_named_exist(root, repository_texts):
    """A page that only its author has helps nobody."""
    named = re.compile(r"\b(?:docs/[\w-]+|[A-Z]{4,})\.md\b")
    missing = {
        f"{name}: {match[0]}"
        for name, text in repository_texts.items()
        if name not in MAY_NAME
        for match in named.finditer(text)
        if not (root / match[0]).is_file()
    }
    assert sorted(missing) == []


def commands():
    """The subcommands of ``lmworkbook``."""
    parser = cli._parser()
    (action,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return set(action.choices)


def options():
    """Every ``--lm-*`` option of the plugin."""
    parser = pytest.Parser(_ispytest=True)
    settings.add_options(parser)
    return {name for option in parser.getgroup("lmworkbook").options for name in option.names()}


def code_in(text):
    """Code blocks and code spans of a Markdown page."""
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(
        r"(?<!`)`[^`\n]+`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    indented = re.findall(r"^ {4}.*$", text, re.MULTILINE)
    return [*blocks, *spans, *indented]


def pages(root):
    found = [path for name in PAGES if (path := root / name).is_file()]
    return [*found, *sorted((root / "docs").glob("*.md"))]


def test_pages_name_commands_that_exist(root):
    wrong = []
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    for page in pages(root):
        for code in code_in(page.read_text(encoding="utf-8")):
            used = re.findall(r"(?:^|[`\s/])lmworkbook ([a-z]+)", code)
            wrong += [f"{page.name}: lmworkbook {name}" for name in used if name not in commands()]
            used = re.findall(r"(?:^|[`\s])make ([a-z]+)", code)
            wrong += [f"{page.name}: make {name}" for name in used if name not in targets]
            used = re.findall(r"--lm-[a-z-]+", code)
            wrong += [f"{page.name}: {name}" for name in used if name not in options()]
    assert wrong == []


def documented(root):
    return "\n".join(page.read_text(encoding="utf-8") for page in (root / "docs").glob("*.md"))


def test_every_option_is_described(root):
    assert "--lm-chapter" in options()
    text = documented(root)
    assert sorted(name for name in options() if f"`{name}" not in text) == []


def test_every_command_is_described(root):
    text = documented(root) + (root / "README.md").read_text(encoding="utf-8")
    assert sorted(name for name in commands() if f"lmworkbook {name}" not in text) == []


def headings(root):
    """Every heading of ``docs/messages.md``, without code marks."""
    page = root / "docs" / "messages.md"
    assert page.is_file(), "docs/messages.md explains every message; it is missing"
    lines = re.findall(r"^#{2,4} (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {word for line in lines for word in re.findall(r"[\w-]+", line)}


def codes(package_files):
    """Codes of diagnostics: literal first arguments of what makes one, and what reading YAML can say."""
    found = set(SOURCE_CODES)
    places = {"diagnose": 0, "PydanticCustomError": 0, "refusal": 0, "_reader": 1}
    for path in package_files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in places and len(node.args) > places[name]:
                    found |= literals(node.args[places[name]])
    return found


def literals(node):
    if isinstance(node, ast.IfExp):
        return literals(node.body) | literals(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_codes_are_found(package_files):
    assert {"duplicate-key", "not-a-number", "missing-key", "bad-range", "bad-reference"} <= codes(
        package_files
    )


def test_every_code_is_explained(root, package_files):
    assert sorted(codes(package_files) - headings(root)) == []


@pytest.mark.parametrize("words", [Verdict, Reason])
def test_every_verdict_and_reason_is_explained(root, words: type[Enum]):
    assert sorted({one.value for one in words} - headings(root)) == []
