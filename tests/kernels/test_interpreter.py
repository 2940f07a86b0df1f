from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton has wheels for Linux only")

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("kernel_cases.py")
# One rounding to the output's dtype, plus what the interpreter truncates in float16.
TOLERANCE = {"float32": 1e-6, "float16": 2e-3}


def run_cases(device: str, *, interpret: bool) -> dict[str, dict[str, dict]]:
    environment = {**os.environ, "TRITON_INTERPRET": "1" if interpret else "0"}
    command = [sys.executable, "-W", "error::RuntimeWarning", str(CASES), str(ROOT), device]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(cases: dict[str, dict]) -> None:
    assert cases
    for name, case in cases.items():
        dtype = next(dtype for dtype in TOLERANCE if dtype in name)
        assert case["error"] <= TOLERANCE[dtype], name  # NaN fails too: an element was not written
        assert case["guards"], f"{name}: wrote outside the output"
        assert case["inputs"], f"{name}: wrote into an input"


@pytest.fixture(scope="module")
def interpreted() -> dict[str, dict[str, dict]]:
    return run_cases("cpu", interpret=True)


@pytest.mark.parametrize("kernel", ["vector_add", "rms_norm"])
def test_kernel_is_right_in_the_interpreter(interpreted, kernel):
    check(interpreted[kernel])


def test_rows_wider_than_a_block_are_refused():
    code = (
        "import runpy, torch; "
        f"rms_norm = runpy.run_path({str(ROOT / 'kernels' / 'rms_norm.py')!r})['rms_norm']; "
        "x = torch.zeros(1, 65537); rms_norm(x, x[0], eps=1e-6, out=x.clone())"
    )
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "rows of 65537 elements do not fit in one block of 65536" in done.stderr


@pytest.mark.gpu
@pytest.mark.parametrize("kernel", ["vector_add", "rms_norm"])
def test_kernel_is_right_on_a_gpu(kernel):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    check(run_cases("cuda", interpret=False)[kernel])
