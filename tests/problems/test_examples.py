"""The two submissions that come with the project get exactly the verdicts that the README promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.judge.verdict import Verdict

ROOT = builtin_root()
EXAMPLES = Path(__file__).parents[2] / "examples"
IDS = sorted(
    f"{path.parents[1].name}/{path.stem.partition('-')[0]}"
    for path in ROOT.glob("problems/*/*/*.yaml")
)

RIGHT, WRONG, WAITS = Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.NOT_RUN
#: Verdict per case, and a piece of the sentence that the failure must say.
SAMPLE = {
    "lm/4.1": ({"value": WRONG, "formula": WAITS}, "That is bytes per FLOP"),
    "lm/4.2": ({"value": RIGHT, "formula": RIGHT}, ""),
    "lm/4.3": ({"value": RIGHT, "formula": Verdict.NOT_ATTEMPTED}, ""),
    "lm/4.4": ({"choice": WRONG}, "Exchange within a warp is what shuffles do"),
    "lm/4.5": ({"value": WRONG, "formula": WAITS}, "That is one pass"),
    "lm/4.6": ({"matches_reference": RIGHT, "leaves_inputs_alone": RIGHT}, ""),
    "lm/4.7": (
        {"matches_reference": WRONG, "leaves_inputs_alone": WAITS, "finite_on_large_values": WAITS},
        "eps is added outside the root",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(4, id="few"),
        pytest.param(60, id="default", marks=pytest.mark.slow),  # what a student's run draws
    ],
)
@pytest.mark.parametrize("problem", IDS)
def test_the_complete_submission_earns_every_point(grade_folder, problem, examples):
    results = grade_folder(problem, EXAMPLES / "complete_submission", examples=examples)
    refused = [
        one.detail or one.message for one in results.values() if one.verdict is not Verdict.ACCEPTED
    ]
    assert refused == []
    assert sum(one.points for one in results.values()) == pytest.approx(
        sum(one.max_points for one in results.values())
    )


@pytest.mark.parametrize("problem", SAMPLE)
def test_the_sample_submission_gets_its_verdicts(grade_folder, problem):
    verdicts, sentence = SAMPLE[problem]
    results = grade_folder(problem, EXAMPLES / "sample_submission", examples=20)
    assert {name: one.verdict for name, one in results.items()} == verdicts
    failed = [one for one in results.values() if one.verdict.is_failure]
    assert [sentence in one.mistake for one in failed] == [True] * bool(sentence)


def test_the_sample_submission_covers_its_chapter():
    assert set(SAMPLE) == {identity for identity in IDS if identity.startswith("lm/4.")}
