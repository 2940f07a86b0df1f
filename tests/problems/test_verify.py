"""`lmworkbook verify` finds no fault in any built-in problem."""

from __future__ import annotations

import json

import pytest

from pytest_lmworkbook import cli
from pytest_lmworkbook.builtin_set import builtin_root

IDS = sorted(
    f"{path.parents[1].name}/{path.stem.partition('-')[0]}"
    for path in builtin_root().glob("problems/*/*/*.yaml")
)


@pytest.mark.slow  # grades every known right and wrong version of every problem
@pytest.mark.parametrize("problem", IDS)
def test_it_accepts_what_is_right_and_catches_every_mistake(capsys, problem):
    status = cli.main(["verify", problem, "--json"])
    report = json.loads(capsys.readouterr().out)
    (one,) = report["problems"]
    assert one["faults"] == []
    assert (status, report["clean"], one["problem"]) == (0, True, problem)
    roles = [specimen["role"] for specimen in one["specimens"]]
    assert roles.count("reference") >= 1
    assert roles.count("junk") >= 1
    assert roles.count("mistake") >= 3
