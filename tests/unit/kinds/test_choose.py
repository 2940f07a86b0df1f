"""Multiple choice: letters, texts, and faults of the file."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.kinds.choose import Option, _picked

OFFERED = {
    "a": Option(text="the cat", says="Yes.", correct=True),
    "b": Option(text="the dog, (b)", says="No."),
}
ANIMALS = """
    title: Animals
    kind: choose
    entry: animal
    prompt: Which one purrs?
    options:
      - {text: the cat, says: Yes. It purrs., correct: true}
      - {text: the dog, says: It barks.}
      - {text: the cow, says: It lows.}
"""


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("a", "the cat"), ("A", "the cat"), (" a ", "the cat"), ("a)", "the cat"), ("(b)", "the dog, (b)"),
        ("b.", "the dog, (b)"), ("the cat", "the cat"), ("the  cat\n", "the cat"), ("the dog, (b)", "the dog, (b)"),
    ],
)  # fmt: skip
def test_an_option_is_picked_by_letter_or_by_its_text(answer, text):
    assert _picked(answer, OFFERED).text == text


@given(
    st.one_of(st.none(), st.integers(), st.booleans(), st.lists(st.sampled_from("ab")), st.text())
)
def test_nothing_else_picks_one(answer):
    picked = _picked(answer, OFFERED)
    if picked is not None:
        plain = " ".join(answer.split())
        assert plain == picked.text or plain.strip("().").lower() in OFFERED


def test_every_option_has_its_own_sentence_and_one_is_right(make_problem, judge):
    problem = make_problem(ANIMALS)
    outcomes = [judge(problem, letter) for letter in "abc"]
    assert sorted(one.message for one in outcomes) == ["It barks.", "It lows.", "Yes. It purrs."]
    assert [one.verdict for one in outcomes].count(Verdict.ACCEPTED) == 1


def test_no_such_letter_is_a_fault_of_form(make_problem, judge):
    problem = make_problem(ANIMALS)
    for letter in string.ascii_lowercase[3:]:
        assert judge(problem, letter).reason is Reason.STRUCTURE


def test_the_order_depends_on_the_variant_and_its_text_does_not(make_problem, judge):
    problem = make_problem(ANIMALS)
    rights = set()
    for variant in map(str, range(20)):
        assert judge(problem, "the cat", variant=variant).verdict is Verdict.ACCEPTED
        (right,) = (
            letter
            for letter in "abc"
            if judge(problem, letter, variant=variant).verdict is Verdict.ACCEPTED
        )
        rights.add(right)
    assert rights == set("abc")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (", correct: true", "", [(7, "not-one-answer")]),
        ("says: It barks.", "says: It barks., correct: true", [(7, "not-one-answer")]),
        ("text: the dog", "text: the cow", [(9, "duplicate-option")]),
        ("says: It barks.", "", [(8, "missing-key")]),
    ],
)
def test_faults_of_the_file(codes, old, new, wanted):
    assert codes(ANIMALS.replace(old, new)) == wanted
