"""Files that students might hand in, by the verdict that they must get: ``<workbook>/<problem>/<verdict>/*.py``.

The verdict is that of the first case that fails, or of the first case when none does. A file's first line may say
what the student must be told: ``# told: ...`` is a piece of that case's message.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_lmworkbook.judge.verdict import Verdict

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*/*/*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE).as_posix())
def test_it_gets_its_verdict(grade_file, path):
    workbook, problem, verdict, _ = path.relative_to(HERE).parts
    results = list(grade_file(f"{workbook}/{problem}", path).values())
    first = next((one for one in results if one.verdict.is_failure), results[0])
    assert first.verdict is Verdict(verdict), first.detail or first.message
    if verdict == "accepted":
        assert [one.verdict for one in results] == [Verdict.ACCEPTED] * len(results)
    opening = path.read_text(encoding="utf-8").splitlines()[0]
    if opening.startswith("# told: "):
        assert opening.removeprefix("# told: ") in first.message


def test_there_are_files():
    assert len({path.parts[-2] for path in FILES}) >= 5
    assert len({path.parts[-3] for path in FILES}) >= 6
