"""References: functions of a problem set, named by path (``reference/attention.py::softmax``).

A reference file is found, read and edited as text; it is imported only by `load_reference` and
`load_edited`, under a package name that belongs to its problem set. So references may import their
neighbours (``from .softmax import softmax``), two problem sets may hold the same file names, and no
module called ``reference`` appears. Knows nothing of what a reference computes.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import linecache
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.problem.diagnostics import HintedError, did_you_mean

Edits = Sequence[tuple[str, str]]
_EXAMPLE = "wanted a function's path, such as reference/attention.py::softmax"


class ReferencePathError(HintedError):
    """A reference that is no path, leaves the problem set, or names nothing."""


class EditError(HintedError):
    """An edit does not fit the source it is for."""


@dataclass(frozen=True, slots=True)
class ReferencePath:
    """A function in a file of the problem set; ``path`` is relative to the set's root."""

    path: PurePosixPath
    name: str

    def __str__(self) -> str:
        return f"{self.path}::{self.name}"


def parse_reference(text: str) -> ReferencePath:
    """Read ``reference/attention.py::softmax``; only the form is checked.

    Raises:
        ReferencePathError: Absolute, with '..', without '::', or not of importable names.
    """
    file, separator, name = text.strip().partition("::")
    if not separator:
        raise ReferencePathError(f"{_EXAMPLE}, got {text!r}", hint="put '::' before the function")
    if file.startswith(("/", "~")) or "\\" in file or ":" in file:
        hint = "a path is relative to the problem set, with '/'"
        raise ReferencePathError(f"{_EXAMPLE}, got {text!r}", hint=hint)
    path = PurePosixPath(file)
    if ".." in path.parts:
        hint = "a reference stays inside its problem set"
        raise ReferencePathError(f"'..' is not allowed in a reference, got {text!r}", hint=hint)
    if path.suffix != ".py":
        raise ReferencePathError(f"{_EXAMPLE}, got {text!r}", hint="the file's name ends in .py")
    for part in (*path.with_suffix("").parts, name):
        if not (part.isascii() and part.isidentifier()):
            hint = f"{part!r} is not a name that Python can import"
            raise ReferencePathError(f"{_EXAMPLE}, got {text!r}", hint=hint)
    return ReferencePath(path, name)


def resolve_reference(root: Path, ref: ReferencePath) -> Path:
    """The file of a reference, which defines the function at its top level.

    Raises:
        ReferencePathError: No such file or function, or a file outside the problem set, also by way
            of a symbolic link.
    """
    path = _contained(root, ref)
    _function(path, ref)
    return path


def function_source(root: Path, ref: ReferencePath) -> str:
    """The function's source with decorators and docstring, as it stands in the file."""
    path = _contained(root, ref)
    first, last = _function(path, ref)
    return "\n".join(_read(path).split("\n")[first - 1 : last]) + "\n"


def without_docstring(source: str) -> str:
    """The source without the docstrings of its top-level functions."""
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            source = _cut(source, node)
    return source


def edit_source(source: str, replace: str, with_: str) -> str:
    """Replace the only occurrence of a text.

    Raises:
        EditError: The text occurs never or several times, or the edit changes nothing.
    """
    if not replace or replace == with_:
        raise EditError("an edit must replace some text by another", hint=f"got {replace!r}")
    found = sum(source.startswith(replace, start) for start in range(len(source)))
    if found == 1:
        return source.replace(replace, with_)
    hint = "write more of the line, so that it occurs once"
    if not found:
        lines = [line.strip() for line in source.splitlines() if line.strip()]
        near = did_you_mean(replace.strip(), lines)
        hint = near if near.startswith("did") else "copy the text from the reference"
    count = f"{found} times" if found else "nowhere"
    raise EditError(f"{replace!r} must occur once in the function, it occurs {count}", hint=hint)


def edited_source(root: Path, ref: ReferencePath, edits: Edits) -> str:
    """The function's source without its docstring, with the edits applied in order.

    The docstring goes first: an edit must not count, or change, a formula that is only explained.

    Raises:
        ReferencePathError: There is no such function.
        EditError: An edit does not fit, or the result is not Python.
    """
    source = without_docstring(function_source(root, ref))
    for replace, with_ in edits:
        source = edit_source(source, replace, with_)
    try:
        ast.parse(source)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise EditError(f"after its edits {ref} is not Python: {error.msg} in {line!r}") from error
    return source


def load_reference(root: Path, ref: ReferencePath) -> Callable[..., object]:
    """Import the reference's file and return the function.

    Raises:
        JudgeError: It cannot be found or imported, for whatever reason.
    """
    try:
        resolve_reference(root, ref)
    except ValueError as error:
        raise JudgeError(str(error)) from error
    importlib.invalidate_caches()  # the file may be younger than the last look at its folder
    try:
        module = importlib.import_module(_module_name(root, ref))
    except (Exception, SystemExit) as error:
        raise _not_importable(ref, error) from error
    return _attribute(module, ref)


def load_edited(
    root: Path, ref: ReferencePath, edits: Edits, *, function: str = ""
) -> Callable[..., object]:
    """The function from a copy of its file in which one function is edited.

    The whole copy is executed, so that what else the file defines calls the edited function; the
    original module is left alone. The copy's source can be inspected, as ``triton.jit`` needs it.

    Args:
        edits: Pairs (text that occurs once in the function, text to put there); see `edited_source`.
        function: The function to edit when it is not ``ref`` itself: a launcher's kernel.

    Raises:
        JudgeError: There is no such function, an edit does not fit, or the copy cannot be executed.
    """
    try:
        text = edited_file(root, ref, edits, function=function)
    except ValueError as error:
        raise JudgeError(str(error)) from error
    return _attribute(_execute(root, ref, text), ref)


def edited_file(root: Path, ref: ReferencePath, edits: Edits, *, function: str = "") -> str:
    """The text of the reference's whole file in which one function is edited; see `load_edited`.

    Raises:
        ReferencePathError: There is no such function.
        EditError: An edit does not fit, or the result is not Python.
    """
    target = ReferencePath(ref.path, function or ref.name)
    resolve_reference(root, ref)
    return replaced_file(root, target, edited_source(root, target, edits))


def replaced_file(root: Path, ref: ReferencePath, source: str) -> str:
    """The text of the reference's whole file with another source of the function.

    Raises:
        ReferencePathError: There is no such function.
    """
    path = resolve_reference(root, ref)
    first, last = _function(path, ref)
    lines = _read(path).split("\n")
    return "\n".join([*lines[: first - 1], source.rstrip("\n"), *lines[last:]])


def _execute(root: Path, ref: ReferencePath, text: str) -> types.ModuleType:
    """The module of an edited file; the same text gives the same module."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = f"{_module_name(root, ref)}__edited_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module = types.ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    module.__file__ = f"<edited {ref.path} {digest}>"
    # No modification time: linecache never drops the entry, so that inspect finds the source.
    entry = (len(text), None, text.splitlines(keepends=True), module.__file__)
    linecache.cache[module.__file__] = entry
    sys.modules[name] = module
    try:
        importlib.import_module(module.__package__)  # relative imports need their package
        # The problem set's own code, as trusted as the file it comes from; nothing from YAML but
        # the edits that the same author wrote.
        exec(compile(text, module.__file__, "exec"), module.__dict__)  # noqa: S102
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _not_importable(ref, error) from error
    return module


def _not_importable(ref: ReferencePath, error: BaseException) -> JudgeError:
    return JudgeError(f"{ref} cannot be imported: {type(error).__name__}: {error}")


def _attribute(module: types.ModuleType, ref: ReferencePath) -> Callable[..., object]:
    found = getattr(module, ref.name, None)
    if not callable(found):
        raise JudgeError(f"{ref} is not a function after import, got {type(found).__name__}")
    return found  # type: ignore[no-any-return] # callable is all that can be known


def _module_name(root: Path, ref: ReferencePath) -> str:
    """The file's import name, below a package that stands for the problem set."""
    folder = str(root.resolve())
    package = f"_lmworkbook_set_{hashlib.sha256(folder.encode()).hexdigest()[:12]}"
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = [folder]
        sys.modules[package] = module
    return ".".join([package, *ref.path.with_suffix("").parts])


def _contained(root: Path, ref: ReferencePath) -> Path:
    """The reference's file, which exists inside the problem set."""
    top = root.resolve()
    path = (top / ref.path).resolve()
    if not path.is_relative_to(top):
        hint = "a reference stays inside its problem set"
        raise ReferencePathError(f"{ref.path} leads out of the problem set, to {path}", hint=hint)
    if not path.is_file():
        folder = (top / ref.path).parent
        names = [one.name for one in folder.glob("*.py")] if folder.is_dir() else []
        hint = did_you_mean(ref.path.name, names) or f"there is no folder {ref.path.parent}"
        raise ReferencePathError(f"there is no file {ref.path}", hint=hint)
    return path


def _function(path: Path, ref: ReferencePath) -> tuple[int, int]:
    """First and last line, from 1, of the function that the reference names."""
    state = path.stat()
    try:
        functions = _functions(path, state.st_mtime_ns, state.st_size)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        at = f"line {line} of {ref.path}" if line else str(ref.path)
        raise ReferencePathError(f"{at} is not Python: {error}") from error
    if ref.name not in functions:
        hint = did_you_mean(ref.name, functions)
        raise ReferencePathError(f"{ref.path} defines no function '{ref.name}'", hint=hint)
    return functions[ref.name]


@functools.lru_cache(maxsize=256)
def _functions(path: Path, mtime_ns: int, size: int) -> dict[str, tuple[int, int]]:  # noqa: ARG001 - the key of the cache
    """Lines of each top-level function, decorators included; parsed once per state of the file."""
    return {
        node.name: (
            min([node.lineno, *(one.lineno for one in node.decorator_list)]),
            node.end_lineno or node.lineno,
        )
        for node in ast.parse(_read(path)).body
        if isinstance(node, ast.FunctionDef)
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _cut(source: str, function: ast.FunctionDef) -> str:
    """The source without the function's docstring; `...` takes the place of an empty body."""
    docstring = function.body[0]
    lines = source.split("\n")
    first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
    # ast counts columns in bytes of UTF-8
    before = lines[first].encode()[: docstring.col_offset].decode()
    after = lines[last].encode()[docstring.end_col_offset or 0 :].decode().lstrip(" ;")
    if len(function.body) == 1:
        kept = [f"{before}...{'  ' if after else ''}{after}"]
    elif before.strip() or (after and not after.startswith("#")):
        kept = [before + after]
    else:
        kept = []
        if last + 1 < len(lines) and not lines[last + 1].strip():
            last += 1  # the blank line that set the docstring apart
    return "\n".join([*lines[:first], *kept, *lines[last + 1 :]])
