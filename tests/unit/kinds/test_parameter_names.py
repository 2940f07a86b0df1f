"""A typo in the name of an input, an argument or an axis is a located fault, not a bound that does nothing."""

from __future__ import annotations

import pytest

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import BrokenProblem, load_problem

DERIVE = """\
title: Ridge
kind: derive
entry: ridge
prompt: How much?
reference: reference/roofline.py::ridge_point
inputs:
  peak_flops: {value: 1 TFLOP/s, range: [1 GFLOP/s, 1 PFLOP/s]}
  bandwith: {value: 1 TB/s, range: [1 GB/s, 2 TB/s]}
answer: {unit: FLOP/byte}
"""
BUILD = """\
title: Attention
kind: build
entry: attention
prompt: Write it.
reference: reference/attention.py::scaled_dot_product_attention
dims: {queries: 1..3, key: 1..3}
arguments: {maks: {pattern: attention_mask}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DERIVE, ["8:3 'bandwith' is no parameter of the reference; did you mean 'bandwidth'?"]),
        (
            BUILD,
            [
                "6:23 'key' is no axis of the reference; did you mean 'keys'?",
                "7:13 'maks' is no parameter of the reference; did you mean 'mask'?",
            ],
        ),
    ],
)
def test_a_typo_is_told_with_its_place(tmp_path, text, expected):
    path = tmp_path / "1.1-problem.yaml"
    path.write_text(text)
    problem = load_problem(path, "own", "1", builtin_root(), load_kinds())
    assert isinstance(problem, BrokenProblem)
    found = [
        f"{one.position.line}:{one.position.column} {one.message.partition(',')[0]}; {one.hint}"
        for one in problem.diagnostics
    ]
    assert found == expected
