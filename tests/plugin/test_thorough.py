"""``--lm-thorough``: ten times more examples."""

from __future__ import annotations


def examples(report):
    return {case["case"]: case["metrics"].get("examples") for case in report["cases"]}


def test_ten_times_more_calls_of_a_function(student):
    student.answer_all()
    options = ["--lm-problem=mini/3.1", "--lm-isolation=none"]
    _, usual = student.grade(*options)
    _, thorough = student.grade(*options, "--lm-thorough")
    assert (usual["points"], thorough["points"]) == (3, 3)
    assert examples(thorough) == {name: 10 * count for name, count in examples(usual).items()}
