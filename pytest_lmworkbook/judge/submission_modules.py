"""Import a submission's modules from its own folder, and only from there.

The folder comes after the standard library and before everything installed: a student's ``random.py``
breaks nothing, an installed ``tests`` package hides nothing. Runs in the worker; standard library only.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


class SubmissionModules:
    """The modules of one submission, each imported at most once.

    Args:
        root: The submission's folder, resolved.
        names: Dotted names in the order in which an entry is looked up.
    """

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self._root = root
        self._names = names
        self._failures: dict[str, BaseException] = {}
        self._aside: dict[str, ModuleType] = {}
        self._path = list(sys.path)
        self._write_bytecode = sys.dont_write_bytecode

    def open(self) -> None:
        """Put the folder on the path; move modules aside that would answer to the same names."""
        sys.path[:] = path_with(self._root, sys.path)
        sys.dont_write_bytecode = True  # leave nothing in the student's folder
        importlib.invalidate_caches()
        tops = {name.partition(".")[0] for name in self._names}
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            self._aside[name] = sys.modules.pop(name)
        for name in self._names:
            self._add_parents(name)

    def close(self) -> None:
        """Undo `open` (where the process lives on) and forget the submission's modules."""
        for name, module in list(sys.modules.items()):
            if self._is_ours(module):
                del sys.modules[name]
        sys.modules.update(self._aside)
        sys.path[:] = self._path
        sys.dont_write_bytecode = self._write_bytecode

    def find(self, entry: str) -> tuple[bool, object, str]:
        """Look an entry up in the modules, in order.

        Returns:
            Whether it was found, its value, and where: the module that has it, or what is missing.

        Raises:
            BaseException: Whatever importing a module raised, each time that it is asked for.
        """
        absent = []
        for name in self._names:
            module = self._import(name)
            if module is None:
                absent.append(f"there is no {file_of(name)}")
            elif entry in vars(module):
                return True, vars(module)[entry], name
            else:
                absent.append(f"{file_of(name)} defines no '{entry}'")
        return False, None, "; ".join(absent)

    def _import(self, name: str) -> ModuleType | None:
        if name in self._failures:
            raise self._failures[name].with_traceback(self._failures[name].__traceback__)
        if not self._has_file(name):
            return None
        try:
            return importlib.import_module(name)
        except BaseException as error:
            self._failures[name] = error
            raise

    def _has_file(self, name: str) -> bool:
        base = self._root.joinpath(*name.split("."))
        return base.with_name(f"{base.name}.py").is_file() or (base / "__init__.py").is_file()

    def _add_parents(self, name: str) -> None:
        """Give folders without ``__init__.py`` a module: an installed package would win over them."""
        parts = name.split(".")[:-1]
        for count in range(1, len(parts) + 1):
            parent, folder = ".".join(parts[:count]), self._root.joinpath(*parts[:count])
            if parent in sys.modules or (folder / "__init__.py").exists() or not folder.is_dir():
                continue
            spec = importlib.machinery.ModuleSpec(parent, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            sys.modules[parent] = importlib.util.module_from_spec(spec)

    def _is_ours(self, module: object) -> bool:
        file = getattr(module, "__file__", None)
        places = [file] if isinstance(file, str) else []
        if not places:
            search = getattr(module, "__path__", ())
            places = [place for place in search if isinstance(place, str)]
        return any(Path(place).is_relative_to(self._root) for place in places)


def file_of(module: str) -> str:
    """The file that a module name stands for: ``lm.ch04`` -> ``lm/ch04.py``."""
    return module.replace(".", "/") + ".py"


def path_with(root: Path, path: list[str]) -> list[str]:
    """``path`` with ``root`` behind the standard library and before everything else."""
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    first = [
        place for place in path if place.endswith((".zip", "lib-dynload")) or place in standard
    ]
    others = [place for place in path if place not in {*first, "", str(root)}]
    return [*first, str(root), *others]
