"""Every built-in problem file loads, fits its schema and says what its sources say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from pytest_lmworkbook import cli
from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.kinds.derive import DeriveSpec
from pytest_lmworkbook.learn.template import render_template
from pytest_lmworkbook.problem.diagnostics import render_diagnostics
from pytest_lmworkbook.problem.load import BrokenProblem, ProblemSet
from pytest_lmworkbook.problem.schema import render_schema

if TYPE_CHECKING:
    from pathlib import Path

ROOT = builtin_root()
FILES = sorted(ROOT.glob("problems/*/*/*.yaml"))
NAMES = [path.stem for path in FILES]
SCHEMA = ROOT / "problems" / "problem.schema.json"
#: Every kind is used by at least one problem of the seeds.
KINDS = {"derive", "choose", "order", "design", "bug", "build", "kernel"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_it_loads(problems, path):
    problem = next(one for one in problems.values() if one.path == path)
    if isinstance(problem, BrokenProblem):
        pytest.fail(render_diagnostics(problem.diagnostics), pytrace=False)


def test_no_file_is_passed_over(problems):
    assert sorted(one.path for one in problems.values()) == FILES
    assert {one.spec.kind for one in problems.values()} == KINDS


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_it_fits_the_schema_that_editors_check_with(path):
    # As an editor reads it, with YAML's own types; our loader reads every scalar as text.
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    faults = sorted(jsonschema.Draft202012Validator(schema).iter_errors(value), key=str)
    assert [f"{fault.json_path}: {fault.message[:200]}" for fault in faults] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value | {"promt": "misspelt"},
        lambda value: value | {"kind": "derrive"},
        lambda value: {key: one for key, one in value.items() if key != "title"},
        lambda value: value | {"hints": "not a list"},
        lambda value: value | {"answer": {"unit": "FLOP/byte", "tolerance": 1}},
    ],
)
def test_the_schema_refuses_what_does_not_fit(spoil):
    path = next(path for path in FILES if path.stem == "4.1-h100-ridge-point")
    value = spoil(yaml.safe_load(path.read_text(encoding="utf-8")))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(value)) != []


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_schema_has_not_drifted_from_the_models(kinds):
    wanted = render_schema(kinds)
    assert SCHEMA.read_text(encoding="utf-8") == wanted, (
        "write it again: lmworkbook schema > problems/problem.schema.json"
    )


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_first_line_names_the_schema(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix, _, target = first.partition("=")
    assert prefix == "# yaml-language-server: $schema"
    assert (path.parent / target).resolve() == SCHEMA


def test_the_student_template_has_not_drifted_from_the_problems(kinds):
    wanted = render_template(ProblemSet(ROOT, kinds).workbook("lm"), kinds)
    folder = ROOT / "student_template"
    written = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not _is_litter(path.relative_to(folder))
    }
    assert written == wanted, (
        "write it again: rm -r student_template && lmworkbook new student_template"
    )


def _is_litter(path: Path) -> bool:
    """What running pytest there leaves behind."""
    return bool({"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts))


@pytest.fixture
def answers(capsys):
    def read(*options):
        assert cli.main(["answer", *options, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return read


def test_answers_agree_with_what_the_sources_printed(problems, answers):
    numeric = {
        identity: problem
        for identity, problem in problems.items()
        if isinstance(problem.spec, DeriveSpec)
    }
    found = answers("--all")
    assert set(found) == set(numeric)
    checked = 0
    for identity, problem in numeric.items():
        wanted = problem.spec.answer
        assert found[identity]["answer"]["unit"] == wanted.unit
        if wanted.published is not None and not wanted.erratum:
            assert found[identity]["answer"]["value"] == pytest.approx(
                wanted.published, rel=wanted.rtol
            ), identity
            checked += 1
    assert checked >= 4


def test_answers_of_the_seeds(answers):
    # Worked out by hand: 989e12 / 3.35e12, 2 * 1 / 2, 2 * 2048 / 2, 2 * 4096 * 2.
    found = answers("lm/4.1", "lm/4.2", "lm/4.3", "lm/4.5")
    assert {identity: one["answer"]["value"] for identity, one in found.items()} == {
        "lm/4.1": pytest.approx(295.2238806),
        "lm/4.2": pytest.approx(1),
        "lm/4.3": pytest.approx(2048),
        "lm/4.5": pytest.approx(16384),
    }


def test_a_variant_has_other_answers(answers):
    assert answers("lm/4.1", "--variant=ann") != answers("lm/4.1")
    assert answers("lm/4.1", "--variant=ann") == answers("lm/4.1", "--variant=ann")
