"""What the tests of the repository itself share: its files, and every import statement with when it runs."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pytest_lmworkbook"

IMPORT, CALL, TYPING = "when imported", "when called", "for types only"


@dataclass(frozen=True)
class Import:
    """One import of one module."""

    importer: str
    imported: str
    when: str
    line: int

    @property
    def top(self) -> str:
        return self.imported.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported} {self.when}"


def module_name(path: Path) -> str:
    """``pytest_lmworkbook.judge`` for ``pytest_lmworkbook/judge/__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield from _imports(tree, name, package, IMPORT)


def _imports(node: ast.AST, importer: str, package: str, when: str) -> Iterator[Import]:
    match node:
        case ast.Import():
            for one in node.names:
                yield Import(importer, one.name, when, node.lineno)
        case ast.ImportFrom():
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])]) if node.level else node.module
            for one in node.names:
                yield Import(importer, _submodule(base or "", one.name), when, node.lineno)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            for child in node.body:
                yield from _imports(child, importer, package, TYPING)
            for child in node.orelse:
                yield from _imports(child, importer, package, when)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            later = when if when == TYPING else CALL
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, importer, package, later)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, importer, package, when)


def _submodule(base: str, name: str) -> str:
    """What ``from base import name`` loads: the submodule, where there is one of that name."""
    place = ROOT.joinpath(*base.split("."), name)
    is_module = base and (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file())
    return f"{base}.{name}" if is_module else base


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def package_files() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(scope="session")
def imports(package_files) -> list[Import]:
    """Every import of the package."""
    return [one for path in package_files for one in imports_of(path)]


@pytest.fixture(scope="session")
def imports_in():
    """Every import of another folder of the repository."""
    return lambda folder: [
        one for path in sorted((ROOT / folder).rglob("*.py")) for one in imports_of(path)
    ]


@pytest.fixture(scope="session")
def repository_texts() -> dict[str, str]:
    """Path to text of every file that belongs to the repository, written or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    found = {}
    for name in filter(None, done.stdout.split("\0")):
        try:
            found[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture; a file that is deleted and not committed yet
    return found
