from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.stuck import Place, find_place

if TYPE_CHECKING:
    from pathlib import Path

DUMP = """\
Thread 0x00007f00 (most recent call first):
  File "{root}/lm/other.py", line 1 in wait

Current thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 5 in sleep
  File "{root}/lm/ch04.py", line 2 in inner
  File "{root}/lm/ch04.py", line 5 in outer
  File "/opt/judge/worker.py", line 9 in handle
"""


def test_the_main_threads_innermost_student_line_is_found(tmp_path: Path) -> None:
    (tmp_path / "lm").mkdir()
    (tmp_path / "lm/ch04.py").write_text(
        "def inner():\n    while True: pass\n\ndef outer():\n    inner()\n"
    )
    place = find_place(DUMP.format(root=tmp_path), tmp_path)
    assert place == Place(
        "lm/ch04.py:2",
        "while True: pass",
        '  File "lm/ch04.py", line 5, in outer\n    inner()\n'
        '  File "lm/ch04.py", line 2, in inner\n    while True: pass\n',
    )


def test_a_dump_without_student_frames_says_nothing(tmp_path: Path) -> None:
    assert find_place("", tmp_path) == Place()
    assert find_place(DUMP.format(root="/elsewhere"), tmp_path) == Place()


def test_a_forged_dump_opens_nothing_outside_the_submission(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("salt = 1\n")
    root = tmp_path / "student"
    root.mkdir()
    dump = (
        f'Current thread 1 (most recent call first):\n  File "{root}/../secret.py", line 1 in f\n'
    )
    assert find_place(dump, root).source == ""
