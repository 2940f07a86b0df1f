"""The promise of the README: attention without its scale gets a tiny counterexample and one sentence."""

from __future__ import annotations

UNSCALED = """
    import torch

    def scaled_dot_product_attention(Q, K, V, mask=None):
        scores = Q @ K.transpose(-2, -1)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        return torch.softmax(scores, dim=-1) @ V
"""


def test_a_missing_scale_is_shown_on_at_most_2_by_2_and_told_in_words(student, verdicts):
    student.write(tm_ch01=UNSCALED)
    result, report = student.grade("--lm-problem=tm/1.6", "--lm-isolation=none")
    base, *others = report["cases"]
    assert (base["case"], base["verdict"]) == ("matches_reference", "wrong_answer")
    assert base["mistake"].startswith("The scores are not divided by sqrt(d_k)")
    assert base["message"] == base["mistake"]
    assert {case["verdict"] for case in others} == {"not_run"}

    *lines, call = base["counterexample"].splitlines()
    assert len(lines) <= 5
    names = {}
    exec("\n".join(lines), names)  # five lines that a student can paste
    for name in ("Q", "K", "V"):
        assert max(names[name].shape) <= 2
        assert names[name].ndim == 2
    assert call.startswith("scaled_dot_product_attention(Q, K, V")
    result.stdout.fnmatch_lines(["  The scores are not divided by sqrt(d_k), so *"])
