"""A problem file with faults: all of them are told, it costs nobody else anything, and the run says that we failed."""

from __future__ import annotations

import re

import pytest

#: A bad number, an unknown key, a duplicate key, a formula with an unknown name, a reference that is not there.
FIVE_FAULTS = """\
title: Full of faults
kind: derive
entry: faulty
points: many
reference: reference/areas.py::triangle
prompt: How wide is it?
promt: How wide is it?
inputs:
  width: {value: 12, range: [2, 900]}
answer: {unit: "", rtol: 1e-3, rtol: 1e-2}
mistakes:
  - formula: width + height
    says: There is no height here.
"""

WANTED = """\
{path}:4:9: not-a-number: 'points' must be a number, got 'many' (text)
     4 | points: many
                 ^^^^
  in: points
"""

EDIT_FAULTS = """\
title: Edits that do not apply
kind: build
entry: double
reference: reference/code.py::double
prompt: Double it.
properties: [matches_referense]
dims: {n: 9..1}
mistakes:
  - replace: "number - number"
    with: "number"
    says: Not in the source.
  - replace: "number + number"
    with: "number * 2"
    say: A key that is misspelt.
"""


@pytest.fixture
def spoiled(student):
    """A student with right answers, graded with a copy of the problem set that a test may add files to."""
    folder = student.own_copy() / "problems" / "mini"

    def add(name, text):
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    student.answer_all()
    student.add = add
    return student


def located(text, path):
    """The codes and places of every located message for a file."""
    found = re.findall(rf"^{re.escape(str(path))}:(\d+):(\d+): ([a-z-]+):", text, re.MULTILINE)
    return [(int(line), int(column), code) for line, column, code in found]


def test_every_fault_is_told_with_place_line_caret_and_the_others_are_graded(spoiled, verdicts):
    path = spoiled.add("01-areas/1.3-faulty.yaml", FIVE_FAULTS)
    result, report = spoiled.grade("--lm-chapter=mini:1", "--lm-isolation=none")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert located(text, path) == [
        (4, 9, "not-a-number"),
        (5, 12, "bad-reference"),
        (7, 1, "unknown-key"),
        (10, 32, "duplicate-key"),
        (12, 14, "unknown-name"),
    ]
    assert WANTED.format(path=path) in text
    assert "  hint: did you mean 'prompt'?\n" in text
    assert "     7 | promt: How wide is it?\n         ^^^^^\n" in text
    assert "FAILED mini/1.3::problem-file - the problem file has 5 faults" in text
    assert verdicts(report) == {
        "mini/1.1::value": "accepted",
        "mini/1.1::formula": "accepted",
        "mini/1.2::value": "accepted",
        "mini/1.2::formula": "accepted",
        "mini/1.3::problem-file": "judge_error",
    }
    # Its points stay in the maximum.
    assert (report["points"], report["max_points"]) == (3, 4)


def test_faults_of_edits_properties_and_ranges_are_told_together(spoiled, verdicts):
    path = spoiled.add("03-code/3.2-faulty.yaml", EDIT_FAULTS)
    result, report = spoiled.grade("--lm-problem=mini/3.2", "--lm-isolation=none")
    assert verdicts(report) == {"mini/3.2::problem-file": "judge_error"}
    found = located(result.stdout.str(), path)
    assert sorted(found) == found
    assert {(line, code) for line, _, code in found} == {
        (6, "unknown-property"),
        (7, "not-a-range"),
        (7, "unknown-name"),
        (9, "edit-does-not-apply"),
        (12, "missing-key"),
        (14, "unknown-key"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty-file"),
        ("- a\n- b\n", "not-a-mapping"),
        ("title: [\n", "syntax"),
        ("title: No kind\n", "missing-key"),
        ("kind: ordre\n", "unknown-kind"),
        ("!!python/object/apply:os.getcwd []\n", "tag"),
    ],
)
def test_a_file_that_is_no_problem_at_all_is_one_failing_case(spoiled, verdicts, text, code):
    path = spoiled.add("02-words/2.3-odd.yaml", text)
    result, report = spoiled.grade("--lm-chapter=mini:2", "--lm-isolation=none")
    assert [fault for *_, fault in located(result.stdout.str(), path)][:1] == [code]
    assert verdicts(report) == {
        "mini/2.1::choice": "accepted",
        "mini/2.2::order": "accepted",
        "mini/2.3::problem-file": "judge_error",
    }


def test_two_files_of_one_id_are_a_fault_of_the_second(spoiled, verdicts):
    text = (spoiled.problem_set / "problems/mini/01-areas/1.2-box.yaml").read_text(encoding="utf-8")
    spoiled.add("01-areas/1.2-cube.yaml", text.replace("entry: box", "entry: cube"))
    result, report = spoiled.grade("--lm-chapter=mini:1", "--lm-isolation=none")
    assert "duplicate-id: mini/1.2 is also 1.2-box.yaml" in result.stdout.str()
    assert verdicts(report)["mini/1.2::value"] == "accepted"


def test_a_faulty_workbook_file_is_a_usage_error_with_its_place(spoiled):
    path = spoiled.add("workbook.yaml", "titel: A workbook\nchapters: []\n")
    result = spoiled.run("--lm-workbook=mini")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{path}:1:1: unknown-key" in result.stderr.str()
    assert "did you mean 'title'?" in result.stderr.str()


def test_a_reference_that_raises_is_our_fault_and_the_others_are_graded(spoiled, verdicts):
    reference = spoiled.problem_set / "reference" / "areas.py"
    text = reference.read_text(encoding="utf-8")
    reference.write_text(text.replace("return edge**3", "return edge**3 / 0"), encoding="utf-8")
    result, report = spoiled.grade("--lm-chapter=mini:1-2", "--lm-isolation=none")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = verdicts(report)
    assert found.pop("mini/1.2::value") == "judge_error"
    assert found.pop("mini/1.2::formula") == "judge_error"
    assert set(found.values()) == {"accepted"}
    assert (report["points"], report["max_points"]) == (4, 5)
    result.stdout.fnmatch_lines(
        [
            "mini/1.2::value  Volume of a box: JUDGE_ERROR, 0 of 0.5 points",
            "  a fault of the grader or of the problem, not of the submission: mini/1.2: *ZeroDivisionError*",
        ]
    )
