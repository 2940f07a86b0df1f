"""Where a student's code was, from what `faulthandler` wrote when it hung or crashed.

The dump comes from a process that runs student code: it is text to search, nothing more.
"""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')
#: Source files beyond this are not opened for one line.
_MOST_SOURCE_BYTES = 1 << 20
_MOST_FRAMES = 100


@dataclass(frozen=True, slots=True)
class Place:
    """The innermost line of the student's own code.

    Attributes:
        at: ``lm/ch04.py:12``; empty when it is not known.
        source: That line, stripped.
        trace: The student's frames, outermost first, in Python's usual format.
    """

    at: str = ""
    source: str = ""
    trace: str = ""


def find_place(dump: str, root: Path) -> Place:
    """Search a dump for frames inside ``root``; the main thread's first."""
    blocks = re.split(r"^(?=(?:Current t|T)hread )", dump, flags=re.MULTILINE)
    blocks.sort(key=lambda block: not block.startswith("Current thread"))
    for block in blocks:
        frames = _student_frames(block, root)
        if frames:
            file, line, _ = frames[0]
            return Place(f"{file}:{line}", _source(root, file, line), _render(root, frames))
    return Place()


def _student_frames(block: str, root: Path) -> list[tuple[str, int, str]]:
    # faulthandler writes ASCII and escapes the rest as Python does.
    prefix = f"{root}/".encode("ascii", "backslashreplace").decode()
    matches = [match for match in map(_FRAME.match, block.splitlines()) if match]
    return [
        (match["file"].removeprefix(prefix), int(match["line"]), match["function"])
        for match in matches[:_MOST_FRAMES]
        if match["file"].startswith(prefix)
    ]


def _render(root: Path, frames: list[tuple[str, int, str]]) -> str:
    lines = []
    for file, line, function in reversed(frames):
        lines.append(f'  File "{file}", line {line}, in {function}')
        source = _source(root, file, line)
        lines += [f"    {source}"] if source else []
    return "\n".join(lines) + "\n"


def _source(root: Path, file: str, line: int) -> str:
    path = (root / file).resolve()
    try:
        readable = path.is_relative_to(root) and path.is_file()
        if not readable or path.stat().st_size > _MOST_SOURCE_BYTES:
            return ""
    except OSError:
        return ""
    linecache.checkcache(str(path))  # the file may have been edited since the last run
    return linecache.getline(str(path), line).strip()
