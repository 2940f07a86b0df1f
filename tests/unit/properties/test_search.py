# ruff: noqa: F722, TC002, N803
# jaxtyping shapes are strings that ruff takes for forward references, and are read at run time.
from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jaxtyping import Bool, Float
from torch import Tensor

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.verdict import Reason, Verdict
from pytest_lmworkbook.properties.annotations import read_parameters
from pytest_lmworkbook.properties.compare import Mismatch, compare
from pytest_lmworkbook.properties.inputs import ArgumentBounds, Bounds, Inputs, inputs_strategy
from pytest_lmworkbook.properties.search import MOST_SHRINKS, Failure, Violation, search
from pytest_lmworkbook.properties.tolerance import measure

if TYPE_CHECKING:
    from pathlib import Path

BOUNDS = Bounds(arguments={"mask": ArgumentBounds(pattern="attention_mask")})


def attention(
    Q: Float[Tensor, "... queries d_k"],
    K: Float[Tensor, "... keys d_k"],
    V: Float[Tensor, "... keys d_v"],
    mask: Bool[Tensor, "... queries keys"] | None = None,
) -> Float[Tensor, "... queries d_v"]:
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1) @ V


def unscaled(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    return attention(Q * math.sqrt(Q.shape[-1]), K, V, mask)


def pairs(ids: list[list[int]]) -> dict[tuple[int, int], int]: ...


def wrong_answer(message: str = "wrong", reason: Reason = Reason.VALUE) -> Violation:
    return Violation(Mismatch(reason=reason, message=message))


def check_unscaled(inputs: Inputs) -> None:
    if mismatch := compare(unscaled(**inputs.clone().arguments), measure(attention, inputs)):
        raise Violation(mismatch)


def find_unscaled(seed: int, examples: int = 60) -> Failure | None:
    return search(
        inputs_strategy(read_parameters(attention), BOUNDS),
        check_unscaled,
        seed=seed,
        examples=examples,
    )


@pytest.mark.parametrize("seed", range(8))
def test_attention_without_its_scale_shrinks_to_two_by_two(seed: int) -> None:
    failure = find_unscaled(seed)
    assert failure is not None
    recipe = failure.inputs.recipe
    assert recipe.dims == {"queries": 1, "d_k": 2, "keys": 2, "d_v": 1}
    assert all(
        tensor is None or max(tensor.shape) <= 2 for tensor in failure.inputs.arguments.values()
    )
    assert recipe.dtype == "float32"
    assert set(recipe.layouts.values()) == {"contiguous"}
    assert set(recipe.patterns.values()) == {"small_integers"}
    assert recipe.arguments["mask"] is None
    assert failure.examples < 200
    # The lines that a student pastes show the same failure.
    names: dict[str, Tensor] = {}
    exec("\n".join(failure.inputs.describe()), names)
    arguments = [names[name] for name in failure.inputs.arguments]
    assert not torch.allclose(unscaled(*arguments), attention(*arguments))


DESCRIBE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("here", sys.argv[1])
here = importlib.util.module_from_spec(spec)
sys.modules["here"] = here
spec.loader.exec_module(here)
failure = here.find_unscaled(3)
print(failure.examples, failure.inputs.recipe.key(), here.draws())
"""


def draws() -> list[str]:
    drawn: list[str] = []
    strategy = inputs_strategy(read_parameters(attention), BOUNDS)
    search(strategy, lambda inputs: drawn.append(inputs.recipe.key()), seed=5, examples=40)
    return drawn


def test_one_seed_gives_one_result_in_every_process_also_under_ci(tmp_path: Path) -> None:
    # Constants in a module beside the submission: Hypothesis would draw them.
    (tmp_path / "sitecustomize.py").write_text("WIDTHS = [101, 250, 777, 4096, 0.3333, 'needle']\n")
    failure = find_unscaled(3)
    assert failure is not None
    here = f"{failure.examples} {failure.inputs.recipe.key()} {draws()}\n"
    base = {
        name: value for name, value in os.environ.items() if name not in ("CI", "PYTHONHASHSEED")
    }
    for extra in ({}, {"CI": "true", "PYTHONHASHSEED": "7", "PYTHONPATH": str(tmp_path)}):
        run = subprocess.run(
            [sys.executable, "-c", DESCRIBE, __file__],
            capture_output=True,
            text=True,
            check=True,
            env=base | extra,
        )
        assert run.stdout == here


def test_seeds_differ() -> None:
    strategy = inputs_strategy(read_parameters(attention), BOUNDS)

    def keys(seed: int) -> set[str]:
        drawn: set[str] = set()
        search(strategy, lambda inputs: drawn.add(inputs.recipe.key()), seed=seed, examples=20)
        return drawn

    assert len(keys(1) & keys(2)) < 10


def test_lists_shrink_to_the_items_that_matter() -> None:
    def check(inputs: Inputs) -> None:
        if any(
            left == right == 7
            for ids in inputs.arguments["ids"]
            for left, right in itertools.pairwise(ids)
        ):
            raise wrong_answer()

    for seed in range(3):
        failure = search(inputs_strategy(read_parameters(pairs)), check, seed=seed, examples=2000)
        assert failure is not None
        assert failure.inputs.arguments == {"ids": [[7, 7]]}


def test_no_failure_gives_none_and_every_example_is_tried_once() -> None:
    keys = draws()
    assert len(keys) == len(set(keys)) >= 35


def test_a_check_that_raises_ends_the_search_as_a_fault_of_ours() -> None:
    calls = []

    def check(inputs: Inputs) -> None:
        calls.append(inputs)
        raise TypeError("bad property")

    with pytest.raises(JudgeError, match="a check raised TypeError: bad property") as caught:
        search(inputs_strategy(read_parameters(attention), BOUNDS), check, seed=0, examples=10)
    assert isinstance(caught.value.__cause__, TypeError)
    assert len(calls) == 1


def test_a_final_exception_ends_the_search_as_it_is_and_is_not_shrunk() -> None:
    calls = []

    def check(inputs: Inputs) -> None:
        calls.append(inputs)
        if len(calls) == 4:
            raise SubmissionFault(Verdict.TIMED_OUT, "took 10 s")

    with pytest.raises(SubmissionFault, match="took 10 s"):
        search(
            inputs_strategy(read_parameters(attention), BOUNDS),
            check,
            seed=0,
            examples=30,
            final=(SubmissionFault,),
        )
    assert len(calls) == 4


def test_a_submission_cannot_have_examples_discarded() -> None:
    def check(inputs: Inputs) -> None:
        assume(False)

    with pytest.raises(JudgeError, match="UnsatisfiedAssumption"):
        search(inputs_strategy(read_parameters(attention), BOUNDS), check, seed=0, examples=10)


def test_a_check_that_changes_its_mind_still_gives_its_failure() -> None:
    calls = []

    def check(inputs: Inputs) -> None:
        calls.append(inputs)
        if len(calls) == 5:
            raise wrong_answer("once")

    failure = search(
        inputs_strategy(read_parameters(attention), BOUNDS), check, seed=0, examples=30
    )
    assert failure is not None
    assert failure.violation.mismatch.message == "once"
    assert failure.inputs.recipe == calls[4].recipe


def test_shrinking_stays_with_the_first_reason() -> None:
    def check(inputs: Inputs) -> None:
        keys = inputs.recipe.dims["keys"]
        if keys >= 3:
            raise wrong_answer("value", Reason.VALUE)
        if keys == 2 and inputs.recipe.dims["queries"] > 1:
            raise wrong_answer("shape", Reason.SHAPE)

    failures = [
        search(inputs_strategy(read_parameters(attention), BOUNDS), check, seed=seed, examples=60)
        for seed in range(6)
    ]
    found = {
        (failure.violation.mismatch.message, failure.inputs.recipe.dims["keys"])
        for failure in failures
        if failure
    }
    assert found <= {("value", 3), ("shape", 2)}
    assert ("value", 3) in found


def test_shrinking_is_bounded_by_a_count() -> None:
    calls = []

    def check(inputs: Inputs) -> None:
        calls.append(inputs)
        # Every smaller input fails too, but none is ever equal: as long a walk as there can be.
        if hash(inputs.recipe.key()) % 3 or len(calls) == 1:
            raise wrong_answer()

    failure = search(
        inputs_strategy(read_parameters(attention), Bounds(dims={"keys": (1, 5000)})),
        check,
        seed=0,
        examples=30,
    )
    assert failure is not None
    assert failure.examples == len(calls) <= MOST_SHRINKS + 31


def test_first_inputs_come_first_and_are_not_shrunk(draw) -> None:
    large = max(draw(attention, BOUNDS), key=lambda inputs: sum(inputs.recipe.dims.values()))
    tried = []

    def check(inputs: Inputs) -> None:
        tried.append(inputs)
        raise wrong_answer()

    failure = search(
        inputs_strategy(read_parameters(attention), BOUNDS),
        check,
        seed=0,
        examples=5,
        first=[large],
    )
    assert failure is not None
    assert failure.inputs.recipe == large.recipe
    assert tried == [large]


def test_a_check_that_spoils_its_inputs_does_not_spoil_the_report() -> None:
    def check(inputs: Inputs) -> None:
        before = inputs.clone()
        inputs.arguments["V"] = inputs.arguments["V"] * 0 + 99
        if before.recipe.dims["d_v"] > 1:
            raise wrong_answer()

    failure = search(
        inputs_strategy(read_parameters(attention), BOUNDS), check, seed=0, examples=30
    )
    assert failure is not None
    assert failure.inputs.arguments["V"].max() < 99


@settings(max_examples=3, suppress_health_check=[HealthCheck.nested_given], deadline=None)
@given(seed=st.integers(0, 3))
def test_a_search_inside_somebody_elses_hypothesis_test(seed: int) -> None:
    failure = find_unscaled(seed, examples=30)
    assert failure is None or failure.inputs.recipe.dims["keys"] == 2
