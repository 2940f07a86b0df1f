"""Derivations: the number, the formula, and the sentence for a known mistake."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.judge.verdict import Reason, Verdict

SPEED = """
    title: Speed
    kind: derive
    entry: speed
    reference: reference/r.py::speed
    prompt: How fast?
    inputs:
      work: {value: 90 TFLOP, range: [1 TFLOP, 900 TFLOP]}
      time: {value: 3 s, range: [1 s, 60 s]}
    answer: {unit: TFLOP/s, rtol: 0.01}
    mistakes:
      - {formula: work * time, says: Divide by the time.}
      - {formula: time / work, says: Upside down.}
"""
REFERENCE = "def speed(work, time):\n    return work / time\n"


@pytest.fixture
def speed(make_problem):
    return make_problem(SPEED, REFERENCE)


@pytest.mark.parametrize(
    ("answer", "verdict", "message"),
    [
        (30, Verdict.ACCEPTED, ""),
        (30.29, Verdict.ACCEPTED, ""),
        ("0.03 PFLOP/s", Verdict.ACCEPTED, ""),
        (30.31, Verdict.WRONG_ANSWER, "the number is 1.01 times the right one"),
        (29.69, Verdict.WRONG_ANSWER, "the right number is 1.01 times this one"),
        (-30, Verdict.WRONG_ANSWER, "the number is wrong"),
        (0, Verdict.WRONG_ANSWER, "the number is wrong"),
        (270, Verdict.WRONG_ANSWER, "Divide by the time."),
        (240, Verdict.WRONG_ANSWER, "bits and bytes are mixed up: 1 byte is 8 bits"),
        ("30 TB/s", Verdict.WRONG_ANSWER, "'30 TB/s' is in TB/s, the question asks for TFLOP/s"),
    ],
)
def test_the_number_is_judged_in_the_units_asked_for(speed, judge, answer, verdict, message):
    outcome = judge(speed, answer, "value")
    assert (outcome.verdict, outcome.message) == (verdict, message)


@pytest.mark.parametrize("answer", [None])
def test_a_stub_is_not_attempted(speed, judge, answer):
    for case in ("value", "formula"):
        assert judge(speed, answer, case).verdict is Verdict.NOT_ATTEMPTED


def test_a_number_leaves_the_formula_open(speed, judge):
    outcome = judge(speed, 30, "formula")
    assert outcome.verdict is Verdict.NOT_ATTEMPTED
    assert "a function of work, time earns the other half" in outcome.message


def test_the_formula_is_tried_on_drawn_inputs(speed, judge):
    right = judge(speed, lambda work, time: work / time / 1e12, "formula")
    assert right.verdict is Verdict.ACCEPTED
    chance = judge(speed, lambda **_: 30.0, "formula")
    assert chance.verdict is Verdict.WRONG_ANSWER
    assert chance.expected  # drawn inputs may be told with their answer
    assert "speed(work=work, time=time)" in chance.counterexample


def test_on_the_questions_own_inputs_the_right_number_is_not_told(speed, judge):
    wrong = judge(speed, lambda work, time: work * time / 1e12, "formula")
    assert (wrong.message, wrong.expected) == ("Divide by the time.", "")
    assert "30" not in wrong.message


def test_a_rounded_formula_is_close_and_not_off_by_a_factor_of_1(speed, judge):
    outcome = judge(speed, lambda work, time: work / time / 1e12 * 1.0001, "formula")
    assert outcome.message.startswith("close, but 0.01 % off")


def test_a_formula_that_gives_no_number_is_told_so(speed, judge):
    outcome = judge(speed, lambda work, **_: [work], "formula")
    assert (outcome.verdict, outcome.reason) == (Verdict.WRONG_ANSWER, Reason.STRUCTURE)


@pytest.mark.parametrize(
    "body", ["return work / 0", "return 'a lot'", "return float('nan')", "return True"]
)
def test_a_reference_that_fails_is_our_fault(make_problem, judge, body):
    problem = make_problem(SPEED, f"def speed(work, time):\n    {body}\n")
    with pytest.raises(JudgeError, match=r"own/1.1: the reference .* failed on work="):
        judge(problem, 30, "value")


def test_the_answer_for_instructors_is_in_the_answers_unit(speed, kinds):
    assert kinds["derive"].answer(speed, "") == {
        "answer": {"value": pytest.approx(30), "unit": "TFLOP/s"},
        "parts": {},
    }


def test_audit_finds_a_published_number_that_is_wrong(make_problem, kinds):
    text = SPEED.replace("rtol: 0.01}", "rtol: 0.01, published: 31}")
    assert len(list(kinds["derive"].audit(make_problem(text, REFERENCE)))) == 1


def test_audit_finds_a_mistake_that_is_no_mistake(make_problem, kinds):
    text = SPEED.replace("formula: work * time", "formula: work / time * 1.015")
    (fault,) = kinds["derive"].audit(make_problem(text, REFERENCE))
    assert "is within twice the tolerance" in fault
