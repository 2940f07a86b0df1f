"""The report formats by name, and writing one: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import LMWorkbookError
from pytest_lmworkbook.report import jsonfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_lmworkbook.judge.verdict import RunResult

FORMATS: dict[str, Callable[[RunResult], str]] = {"json": jsonfile.render}


def parse_target(text: str) -> tuple[str, Path]:
    """``json:results/r.json`` to format and path.

    Raises:
        LMWorkbookError: No such format, or no path.
    """
    name, _, path = text.partition(":")
    if name not in FORMATS or not path:
        formats = ", ".join(FORMATS)
        raise LMWorkbookError(f"wanted FORMAT:PATH with one of the formats {formats}, got {text!r}")
    return name, Path(path)


def write_report(run: RunResult, name: str, path: Path) -> None:
    """Write a report through a temporary file beside it, so that a reader never sees half of one.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(FORMATS[name](run))
        os.chmod(temporary, 0o644)  # noqa: PTH101  # mkstemp makes it private; a report is for others to read
        os.replace(temporary, path)  # noqa: PTH105  # the atomic step
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
