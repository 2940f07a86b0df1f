"""`verify` refuses a problem that proves nothing, each time with the reason."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.authoring.catalogue import Catalogue
from pytest_lmworkbook.authoring.verify import verify_problems
from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.kinds.registry import load_kinds

if TYPE_CHECKING:
    from pathlib import Path

PROBLEM = """\
title: Twice
kind: build
entry: twice
prompt: Write twice(x).
hints: [Add it to itself.]
reference: reference/twice.py::twice
properties: [{properties}]
accepted: [{accepted}]
mistakes:
  - {{replace: "{old}", with: "{new}", says: It is not doubled.}}
"""
REFERENCE = """\
from __future__ import annotations
import random
import torch
from jaxtyping import Float
from torch import Tensor


def twice(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    return {body}


def rounded(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    return 2 * x * (1 + 1e-4)


def anything_goes(call, inputs):
    '''Nothing is wrong with anything.'''
    call(**inputs)
"""


@pytest.fixture
def faults(tmp_path: Path):
    """The faults of the one problem of a set made from a few words."""

    def verify(
        *,
        body: str = "2 * x",
        old: str = "2 * x",
        new: str = "x",
        properties: str = "matches_reference",
        accepted: str = "",
    ) -> str:
        chapter = tmp_path / "problems" / "own" / "01-first"
        chapter.mkdir(parents=True)
        (tmp_path / "reference").mkdir()
        (tmp_path / "problems/own/workbook.yaml").write_text(
            "title: Own\nchapters: [{id: '1', title: First}]\n"
        )
        text = PROBLEM.format(properties=properties, accepted=accepted, old=old, new=new)
        (chapter / "1.1-twice.yaml").write_text(text)
        (tmp_path / "reference/twice.py").write_text(REFERENCE.format(body=body))
        kinds = load_kinds()
        problems = list(Catalogue([tmp_path], builtin_root(), kinds).problems())
        (report,) = verify_problems(problems, kinds)
        return "\n".join(report.faults)

    return verify


def test_a_sound_problem_has_no_fault(faults):
    assert faults() == ""


def test_a_mistake_that_passes(faults):
    assert faults(new="x + x") == "mistake [2 * x] passes: no case notices it"


def test_a_property_that_refuses_nothing(faults):
    own = "matches_reference, {name: anything_goes, check: 'reference/twice.py::anything_goes'}"
    assert faults(properties=own).startswith(
        "property anything_goes is vacuous here: it refuses no mistake"
    )


def test_a_reference_that_changes_its_mind(faults):
    found = faults(body="2 * x + random.random()", old="2 * x + random", new="x + random")
    assert "the reference is flaky: two calls gave different results for n=" in found


def test_a_mistake_that_rounding_could_explain(faults):
    found = faults(new="2 * x * (1 + 5.2e-4)", accepted="'reference/twice.py::rounded'")
    assert (
        "no clearance: the mistake 'It is not doubled.' goes 1.3 times as far as is allowed"
        in found
    )


def test_a_reference_that_raises(faults):
    found = faults(body="2 * x / torch.missing", old="2 * x", new="x")
    assert "the judge itself failed in matches_reference" in found
    assert "has no attribute 'missing'" in found


def test_a_generic_mutant_that_survives_is_shown_and_one_on_record_is_not(tmp_path, capsys):
    from pytest_lmworkbook import cli

    assert cli.main(["verify", "tm/0.5", "--mutate"]) == 0
    assert "18 of 19 mutants killed (1 equivalent)" in capsys.readouterr().out


def test_mutants_are_different_valid_python_and_keep_the_signature():
    from pytest_lmworkbook.authoring.mutants import make_mutants

    source = dedent(
        """
        def clipped(x, low=0):
            if x < low and True:
                x = max(low, x)
            return -x + 2.5
        """
    )
    mutants = list(make_mutants(source))
    sources = [mutant.source for mutant in mutants]
    assert len(set(sources)) == len(sources)
    assert all("def clipped(x, low=0):" in text for text in sources)
    changes = {mutant.change for mutant in mutants}
    assert {
        "if x < low and True:  ->  if x <= low and True:",
        "if x < low and True:  ->  if x < low or True:",
        "if x < low and True:  ->  if x < low and False:",
        "x = max(low, x)  ->  x = max(x, low)",
        "x = max(low, x)  ->  (left out)",
        "return -x + 2.5  ->  return x + 2.5",
        "return -x + 2.5  ->  return -x - 2.5",
        "return -x + 2.5  ->  return -x + 5.0",
    } <= changes
    for text in sources:
        compile(indent(text, ""), "mutant", "exec")
