"""Measure a call of a small attention function through a worker process, against its budget.

    python benchmarks/round_trip.py

Prints one line: the median and the 95th percentile of a judge -> worker -> judge round trip with three
(2, 3) float32 tensors, and what opening and closing a warm worker costs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.judge.submission import SubmissionSpec

if TYPE_CHECKING:
    from collections.abc import Callable

BUDGET_MS = 1.0
CALLS = 1_000
WORKERS = 10
_SUBMISSION = """\
import torch

def attention(q, k, v):
    return torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1) @ v
"""


def measure() -> dict[str, float]:
    """Median and 95th percentile of a call, and medians of opening and closing a worker, all in ms."""
    import torch

    inputs = tuple(torch.randn(2, 3) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder, ProcessIsolation(preload=("torch",)) as isolation:
        Path(folder, "attention.py").write_text(_SUBMISSION, encoding="utf-8")
        spec = SubmissionSpec(root=Path(folder), modules=("attention",), needs=frozenset({"torch"}))
        submission = isolation.open(spec)
        for _ in range(20):
            submission.call("attention", inputs)
        calls = [_ms_of(lambda: submission.call("attention", inputs)) for _ in range(CALLS)]
        submission.close()
        opens, closes = [], []
        for _ in range(WORKERS):
            started = time.perf_counter()
            submission = isolation.open(spec)
            opens.append((time.perf_counter() - started) * 1e3)
            closes.append(_ms_of(submission.close))
    return {
        "median_ms": statistics.median(calls),
        "p95_ms": statistics.quantiles(calls, n=20)[-1],
        "open_ms": statistics.median(opens),
        "close_ms": statistics.median(closes),
    }


def _ms_of(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Print the numbers beside the budget."""
    found = measure()
    print(
        f"round trip: median {found['median_ms']:.2f} ms, 95 % {found['p95_ms']:.2f} ms "
        f"(budget {BUDGET_MS:g} ms); warm worker: open {found['open_ms']:.1f} ms, "
        f"close {found['close_ms']:.1f} ms"
    )


if __name__ == "__main__":
    main()
