"""A copy of a submission for the box: what the student wrote, without links out of it and without history.

Taken before any student code runs, and again when a file has changed.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Never part of an answer, and often large.
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    | {".hypothesis", ".tox", ".nox", "node_modules", ".ipynb_checkpoints"}
)
MOST_FILES = 20_000
MOST_MIB = 1024


class Mirror:
    """A read-only copy of one folder.

    Args:
        source: The submission.
        folder: Where the copy lies; it exists already and keeps its identity, since a box binds it.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self.folder = folder
        self._known: dict[str, tuple[int, ...]] | None = None

    def refresh(self) -> None:
        """Copy, unless nothing has changed since the last time.

        Raises:
            JudgeError: The folder is too large to copy, or cannot be read.
        """
        try:
            found = dict(self._scan())
            if found == self._known:
                return
            empty_folder(self.folder)
            for name, (mode, *_) in found.items():
                self._copy(name, mode)
        except OSError as fault:
            raise JudgeError(f"{self._source} cannot be copied for the sandbox: {fault}") from fault
        self._known = found

    def _scan(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        files, size = 0, 0
        for folder, folders, names in os.walk(self._source):
            folders[:] = sorted(name for name in folders if self._belongs(Path(folder, name)))
            for name in (*folders, *sorted(names)):
                path = Path(folder, name)
                status = path.lstat()
                if not (stat.S_ISREG(status.st_mode) or _is_followed(status.st_mode)):
                    continue  # a pipe or a socket would stop the copy
                files, size = files + 1, size + status.st_size
                if files > MOST_FILES or size > MOST_MIB << 20:
                    raise JudgeError(
                        f"{self._source} is too large to copy for the sandbox: more than {MOST_FILES:,} files or "
                        f"{MOST_MIB:,} MiB. Keep data and checkpoints out of the submission"
                    )
                yield (
                    path.relative_to(self._source).as_posix(),
                    (status.st_mode, status.st_size, status.st_mtime_ns),
                )

    def _belongs(self, path: Path) -> bool:
        return path.name not in _LEFT_OUT and not (path / "pyvenv.cfg").exists()

    def _copy(self, name: str, mode: int) -> None:
        source, target = self._source / name, self.folder / name
        if stat.S_ISDIR(mode):
            target.mkdir()
            target.chmod(0o755)
        elif stat.S_ISLNK(mode):
            target.symlink_to(source.readlink())  # one that leads outside dangles in the box
        else:
            shutil.copyfile(source, target, follow_symlinks=False)
            target.chmod(0o755 if mode & 0o100 else 0o644)


def empty_folder(folder: Path) -> None:
    """Remove what is in a folder, whatever permissions its owner gave it; best effort."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, onerror=_open_and_retry)
        else:
            path.unlink(missing_ok=True)


def _open_and_retry(function: object, path: str, _: object) -> None:
    for one in (Path(path).parent, Path(path)):
        if not one.is_symlink():
            one.chmod(0o700)
    assert callable(function)
    function(path)


def _is_followed(mode: int) -> bool:
    return stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
