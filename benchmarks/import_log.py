"""Writes down which process of a graded run executes which heavy library, for `torch_imports`.

Loaded into the judge as a pytest plugin (``-p benchmarks.import_log``); it puts itself in front of the fork server's
bootstrap too, because that process is isolated from PYTHONPATH. Workers are forked, so they inherit it.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

#: Names the file that gets a line ``<role> <process id> <module>`` per executed library.
LOG_VARIABLE = "LMWORKBOOK_IMPORT_LOG"
HEAVY = ("torch", "triton", "hypothesis", "numpy", "yaml", "rich", "pydantic", "pint", "jaxtyping")
#: In place of a module's name: the process has started.
STARTED = "-"


class ImportLog:
    """A finder that finds like any other, and writes a line when the library is executed."""

    def __init__(self, log: str, role: str) -> None:
        self.log = log
        self.role = role
        self.write(STARTED)

    def write(self, name: str) -> None:
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(f"{self.role} {os.getpid()} {name}\n")

    def forked(self) -> None:
        """The rest of this process's life is a worker's (or a command's that somebody runs)."""
        self.role = "worker" if self.role == "server" else self.role
        self.write(STARTED)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in HEAVY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_tell(module: Any) -> None:
                self.write(name)
                execute(module)

            spec.loader.exec_module = execute_and_tell  # type: ignore[method-assign]
        return spec


def install(log: str, role: str) -> None:
    """Watch the imports of this process and of those that it forks."""
    watcher = ImportLog(log, role)
    sys.meta_path.insert(0, watcher)  # type: ignore[arg-type]
    os.register_at_fork(after_in_child=watcher.forked)


def _watch_judge(log: str) -> None:
    from pytest_lmworkbook.judge import launch

    install(log, "judge")
    # No import system yet in the server: it reads this very file.
    prefix = (
        f"watch = {{'__name__': 'import_log'}}; exec(open({__file__!r}).read(), watch); "
        f"watch['install']({log!r}, 'server')\n"
    )
    launch._BOOTSTRAP = prefix + launch._BOOTSTRAP  # noqa: SLF001


if __name__ != "import_log" and LOG_VARIABLE in os.environ:
    _watch_judge(os.environ[LOG_VARIABLE])
