"""The tier ``sandbox`` as the rest of the judge sees it: an isolation whose submissions live in boxes.

A box is a fork server behind walls, for one student's folder: what one submission leaves behind, another
never meets. Our own code (a wrong kernel that is run for a diagnosis) gets a server without walls.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.judge.sandbox.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_lmworkbook.judge.process import ProcessSubmission
    from pytest_lmworkbook.judge.sandbox.tier import Variant
    from pytest_lmworkbook.judge.submission import SubmissionSpec

_PREFIX = "lmworkbook-box-"


class SandboxIsolation:
    """One way to build boxes, chosen and probed by `choose`.

    Args:
        name: ``sandbox:bubblewrap``.
        variant: How a box is built.
        preload: Libraries to import before the first submission needs them.
    """

    def __init__(self, name: str, variant: Variant, *, preload: Collection[str] = ()) -> None:
        self.name = name
        self._variant = variant
        self._preload = frozenset(preload)
        self._boxes: list[_Box] = []
        self._own: ProcessIsolation | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Build a first box; it imports while the judge does."""
        if not self._boxes:
            self._boxes.append(_Box(self.name, self._variant, self._preload))
            self._boxes[0].isolation.start()

    def open(self, spec: SubmissionSpec) -> ProcessSubmission:
        """A worker in the box of this submission."""
        if spec.is_ours:
            self._own = self._own or ProcessIsolation(preload=self._preload)
            return self._own.open(spec)
        return self._box_for(spec.root.resolve()).open(spec)

    def close(self) -> None:
        """End every box."""
        for box in self._boxes:
            box.close()
        self._boxes.clear()
        if self._own is not None:
            self._own.close()
            self._own = None

    def _box_for(self, root: Path) -> _Box:
        for box in self._boxes:
            if box.mirror is None or box.root == root:
                box.root = root
                return box
        for box in [box for box in self._boxes if box.is_idle]:
            box.close()
            self._boxes.remove(box)
        box = _Box(self.name, self._variant, self._preload)
        box.root = root
        self._boxes.append(box)
        return box


class _Box:
    """One box, for one folder of a student's."""

    def __init__(self, name: str, variant: Variant, preload: Collection[str]) -> None:
        _remove_stale()
        self.root: Path | None = None
        self.mirror: Mirror | None = None
        self._base = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        # Held as long as we live, so that another run knows whose files nobody will remove any more.
        self._lock = (self._base / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (self._base / "submission").mkdir()
        (self._base / "submission").chmod(0o755)
        walls = variant.build(self._base)
        if walls.is_open_to_others:
            self._base.chmod(0o711)
        self.isolation = ProcessIsolation(
            preload=preload, walls=walls, name=name, within=self._base
        )
        self._submissions: list[ProcessSubmission] = []

    def open(self, spec: SubmissionSpec) -> ProcessSubmission:
        if self.mirror is None:
            self.mirror = Mirror(spec.root.resolve(), self._base / "submission")
        self.mirror.refresh()
        submission = self.isolation.open(replace(spec, root=self.mirror.folder))
        self._submissions = [one for one in self._submissions if not one.is_closed]
        self._submissions.append(submission)
        return submission

    @property
    def is_idle(self) -> bool:
        return all(submission.is_closed for submission in self._submissions)

    def close(self) -> None:
        self.isolation.close()
        self._lock.close()
        shutil.rmtree(self._base, ignore_errors=True)


def _remove_stale() -> None:
    """Remove the files of boxes whose judge was killed."""
    for base in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (base / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its owner lives
            shutil.rmtree(base, ignore_errors=True)
