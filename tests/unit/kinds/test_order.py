"""Orders: how an answer is read, and which orders are valid."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.order import _read_order

LETTERS = {"a": "wake", "b": "dress", "c": "eat"}
MORNING = """
    title: Morning
    kind: order
    entry: morning
    prompt: Put them in order.
    steps: {wake: wake up, dress: get dressed, eat: eat breakfast, leave: leave}
    before:
      - {first: wake, then: dress, says: Nobody dresses asleep.}
      - {first: wake, then: eat, says: Nobody eats asleep.}
      - {first: dress, then: leave, says: Dress before you leave.}
      - {first: eat, then: leave, says: Eat before you leave.}
    mistakes:
      - {order: [leave, eat, dress, wake], says: That is the evening.}
"""


@pytest.mark.parametrize(
    "answer",
    [
        ["c", "a", "b"],
        ("c", "a", "b"),
        "cab",
        "c a b",
        "c, a, b",
        " C,A , B ",
        ["eat", "wake", "dress"],
        ["c", "wake", "B "],
    ],
)
def test_letters_and_names_are_read_alike(answer):
    assert _read_order(answer, LETTERS) == ["eat", "wake", "dress"]


@pytest.mark.parametrize("answer", [None, 3, {"a": 1}, 1.5, {"a", "b"}])
def test_what_is_no_list_and_no_text_is_no_order(answer):
    assert _read_order(answer, LETTERS) == []


@given(st.one_of(st.text(), st.lists(st.one_of(st.text(), st.integers(), st.none()))))
def test_anything_else_is_read_without_a_fault(answer):
    assert all(isinstance(step, str) for step in _read_order(answer, LETTERS))


@given(st.permutations("abc"))
def test_every_permutation_is_read_back(order):
    assert _read_order("".join(order), LETTERS) == [LETTERS[letter] for letter in order]


@pytest.fixture
def morning(make_problem):
    return make_problem(MORNING)


def test_every_valid_order_passes_and_no_other(morning, judge):
    accepted = [
        order
        for order in itertools.permutations(["wake", "dress", "eat", "leave"])
        if judge(morning, list(order)).verdict is Verdict.ACCEPTED
    ]
    assert accepted == [("wake", "dress", "eat", "leave"), ("wake", "eat", "dress", "leave")]


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (["dress", "wake", "eat", "leave"], "Nobody dresses asleep."),
        (["wake", "dress", "leave", "eat"], "Eat before you leave."),
        (["leave", "eat", "dress", "wake"], "That is the evening."),
    ],
)
def test_a_wrong_order_is_told_the_first_broken_pair_or_its_own_sentence(
    morning, judge, order, says
):
    outcome = judge(morning, order)
    assert (outcome.message, outcome.mistake, outcome.reason) == (says, says, Reason.VALUE)


@pytest.mark.parametrize(
    "answer", [["wake"], [], ["wake", "wake", "dress", "eat", "leave"], "abcz", 7, [["wake"]]]
)
def test_an_incomplete_order_is_a_fault_of_form(morning, judge, answer):
    outcome = judge(morning, answer)
    assert (outcome.verdict, outcome.reason) == (Verdict.WRONG_ANSWER, Reason.STRUCTURE)
    assert outcome.message.startswith("wanted each of a, b, c, d once, in order; ")


def test_faults_of_the_file_are_found_together(codes):
    text = MORNING.replace("first: wake, then: eat", "first: woke, then: eat").replace(
        "[leave, eat, dress, wake]", "[leave, eat]"
    )
    assert codes(text) == [(9, "unknown-name"), (13, "not-an-order")]


def test_constraints_that_cannot_all_hold_are_a_fault(codes):
    text = MORNING.replace("first: wake, then: eat", "first: leave, then: wake")
    assert [code for _, code in codes(text)] == ["no-valid-order"]
