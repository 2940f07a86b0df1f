"""What a box shows: the Python environment, and of ours only what a worker imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_lmworkbook.judge.sandbox.bubblewrap import Bubblewrap
from pytest_lmworkbook.judge.sandbox.kernel_walls import _readable
from pytest_lmworkbook.judge.sandbox.visible import (
    PACKAGE,
    View,
    view_of_this_machine,
    worker_files,
)


def test_a_worker_needs_few_of_our_files_and_none_that_knows_an_answer() -> None:
    files = worker_files()
    assert {"judge/forkserver.py", "judge/worker.py", "judge/codec.py"} <= {*files}
    assert {name.partition("/")[0] for name in files} == {"__init__.py", "judge"}
    assert not {"judge/process.py", "judge/answers.py", "judge/sandbox/probe.py"} & {*files}


def test_the_files_are_enough_to_start_a_worker(tmp_path: Path) -> None:
    for name in worker_files():
        target = tmp_path / "pytest_lmworkbook" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PACKAGE / name).read_bytes())
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pytest_lmworkbook.judge.forkserver"
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=60)


def test_a_problem_set_inside_of_a_visible_folder_is_hidden() -> None:
    folder = Path(sys.base_prefix) / "some-problem-set"
    assert folder in view_of_this_machine([folder]).hidden
    assert folder.parent in view_of_this_machine().folders or str(folder).startswith("/usr")


def test_landlock_lists_around_what_is_hidden(tmp_path: Path) -> None:
    for name in ("site/ours/builtin", "site/torch", "lib"):
        (tmp_path / name).mkdir(parents=True)
    view = View((tmp_path,), (), (tmp_path / "site" / "ours",))
    read, listed = _readable(view)
    assert read == [str(tmp_path / "lib"), str(tmp_path / "site" / "torch")]
    assert listed == [str(tmp_path), str(tmp_path / "site")]


@pytest.mark.skipif(bool(Bubblewrap().obstacle()), reason="there is no bwrap")
def test_bubblewrap_covers_what_is_hidden(tmp_path: Path) -> None:
    hidden = Path(sys.base_prefix) / "some-problem-set"
    view = view_of_this_machine([hidden])
    wrap = Bubblewrap().variants(view)[-1].build(tmp_path).wrap
    assert wrap is not None
    command = wrap(["true"], tmp_path / "s-1")
    assert ["--tmpfs", str(hidden)] in [command[i : i + 2] for i in range(len(command))]
    assert "--clearenv" in command
    assert command[-2:] == ["--", "true"]
