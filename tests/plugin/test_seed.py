"""``--lm-seed`` and the secret salt: which examples are drawn."""

from __future__ import annotations

import pytest

#: Right on the book's inputs and wrong on most others.
RIGHT_BY_CHANCE = """
    def rectangle(width, height):
        return 7 * width
"""


@pytest.fixture
def drawn(student):
    student.write(mini_ch01=RIGHT_BY_CHANCE)

    def read(*options):
        _, report = student.grade("--lm-problem=mini/1.1", "--lm-isolation=none", *options)
        value, formula = report["cases"]
        assert (value["verdict"], formula["verdict"]) == ("accepted", "wrong_answer")
        return formula["counterexample"], report["seed"]

    return read


def test_the_default_is_public_and_the_same_every_time(drawn):
    assert drawn() == drawn()
    assert drawn()[1] == "public"


def test_another_seed_draws_other_examples(drawn):
    first, second = drawn("--lm-seed=one"), drawn("--lm-seed=two")
    assert first == drawn("--lm-seed=one")
    assert first[0] != second[0]
    assert (first[1], second[1]) == ("one", "two")


def test_a_secret_salt_changes_the_examples_and_is_in_no_report(student, drawn, monkeypatch):
    public = drawn()
    monkeypatch.setenv("LMWORKBOOK_SALT", "nobody-knows-this")
    secret = drawn()
    assert secret[0] != public[0]
    assert secret[1] is None
    text = (student.pytester.path / "graded.json").read_text(encoding="utf-8")
    assert "nobody-knows-this" not in text


def test_a_seed_wins_over_the_secret_salt(drawn, monkeypatch):
    chosen = drawn("--lm-seed=one")
    monkeypatch.setenv("LMWORKBOOK_SALT", "nobody-knows-this")
    assert drawn("--lm-seed=one") == chosen


def test_a_worker_does_not_see_the_secret_salt(student, monkeypatch):
    monkeypatch.setenv("LMWORKBOOK_SALT", "nobody-knows-this")
    student.write(
        mini_ch01="""
        import os

        def rectangle(width, height):
            raise RuntimeError(repr(os.environ.get("LMWORKBOOK_SALT")))
        """
    )
    _, report = student.grade("--lm-problem=mini/1.1", "-k", "value")
    assert report["cases"][0]["message"].startswith("rectangle raised RuntimeError: None")
