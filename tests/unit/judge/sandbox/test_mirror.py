"""The copy of a submission: what the student wrote, and nothing that leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.judge.sandbox import mirror
from pytest_lmworkbook.judge.sandbox.mirror import Mirror


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def copied(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )


def test_history_caches_and_environments_stay_out(tmp_path: Path) -> None:
    source = make(
        tmp_path / "student",
        "lm/ch04.py",
        "data/a.bin",
        ".git/config",
        "lm/__pycache__/ch04.pyc",
        "my-env/pyvenv.cfg",
        "my-env/lib/x.py",
    )
    (tmp_path / "copy").mkdir()
    Mirror(source, tmp_path / "copy").refresh()
    assert copied(tmp_path / "copy") == ["data/a.bin", "lm/ch04.py"]


def test_links_stay_links_and_pipes_stay_out(tmp_path: Path) -> None:
    source = make(tmp_path / "student", "a.py")
    (source / "inside.py").symlink_to("a.py")
    (source / "outside").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    (tmp_path / "copy").mkdir()
    Mirror(source, tmp_path / "copy").refresh()
    assert copied(tmp_path / "copy") == ["a.py", "inside.py", "outside"]
    assert (tmp_path / "copy" / "outside").readlink() == Path("/etc/passwd")
    assert (tmp_path / "copy" / "inside.py").read_text() == "a.py"


def test_the_copy_follows_changes(tmp_path: Path) -> None:
    source = make(tmp_path / "student", "a.py", "b.py")
    (tmp_path / "copy").mkdir()
    copy = Mirror(source, tmp_path / "copy")
    copy.refresh()
    before = (tmp_path / "copy" / "a.py").stat().st_ino
    copy.refresh()
    assert (tmp_path / "copy" / "a.py").stat().st_ino == before
    (source / "a.py").write_text("changed")
    (source / "b.py").unlink()
    copy.refresh()
    assert copied(tmp_path / "copy") == ["a.py"]
    assert (tmp_path / "copy" / "a.py").read_text() == "changed"


def test_a_submission_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(tmp_path / "student", "a", "b", "c")
    (tmp_path / "copy").mkdir()
    monkeypatch.setattr(mirror, "MOST_FILES", 2)
    with pytest.raises(JudgeError, match="too large to copy for the sandbox: more than 2 files"):
        Mirror(source, tmp_path / "copy").refresh()
