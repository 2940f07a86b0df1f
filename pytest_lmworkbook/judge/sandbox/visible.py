"""What of this machine student code may read: the system, the Python environment, and nothing of ours."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.judge.launch import split_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).resolve().parents[2]
#: All of our package that the server and its workers import.
WORKER_FILES = (
    "__init__.py",
    *(
        f"judge/{name}.py"
        for name in (
            "__init__", "arrays", "child", "codec", "forkserver", "frames", "limits", "linux",
            "protocol", "rlimits", "stubs", "submission_modules", "traces", "watch", "worker",
            "sandbox/__init__", "sandbox/confine", "sandbox/identity", "sandbox/landlock",
            "sandbox/seccomp",
        )
    ),
)  # fmt: skip
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
