"""`lmworkbook verify` finds no fault in built-in problems."""

from __future__ import annotations

import json

import pytest

from pytest_lmworkbook import cli

#: One of each kind; `.ci/run` verifies all of them with the command itself.
IDS = ("lm/2.5", "lm/4.1", "lm/4.4", "tm/0.4", "tm/0.5", "tm/0.6")


@pytest.mark.parametrize("problem", [*IDS, pytest.param("lm/4.6", marks=pytest.mark.slow)])
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
