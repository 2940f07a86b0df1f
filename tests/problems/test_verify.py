"""`lmworkbook verify` finds no fault in any built-in problem."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.authoring.verify import verify_problems
from pytest_lmworkbook.builtin_set import builtin_root

IDS = sorted(
    f"{path.parents[1].name}/{path.stem.partition('-')[0]}"
    for path in builtin_root().glob("problems/*/*/*.yaml")
)


@pytest.mark.slow  # grades every known right and wrong version of every problem
@pytest.mark.parametrize("problem", IDS)
def test_it_accepts_what_is_right_and_catches_every_mistake(problems, kinds, problem):
    report = verify_problems([problems[problem]], kinds)
    assert [fault for one in report.problems for fault in one.faults] == []
    assert report.is_clean
    (one,) = report.problems
    assert one.count("reference") >= 1
    assert one.count("junk") >= 1
    assert one.count("mistake") >= 3
