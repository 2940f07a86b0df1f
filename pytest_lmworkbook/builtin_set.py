"""Where the built-in problem set is: in the wheel inside the package, in a checkout the repository's top level."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def builtin_root() -> Path:
    """The folder with ``problems/``, ``reference/``, ``kernels/`` and ``student_template/``."""
    installed = _PACKAGE / "builtin"
    return installed if installed.is_dir() else _PACKAGE.parent
