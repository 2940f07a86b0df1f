"""What of this machine student code may read: the system, the Python environment, and nothing of ours."""

from __future__ import annotations

import ast
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.judge.launch import split_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).resolve().parents[2]
#: What runs in a box; of our package only what these import, at any depth, is there.
_ENTRY_MODULES = ("pytest_lmworkbook.judge.forkserver",)
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
#: What programs look up in /etc to start and to tell the time; no accounts, no keys, no settings.
_SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "mime.types")
_OF_OUR_SET = ("problems", "reference", "kernels", "student_template", "tests", "examples", ".git")


@dataclass(frozen=True, slots=True)
class View:
    """What may be read.

    Attributes:
        folders: With all that is in them; some may be symbolic links, as /lib often is.
        settings: Files and folders below /etc.
        hidden: Inside of ``folders`` and still not to be seen.
    """

    folders: tuple[Path, ...]
    settings: tuple[Path, ...]
    hidden: tuple[Path, ...]


def view_of_this_machine(hidden: Iterable[Path] = ()) -> View:
    """The system, the interpreter, what it imports from, minus our package and every problem set.

    Args:
        hidden: Folders of problem sets besides the built-in one.
    """
    system = [Path(name) for name in _SYSTEM if Path(name).exists()]
    python = [folder for folder in _python_folders() if not any(map(folder.is_relative_to, system))]
    folders = (*system, *_outermost(python))
    secret = [PACKAGE, *_set_folders(), *(path.resolve() for path in hidden)]
    return View(
        folders,
        tuple(path for path in (Path("/etc", name) for name in _SETTINGS) if path.exists()),
        tuple(path for path in _outermost(secret) if any(map(path.is_relative_to, folders))),
    )


@functools.cache
def worker_files() -> tuple[str, ...]:
    """All of our package that the server and its workers import, as paths below the package."""
    found: dict[str, Path] = {}
    pending = list(_ENTRY_MODULES)
    while pending:
        name = pending.pop()
        path = _file_of(name)
        if path is None or name in found:
            continue
        found[name] = path
        pending += [name.rpartition(".")[0], *_imports(path)]
    return tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in found.values()))


def _file_of(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports when it runs, inside of functions too."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            names = []
        yield from (name for name in names if name.partition(".")[0] == PACKAGE.name)
        pending += ast.iter_child_nodes(node)


def secret_folders() -> tuple[Path, ...]:
    """Folders of ours that a sandbox must not show; the probe tries to read them."""
    return tuple(path for path in _set_folders() if path.is_dir())


def _set_folders() -> tuple[Path, ...]:
    return tuple(builtin_root() / name for name in _OF_OUR_SET)


def _python_folders() -> Iterator[Path]:
    trusted, _, _ = split_path(sys.path)
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    for prefix in prefixes:
        yield Path(prefix)
        yield Path(prefix).resolve()
    for folder in trusted:
        if Path(folder).is_dir():
            yield Path(folder)
            yield Path(folder).resolve()
    executable = Path(sys.executable)
    while True:  # each link of a chain such as .venv/bin/python -> python3 -> ~/.pyenv/...
        yield executable.parent
        if not executable.is_symlink():
            return
        executable = executable.parent / executable.readlink()


def _outermost(folders: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in sorted(set(folders), key=lambda path: len(path.parts)):
        if not any(map(folder.is_relative_to, found)):
            found.append(folder)
    return found
