"""The whole failure text of each kind of problem, from real files through a real tier.

Drawn counterexamples follow from the public salt and from the versions in ``constraints.txt``.
"""

from __future__ import annotations

import textwrap

import pytest

from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.grading import Grader
from pytest_lmworkbook.judge.in_process import InProcessIsolation
from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.kinds.base import Context
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import ProblemSet


@pytest.fixture
def fail(tmp_path):
    """The text of the first failing case of a submission to one problem."""

    def grade(problem_id, source, *, isolation=None, hints=0, limits=None):
        kinds = load_kinds()
        workbook, _, name = problem_id.partition("/")
        problem = next(
            one
            for one in ProblemSet(builtin_root(), kinds).workbook(workbook).load()
            if one.name == name
        )
        module = tmp_path.joinpath(*problem.module.split(".")).with_suffix(".py")
        module.parent.mkdir()
        module.write_text(textwrap.dedent(source).lstrip(), encoding="utf-8")
        tier = isolation or InProcessIsolation()
        context = Context(isolation=tier)
        with Grader(
            kinds, tmp_path, tier, context, hints=hints, limits=limits or Limits()
        ) as grader:
            results = [grader.grade(problem, case) for case in grader.cases(problem)]
        return next(one for one in results if one.verdict.is_failure).detail

    return grade


#: Name of the golden file, problem, submission.
CASES = {
    "derive-known-mistake": ("lm/4.1", "h100_ridge_point = 0.00338726"),
    "derive-unknown-number": ("lm/4.1", "h100_ridge_point = 123.4"),
    "derive-slip-of-unit": ("lm/4.5", 'rms_norm_two_passes = "16 MiB"'),
    "derive-wrong-unit": ("lm/4.1", 'h100_ridge_point = "295 GB"'),
    "derive-not-finite": ("lm/4.1", 'h100_ridge_point = float("inf")'),
    "derive-formula": (
        "lm/4.1",
        """
        def h100_ridge_point(peak_flops, bandwidth):
            return 295.2 if peak_flops == 989e12 else bandwidth / peak_flops
        """,
    ),
    "derive-crash": (
        "lm/4.1",
        """
        def h100_ridge_point(peak_flops, bandwidth):
            return ratio(peak_flops, bandwidth - bandwidth)

        def ratio(a, b):
            return a / b
        """,
    ),
    "choose": ("lm/4.4", 'warps_and_shared_memory = "4 warps; all threads of the block, in whichever warp"'),
    "choose-form": ("lm/4.4", "warps_and_shared_memory = 8"),
    "order": (
        "lm/2.5",
        """
        pre_norm_order = ["attend", "normalize_for_attention", "add_attention",
                          "normalize_for_feed_forward", "feed_forward", "add_feed_forward"]
        """,
    ),
    "order-form": ("lm/2.5", 'pre_norm_order = "a b c"'),
    "design": ("tm/0.4", 'one_billion_design = {"d_model": 2050, "n_layers": 40}'),
    "design-known-mistake": ("tm/0.4", 'one_billion_design = {"d_model": 4096, "n_layers": 4}'),
    "design-form": ("tm/0.4", 'one_billion_design = {"d_model": 2048, "layers": 18}'),
    "bug-line": ("tm/0.6", "tied_head_bug = 7"),
    "bug-innocent-line": ("tm/0.6", "tied_head_bug = 2"),
    "bug-one-line-of-two": ("lm/3.5", "router_bug = [8]"),
    "bug-fix": (
        "tm/0.6",
        """
        tied_head_bug = 6

        def tied_head_bug_fix(d_model, n_layers, vocabulary):
            return 12 * n_layers * d_model**2 + vocabulary * d_model + vocabulary
        """,
    ),
    "build-value": (
        "lm/0.6",
        """
        def count_pairs(sequences):
            return {pair: 1 for sequence in sequences for pair in zip(sequence, sequence[1:])}
        """,
    ),
    "build-value-tensor": (
        "tm/5.2",
        """
        def stable_softmax(x):
            weights = (x - x.amax(dim=-1, keepdim=True)).exp()
            return weights
        """,
    ),
    "build-shape": (
        "tm/5.2",
        """
        def stable_softmax(x):
            return x.exp().sum(dim=-1)
        """,
    ),
    "build-property": (
        "tm/5.2",
        """
        def stable_softmax(x):
            weights = (x - x.amax(dim=-1, keepdim=True)).exp()
            weights /= weights.sum(dim=-1, keepdim=True)
            x.zero_()
            return weights
        """,
    ),
    "build-crash": (
        "tm/5.2",
        """
        def stable_softmax(x):
            return halve(x)

        def halve(x):
            return x.view(2, -1)
        """,
    ),
    "build-not-a-function": ("tm/5.2", "stable_softmax = 1.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_failure_text(fail, golden, name):
    problem, source = CASES[name]
    golden(f"failure-{name}.txt", fail(problem, source))


def test_failure_text_with_hints(fail, golden):
    golden("failure-with-hints.txt", fail("lm/4.1", "h100_ridge_point = 123.4", hints=2))


def test_failure_text_of_a_loop(fail, golden):
    source = """
        print("before the loop")

        def h100_ridge_point(peak_flops, bandwidth):
            while True: pass
        """
    tier = ProcessIsolation()
    golden(
        "failure-timed-out.txt", fail("lm/4.1", source, isolation=tier, limits=Limits(call_s=0.5))
    )


def test_failure_text_of_a_dead_worker(fail, golden):
    source = "import os\n\n\ndef h100_ridge_point(peak_flops, bandwidth):\n    os._exit(3)\n"
    golden("failure-os-exit.txt", fail("lm/4.1", source, isolation=ProcessIsolation()))


def test_failure_text_of_a_syntax_error(fail, golden):
    source = "def h100_ridge_point(peak_flops, bandwidth)\n    return peak_flops\n"
    golden("failure-syntax-error.txt", fail("lm/4.1", source))


KERNEL = """
    import triton
    import triton.language as tl

    @triton.jit
    def add(x_ptr, y_ptr, out_ptr, n, sx, sy, so, BLOCK: tl.constexpr):
        i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        mask = i < n
        x = tl.load(x_ptr + i * sx, mask=mask, other=0.0)
        y = tl.load(y_ptr + i * sy, mask=mask, other=0.0)
        tl.store(out_ptr + i * so, x - y, mask=mask)

    def vector_add(x, y, *, out):
        n = x.shape[0]
        add[(triton.cdiv(n, 128),)](x, y, out, n, x.stride(0), y.stride(0), out.stride(0), BLOCK=128)
"""


def test_failure_text_of_a_kernel(fail, golden):
    # Triton decides when it is imported whether it interprets: only a worker of its own will do.
    tier = ProcessIsolation(preload=frozenset({"torch", "triton"}))
    golden("failure-kernel.txt", fail("lm/4.6", KERNEL, isolation=tier))
