from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.in_process import InProcessIsolation, InProcessSubmission
from pytest_lmworkbook.judge.protocol import Opaque
from pytest_lmworkbook.judge.submission import Found, Isolation, SubmissionSpec
from pytest_lmworkbook.judge.verdict import Verdict

MakeSpec = Callable[..., SubmissionSpec]


@pytest.fixture
def submit(
    make_spec: MakeSpec, request: pytest.FixtureRequest
) -> Callable[..., InProcessSubmission]:
    def submit(*args: object, **kwargs: object) -> InProcessSubmission:
        submission = InProcessIsolation().open(make_spec(*args, **kwargs))
        request.addfinalizer(submission.close)
        return submission

    return submit


def fault_of(submission: InProcessSubmission, entry: str, *args: object) -> SubmissionFault:
    with pytest.raises(SubmissionFault) as caught:
        submission.call(entry, args)
    return caught.value


def test_the_tier_is_an_isolation() -> None:
    assert isinstance(InProcessIsolation(), Isolation)


def test_entries_are_looked_up(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit(
        """
        answer = 295.2
        words = ["a", None]
        todo = None
        odd = range(2)
        def f(x): return x
        def g(x):
            "Doc."
            raise NotImplementedError
        class Model: size = 1
        """
    )
    assert submission.look("answer") == Found("value", 295.2, "lm.ch04")
    assert submission.look("words") == Found("value", ["a", None], "lm.ch04")
    assert submission.look("odd").value == Opaque("range", "range(0, 2)")
    assert submission.look("todo") == Found("stub", None, "lm.ch04")
    assert submission.look("g") == Found("stub", None, "lm.ch04")
    assert submission.look("f") == Found("function", None, "lm.ch04")
    assert submission.look("Model") == Found("function", None, "lm.ch04")
    assert submission.look("h") == Found("missing", None, "lm/ch04.py defines no 'h'")


def test_a_missing_module_is_missing(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit(files={"readme.txt": ""})
    assert submission.look("f") == Found("missing", None, "there is no lm/ch04.py")
    fault = fault_of(submission, "f")
    assert (fault.verdict, fault.message) == (
        Verdict.NOT_ATTEMPTED,
        "'f' is missing: there is no lm/ch04.py.",
    )


def test_calls_carry_values_and_kept_arguments(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit(
        """
        import torch
        def scale(x, factor, *, out):
            torch.mul(x, factor, out=out)
            x.zero_()
            return {"sum": out.sum(), "shape": tuple(x.shape)}
        """
    )
    x, out = torch.ones(2, 3), torch.full((2, 3), torch.nan)
    returned = submission.call("scale", (x, 3), {"out": out}, keep=(0, "out"))
    assert returned.value == {"sum": torch.tensor(18.0), "shape": (2, 3)}
    assert torch.equal(returned.kept["out"], torch.full((2, 3), 3.0))  # type: ignore[arg-type]
    assert torch.equal(returned.kept[0], torch.zeros(2, 3))  # type: ignore[arg-type]
    assert torch.equal(x, torch.ones(2, 3))  # the judge's own tensors are out of reach
    assert out.isnan().all()


def test_an_exception_keeps_its_cause_and_shows_student_frames(
    submit: Callable[..., InProcessSubmission],
) -> None:
    submission = submit(
        files={
            "lm/ch04.py": "from lm.inner import helper\n\ndef f(x):\n    return helper(x)\n",
            "lm/inner.py": "def helper(x):\n    return sorted([3, 1], key=lambda n: n / x)\n",
        }
    )
    fault = fault_of(submission, "f", 0)
    assert fault.verdict is Verdict.CRASHED
    assert fault.message == "f raised ZeroDivisionError: division by zero (lm/inner.py:2)."
    assert isinstance(fault.__cause__, ZeroDivisionError)
    assert fault.trace.splitlines()[0] == "Traceback (most recent call last):"
    assert [line for line in fault.trace.splitlines() if "File" in line] == [
        '  File "lm/ch04.py", line 4, in f',
        '  File "lm/inner.py", line 2, in helper',
        '  File "lm/inner.py", line 2, in <lambda>',
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:\n    pass\n", "importing 'f' raised SyntaxError: invalid syntax (lm/ch04.py:1)."),
        (
            "import no_such_library\n",
            "importing 'f' raised ModuleNotFoundError: No module named 'no_such_library' (lm/ch04.py:1).",
        ),
        (
            "import sys\nsys.exit(0)\n",
            "importing 'f' ended the process: the code called sys.exit(0) (lm/ch04.py:2).",
        ),
        (
            "raise NotImplementedError('later')\n",
            "importing 'f' raised NotImplementedError: later (lm/ch04.py:1).",
        ),
    ],
)
def test_a_module_that_does_not_import_is_a_crash(
    submit: Callable[..., InProcessSubmission], source: str, message: str
) -> None:
    submission = submit(files={"lm/ch04.py": source})
    for _ in range(2):
        with pytest.raises(SubmissionFault) as caught:
            submission.look("f")
        assert (caught.value.verdict, caught.value.message) == (Verdict.CRASHED, message)


def test_what_a_call_can_raise(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit(
        """
        import torch
        number = 3
        def part(x):
            if x: return 1
            raise NotImplementedError("the other half")
        def library(x):
            return torch._foreach_norm(x.to_sparse())
        def leave(): raise SystemExit("bye")
        def memory(): raise MemoryError
        def deep(n): return deep(n + 1)
        def rude():
            class Rude(BaseException):
                def __str__(self): raise ValueError
            raise Rude
        """
    )
    faults = {
        entry: fault_of(submission, entry, *args)
        for entry, args in {
            "part": (0,), "leave": (), "memory": (), "deep": (0,), "rude": (), "number": (),
        }.items()
    }  # fmt: skip
    assert {entry: fault.verdict.name for entry, fault in faults.items()} == {
        "part": "NOT_ATTEMPTED",
        "leave": "CRASHED",
        "memory": "OUT_OF_MEMORY",
        "deep": "CRASHED",
        "rude": "CRASHED",
        "number": "CRASHED",
    }
    assert (
        faults["part"].message == "part raised NotImplementedError: the other half (lm/ch04.py:6)."
    )
    assert (
        faults["leave"].message
        == "leave ended the process: the code called sys.exit('bye') (lm/ch04.py:9)."
    )
    assert "limit of 4,096 MiB (lm/ch04.py:10)" in faults["memory"].message
    assert len(faults["deep"].trace) < 10_000
    assert "'int' object is not callable" in faults["number"].message


def test_a_librarys_not_implemented_is_a_crash(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit("import abc, codecs\ndef f(): return codecs.Codec().encode('x') or 1\n")
    assert fault_of(submission, "f").verdict is Verdict.CRASHED


def test_a_result_beyond_the_limit_is_refused(submit: Callable[..., InProcessSubmission]) -> None:
    submission = submit("def f(): return bytes(3 << 20)\n", result_mib=2)
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.OUT_OF_MEMORY
    assert fault.message == (
        "f gave 3.0 MiB of values; the limit is 2 MiB for the result of one call."
    )


def test_inputs_that_cannot_be_sent_are_our_fault(
    submit: Callable[..., InProcessSubmission],
) -> None:
    with pytest.raises(JudgeError, match="the inputs of 'f' cannot be sent: a value of type range"):
        submit("def f(x): return x\n").call("f", (range(3),))


def test_ctrl_c_is_the_users(submit: Callable[..., InProcessSubmission]) -> None:
    with pytest.raises(KeyboardInterrupt):
        submit("def f(): raise KeyboardInterrupt\n").call("f")


def test_closing_leaves_this_process_as_it_was(make_spec: MakeSpec) -> None:
    spec = make_spec("import os\nfolder = os.getcwd()\n", environment={"LM_TEST_ONLY": "1"})
    before = list(sys.path), set(sys.modules), Path.cwd(), sys.dont_write_bytecode
    submission = InProcessIsolation().open(spec)
    assert os.environ["LM_TEST_ONLY"] == "1"
    assert submission.look("folder").value == str(spec.root)
    submission.close()
    assert (list(sys.path), set(sys.modules), Path.cwd(), sys.dont_write_bytecode) == before
    assert "LM_TEST_ONLY" not in os.environ
    assert sorted(path.name for path in spec.root.rglob("*")) == ["ch04.py", "lm"]


def test_the_folder_comes_after_the_standard_library_and_before_installed_packages(
    submit: Callable[..., InProcessSubmission],
) -> None:
    submission = submit(
        files={
            "lm/ch04.py": "import colorsys, pluggy\nwhere = [colorsys.__file__, pluggy.__file__]\n",
            "colorsys.py": "raise RuntimeError('shadows the standard library')\n",
            "pluggy.py": "",
        }
    )
    saved = sys.modules.pop("pluggy")
    try:
        standard, own = submission.look("where").value  # type: ignore[misc]
    finally:
        sys.modules["pluggy"] = saved
    assert "student" not in standard
    assert "student" in own


def test_a_folder_without_init_wins_over_an_installed_package(make_spec: MakeSpec) -> None:
    spec = make_spec(
        files={"hypothesis/adapters.py": "from .other import x\n", "hypothesis/other.py": "x = 5\n"}
    )
    spec = SubmissionSpec(root=spec.root, modules=("hypothesis.adapters",))
    before = sys.modules.get("hypothesis")
    submission = InProcessIsolation().open(spec)
    assert submission.look("x").value == 5
    submission.close()
    assert sys.modules.get("hypothesis") is before
