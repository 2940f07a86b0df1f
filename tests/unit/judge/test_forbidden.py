"""What a problem forbids is seen while it runs, whatever it is called, and told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from pytest_lmworkbook.errors import SubmissionFault
from pytest_lmworkbook.judge.in_process import InProcessIsolation
from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.judge.submission import SubmissionSpec
from pytest_lmworkbook.judge.verdict import Reason, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_lmworkbook.judge.submission import Isolation

HEAD = "import torch\nimport torch.nn.functional as F\nhidden = getattr(torch, 'soft' + 'max')\n\ndef f(x):\n"
SPELLINGS = [
    "torch.softmax(x, -1)",
    "x.softmax(-1)",
    "F.softmax(x, dim=-1)",
    "torch.nn.Softmax(-1)(x)",
    "hidden(x, -1)",
]


def call(isolation: Isolation, folder: Path, body: str, forbid: tuple[str, ...]) -> object:
    (folder / "m.py").write_text(f"{HEAD}    return {body}\n")
    spec = SubmissionSpec(root=folder, modules=("m",), needs=frozenset({"torch"}), forbid=forbid)
    submission = isolation.open(spec)
    try:
        return submission.call("f", (torch.ones(2),)).value
    finally:
        submission.close()


@pytest.mark.parametrize("body", SPELLINGS)
def test_every_spelling_of_a_forbidden_function_is_seen(tmp_path: Path, body: str) -> None:
    with pytest.raises(
        SubmissionFault, match=r"^f calls torch\S*softmax \(m.py:6\), which this problem"
    ) as caught:
        call(InProcessIsolation(), tmp_path, body, ("softmax",))
    assert (caught.value.verdict, caught.value.reason) == (Verdict.WRONG_ANSWER, Reason.FORBIDDEN)


def test_a_worker_process_reports_it_too(tmp_path: Path) -> None:
    with (
        ProcessIsolation() as isolation,
        pytest.raises(SubmissionFault, match=r"torch\.softmax \(m.py:6\)"),
    ):
        call(isolation, tmp_path, SPELLINGS[0], ("softmax",))


@pytest.mark.parametrize(
    "body", ["torch.exp(x) / torch.exp(x).sum()  # like softmax", "torch.log_softmax(x, -1).exp()"]
)
def test_other_functions_and_words_in_comments_are_nobodys_business(
    tmp_path: Path, body: str
) -> None:
    value = call(InProcessIsolation(), tmp_path, body, ("softmax",))
    assert torch.allclose(value, torch.full((2,), 0.5))  # type: ignore[arg-type]


def test_one_spelling_may_be_forbidden_alone(tmp_path: Path) -> None:
    assert call(InProcessIsolation(), tmp_path, SPELLINGS[0], ("torch.Tensor.softmax",)) is not None
    with pytest.raises(SubmissionFault, match=r"torch\.Tensor\.softmax"):
        call(InProcessIsolation(), tmp_path, SPELLINGS[1], ("torch.Tensor.softmax",))
