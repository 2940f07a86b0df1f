"""Designs: faults of form before requirements, every valid design passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.design import DesignSpec, FieldSpec, _fault_of_form

SHELF = """
    title: A shelf
    kind: design
    entry: shelf
    prompt: Make room for {books} books.
    constants: {books: 60}
    fields:
      boards: {range: [1, 10]}
      width: {range: [0.5, 2], real: true, says: metres}
    quantities: {room: "reference/r.py::room"}
    require:
      - {formula: room >= books, says: "Only {room} books fit, not {books}."}
      - {formula: boards <= 4, says: "{boards} boards are too high."}
    example: {boards: 3, width: 1.5}
    mistakes:
      - {design: {boards: 1, width: 2}, says: One board is not enough.}
"""
REFERENCE = "def room(boards, width):\n    return 20 * boards * width\n"


@pytest.fixture
def shelf(make_problem):
    return make_problem(SHELF, REFERENCE)


@pytest.mark.parametrize(
    "answer",
    [{"boards": 3, "width": 1.5}, {"width": 1, "boards": 3}, {"boards": 4.0, "width": 1.0}],
)
def test_every_valid_design_passes(shelf, judge, answer):
    assert judge(shelf, answer).verdict is Verdict.ACCEPTED


def test_every_broken_requirement_is_told_once_the_first_one_first(shelf, judge):
    outcome = judge(shelf, {"boards": 5, "width": 0.5})
    assert outcome.message == "Only 50 books fit, not 60."
    assert outcome.evidence == ("5 boards are too high.", "your design gives room = 50")


def test_a_known_wrong_design_is_told_its_own_sentence_and_the_reasons(shelf, judge):
    outcome = judge(shelf, {"boards": 1, "width": 2})
    assert outcome.message == outcome.mistake == "One board is not enough."
    assert outcome.evidence[0] == "Only 40 books fit, not 60."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([3, 1.5], "wanted a dict with the keys 'boards', 'width', got [3, 1.5]"),
        ({}, "wanted exactly the keys 'boards', 'width', got none"),
        ({"boards": 3}, "wanted exactly the keys 'boards', 'width', got 'boards'"),
        ({"boards": 3, "width": 1, "depth": 1}, "wanted exactly the keys"),
        ({"boards": 0, "width": 1}, "'boards' must be a whole number from 1 to 10, got 0"),
        ({"boards": 2.5, "width": 1}, "'boards' must be a whole number from 1 to 10, got 2.5"),
        ({"boards": True, "width": 1}, "'boards' must be a whole number"),
        ({"boards": "3", "width": 1}, "'boards' must be a whole number from 1 to 10, got '3'"),
        ({"boards": 3, "width": 2.1}, "'width' must be a number from 0.5 to 2 (metres), got 2.1"),
    ],
)
def test_faults_of_form_come_first(shelf, judge, answer, message):
    outcome = judge(shelf, answer)
    assert outcome.reason is Reason.STRUCTURE
    assert outcome.message.startswith(message)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_a_fault_of_form(shelf, judge, value):
    for name in ("boards", "width"):
        outcome = judge(shelf, {"boards": 3, "width": 1.5} | {name: value})
        assert outcome.reason is Reason.STRUCTURE


def test_names_that_nothing_defines_are_faults_of_the_file(codes):
    text = SHELF.replace("room >= books", "rooms >= books").replace(
        "{books} books.", "{volumes} books."
    )
    assert codes(text, REFERENCE) == [(5, "unknown-name"), (12, "unknown-name")]


FIELDS = {"boards": FieldSpec(range=(1, 10)), "width": FieldSpec(range=(0.5, 2), real=True)}
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@given(st.dictionaries(st.sampled_from(["boards", "width", "depth"]), ANYTHING))
def test_what_has_no_fault_of_form_is_in_range(answer):
    spec = DesignSpec.model_construct(fields=FIELDS)
    if _fault_of_form(spec, answer) == "":
        assert set(answer) == {"boards", "width"}
        assert 1 <= answer["boards"] <= 10
        assert answer["boards"] == int(answer["boards"])
        assert 0.5 <= answer["width"] <= 2
