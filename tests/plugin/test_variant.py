"""``--lm-variant``: redrawn inputs and orders, reproducibly from the name."""

from __future__ import annotations

import re

import pytest

#: Reveals the inputs that it is given: the message of a crash carries them.
REVEALS = """
    def rectangle(width, height):
        raise RuntimeError(f"{width} x {height}")
"""


@pytest.fixture
def inputs(student):
    student.write(mini_ch01=REVEALS)

    def read(*options):
        _, report = student.grade("--lm-problem=mini/1.1", "--lm-isolation=none", *options)
        found = re.search(r"RuntimeError: (\d+ x \d+)", report["cases"][0]["message"])
        return found[1], report["variant"]

    return read


def test_the_book_is_the_default(inputs):
    assert inputs() == ("12 x 7", "")


def test_the_same_name_has_the_same_inputs_and_another_name_others(inputs):
    ann, bob = inputs("--lm-variant=ann"), inputs("--lm-variant=bob")
    assert ann == inputs("--lm-variant=ann")
    assert ann[1] == "ann"
    assert len({ann[0], bob[0], "12 x 7"}) == 3


def test_the_variant_of_a_name_never_changes(inputs):
    # A student's grade from last month must be reproducible: a change here breaks every handed-out variant.
    assert inputs("--lm-variant=ann")[0] == "170 x 390"


def test_a_number_is_graded_on_the_variants_inputs(student, verdicts):
    student.write(mini_ch01="rectangle = 84\n")
    _, report = student.grade("--lm-problem=mini/1.1", "-k", "value")
    assert verdicts(report) == {"mini/1.1::value": "accepted"}
    _, report = student.grade("--lm-problem=mini/1.1", "-k", "value", "--lm-variant=ann")
    assert verdicts(report) == {"mini/1.1::value": "wrong_answer"}


def test_hints_carry_the_variants_inputs(student):
    student.write(mini_ch01="rectangle = 1\n")
    result = student.run("--lm-problem=mini/1.1", "--lm-variant=ann", "--lm-hint")
    result.stdout.fnmatch_lines(["  hint 1: *The rectangle is 170 wide."])


def test_letters_follow_the_variants_order(student):
    letters = {}
    for variant in ("", "ann", "bob"):
        for letter in "abcde":
            student.write(mini_ch02=f"vowel = {letter!r}\n")
            options = ["--lm-problem=mini/2.1", "--lm-isolation=none", f"--lm-variant={variant}"]
            _, report = student.grade(*options)
            if report["points"]:
                letters.setdefault(variant, []).append(letter)
    assert [len(found) for found in letters.values()] == [1] * 3
    assert len({found[0] for found in letters.values()}) > 1
