"""The chooser fails closed, and the probe notices what a tier does not stop."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.judge.process import ProcessIsolation, ProcessSubmission
from pytest_lmworkbook.judge.sandbox.choose import TIERS, open_sandbox, try_tier
from pytest_lmworkbook.judge.sandbox.isolation import SandboxIsolation
from pytest_lmworkbook.judge.sandbox.probe import BREACHES, describe, find_breaches
from pytest_lmworkbook.judge.sandbox.tier import Variant
from pytest_lmworkbook.judge.submission import Isolation, SubmissionSpec
from pytest_lmworkbook.judge.walls import Walls

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_lmworkbook.judge.sandbox.visible import View

Submit = Callable[..., ProcessSubmission]


class Leaky:
    """A tier that builds no walls at all."""

    name = "leaky"
    cure = "build walls"
    tolerates: frozenset[str] = frozenset()

    def obstacle(self) -> str:
        return ""

    def variants(self, view: View) -> tuple[Variant, ...]:
        return (Variant(name="as it is", build=lambda _: Walls()),)


class Absent(Leaky):
    """A tier that is not installed."""

    name = "absent"
    cure = "install it"

    def obstacle(self) -> str:
        return "there is no such program"


class Breaking(Leaky):
    """A tier whose command ends at once."""

    name = "breaking"

    def variants(self, view: View) -> tuple[Variant, ...]:
        return (Variant(name="as it is", build=lambda _: Walls(wrap=lambda *_: ["false"])),)


def test_a_worker_process_alone_is_no_sandbox() -> None:
    with ProcessIsolation() as isolation:
        breaches = find_breaches(isolation)
    assert {"read", "secrets", "write", "submission", "tcp", "udp", "signal", "cmdline"} <= {
        *breaches
    }
    assert "variables" not in breaches
    assert all(name in BREACHES for name in breaches)
    assert "a file of the judge's could be read" in describe(breaches)


def test_a_tier_that_leaks_is_refused_with_what_leaked() -> None:
    trial = try_tier(Leaky())
    assert trial.variant is None
    assert trial.detail.startswith("as it is: ")
    assert "a TCP connection to the judge's machine was possible" in trial.detail


def test_without_a_sandbox_nothing_weaker_is_used() -> None:
    with pytest.raises(JudgeError) as caught:
        open_sandbox(tiers=[Absent(), Leaky(), Breaking()])
    text = str(caught.value)
    assert "no sandbox works on this machine, and nothing weaker is used instead" in text
    assert "absent: there is no such program\n    cure: install it" in text
    assert "leaky: as it is: " in text
    assert "breaking: as it is: the fork server ends as soon as it starts" in text


def test_the_first_tier_that_holds_is_chosen() -> None:
    working = [tier for tier in TIERS if try_tier(tier).variant is not None]
    if not working:
        pytest.skip("no sandbox works on this machine")
    with open_sandbox(tiers=[Absent(), *working]) as isolation:
        assert isinstance(isolation, Isolation)
        assert isolation.name == f"sandbox:{working[0].name}"


def test_no_file_and_no_process_stays(
    sandbox: SandboxIsolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "m.py").write_text("import tempfile\nn = tempfile.mkdtemp()\n")
    with SandboxIsolation(sandbox.name, sandbox._variant) as isolation:
        spec = SubmissionSpec(root=tmp_path / "student", modules=("m",))
        submission = isolation.open(spec)
        assert submission.isolation == sandbox.name
        assert submission.look("n").state == "value"
        server = isolation._boxes[0].isolation._server
        assert server is not None
        pid = server.pid
    submission.close()
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert [path.name for path in (tmp_path / "student").iterdir()] == ["m.py"]


def test_files_of_a_killed_judge_are_removed_by_the_next(
    sandbox: SandboxIsolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stale = tmp_path / "lmworkbook-box-stale"
    stale.mkdir()
    (stale / "lock").touch()
    with SandboxIsolation(sandbox.name, sandbox._variant) as isolation:
        isolation.start()
        assert not stale.exists()
        with SandboxIsolation(sandbox.name, sandbox._variant) as other:
            other.start()
        assert len(list(tmp_path.glob("lmworkbook-box-*"))) == 1  # ours, which is locked


def test_submissions_of_two_students_never_share_a_box(
    sandbox: SandboxIsolation, tmp_path: Path
) -> None:
    source = (
        "import glob, os, tempfile\n"
        "def leave():\n    open('/tmp/note', 'w').write('x')\n"
        "def seen():\n    return os.path.exists('/tmp/note')\n"
    )
    specs = []
    for name in ("ann", "bob"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text(source)
        specs.append(SubmissionSpec(root=tmp_path / name, modules=("m",)))
    with SandboxIsolation(sandbox.name, sandbox._variant) as isolation:
        ann = isolation.open(specs[0])
        if sandbox.name == "sandbox:bubblewrap":
            ann.call("leave")
        bob = isolation.open(specs[1])
        assert len(isolation._boxes) == 2
        assert bob.call("seen").value is False
        ann.close()
        bob.close()
        isolation.open(specs[0]).close()
        isolation.open(SubmissionSpec(root=tmp_path, modules=("m",))).close()
        assert len(isolation._boxes) == 1  # idle boxes of others are given up


def test_a_changed_file_is_seen_by_the_next_worker(submit: Submit, tmp_path: Path) -> None:
    submission = submit("n = 1\n")
    assert submission.look("n").value == 1
    submission.close()
    (tmp_path / "student" / "lm" / "ch04.py").write_text("n = 22\n")
    assert submit("n = 22\n").look("n").value == 22


def test_our_own_code_runs_outside_of_the_box(sandbox: SandboxIsolation, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("here = __file__\n")
    spec = SubmissionSpec(root=tmp_path, modules=("m",), is_ours=True)
    with SandboxIsolation(sandbox.name, sandbox._variant) as isolation:
        submission = isolation.open(spec)
        assert submission.look("here").value == str(tmp_path / "m.py")
        submission.close()
