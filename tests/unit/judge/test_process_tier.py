from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.launch import ServerProcess, split_path
from pytest_lmworkbook.judge.linux import children_of
from pytest_lmworkbook.judge.process import ProcessIsolation, ProcessSubmission
from pytest_lmworkbook.judge.submission import Found, Isolation, SubmissionSpec
from pytest_lmworkbook.judge.verdict import Verdict
from pytest_lmworkbook.judge.walls import Walls

MakeSpec = Callable[..., SubmissionSpec]
Submit = Callable[..., ProcessSubmission]


@pytest.fixture
def submit(
    make_spec: MakeSpec, isolation: ProcessIsolation, request: pytest.FixtureRequest
) -> Submit:
    def submit(*args: object, **kwargs: object) -> ProcessSubmission:
        submission = isolation.open(make_spec(*args, **kwargs))
        request.addfinalizer(submission.close)
        return submission

    return submit


def fault_of(submission: ProcessSubmission, entry: str, *args: object) -> SubmissionFault:
    with pytest.raises(SubmissionFault) as caught:
        submission.call(entry, args)
    return caught.value


def server_pid(isolation: ProcessIsolation) -> int:
    server = isolation._server
    assert server is not None
    return server.pid


def runs(marker: str) -> int:
    """How many processes have the marker in their command line."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines.append((folder / "cmdline").read_bytes())
    return sum(marker.encode() in line for line in lines)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # an orphan waits for init to take note


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert claim()


def test_the_tier_is_an_isolation(isolation: ProcessIsolation) -> None:
    assert isinstance(isolation, Isolation)
    assert isolation.name == "process"


def test_values_cross_to_another_process(submit: Submit) -> None:
    submission = submit(
        """
        import os, torch
        def softmax(x, *, out):
            out.copy_(torch.softmax(x, -1))
            x[0] = 0
            return x.stride(), os.getpid()
        """,
        needs=("torch",),
    )
    x = torch.randn(4, 3).mT
    out = torch.full((3, 4), torch.nan)
    returned = submission.call("softmax", (x,), {"out": out}, keep=("out",))
    strides, pid = returned.value  # type: ignore[misc]
    assert strides == (1, 3)
    assert pid != os.getpid()
    torch.testing.assert_close(returned.kept["out"], torch.softmax(x, -1))
    assert submission.isolation == "process"


def test_states_of_entries(submit: Submit) -> None:
    submission = submit("n = 3\ndef f(x): ...\ndef g(x): return x\n")
    states = [submission.look(entry).state for entry in ("n", "f", "g", "h")]
    assert states == ["value", "stub", "function", "missing"]
    fault = fault_of(submission, "f", 1)
    assert (fault.verdict, fault.message) == (Verdict.NOT_ATTEMPTED, "'f' is still the stub.")


def test_a_missing_module_is_not_attempted(submit: Submit) -> None:
    submission = submit(files={"readme.txt": ""})
    assert submission.look("f") == Found("missing", None, "there is no lm/ch04.py")


def test_a_syntax_error_is_a_crash_with_its_line(submit: Submit) -> None:
    submission = submit("x = 1\ndef f(:\n    pass\n")
    with pytest.raises(SubmissionFault) as caught:
        submission.look("f")
    assert (
        caught.value.message == "importing 'f' raised SyntaxError: invalid syntax (lm/ch04.py:2)."
    )
    assert 'File "lm/ch04.py", line 2' in caught.value.trace


def test_an_exception_shows_student_frames_only(submit: Submit) -> None:
    submission = submit("def f(x):\n    return {}[x]\n\ndef g(x):\n    return f(x)\n")
    fault = fault_of(submission, "g", "key")
    assert fault.verdict is Verdict.CRASHED
    assert fault.message == "g raised KeyError: 'key' (lm/ch04.py:2)."
    files = [line for line in fault.trace.splitlines() if "File" in line]
    assert files == ['  File "lm/ch04.py", line 5, in g', '  File "lm/ch04.py", line 2, in f']


def test_a_loop_is_timed_out_at_its_line_and_the_next_call_works(submit: Submit) -> None:
    submission = submit(
        "def f(x):\n    while True:\n        x += 1\n\ndef g(x):\n    return x\n", call_s=0.3
    )
    fault = fault_of(submission, "f", 1)
    assert fault.verdict is Verdict.TIMED_OUT
    assert "f did not finish within 0.3 s, the limit for one call." in fault.message
    assert "It was at lm/ch04.py:3: `x += 1`." in fault.message or ":2: `while" in fault.message
    assert "in f\n" in fault.trace
    assert submission.call("g", (2,)).value == 2


def test_a_loop_in_the_module_itself_is_timed_out(submit: Submit) -> None:
    submission = submit("import time\ntime.sleep(60)\n", import_s=0.3)
    with pytest.raises(SubmissionFault, match=r"lm/ch04.py:2: `time.sleep\(60\)`"):
        submission.look("f")


def test_all_calls_together_have_a_limit(submit: Submit) -> None:
    submission = submit("import time\ndef f():\n    time.sleep(0.2)\n", total_s=0.5)
    for _ in range(2):
        submission.call("f")
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.TIMED_OUT
    assert fault.message.startswith("f used up the 0.5 s that one problem may take, over 3 calls.")
    assert "over 3 calls" in fault_of(submission, "f").message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import os; os._exit(0)", "f ended its process: it called os._exit(0), or a library did."),
        (
            "import ctypes; ctypes.string_at(0)",
            "f ended its process at lm/ch04.py:2: `import ctypes; ctypes.string_at(0)`: signal SIGSEGV.",
        ),
        ("import os; os.abort()", "signal SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "f ended its process: signal SIGKILL."),
        ("import signal; signal.raise_signal(signal.SIGRTMIN)", "f ended its process: signal SIG"),
        (
            "import sys; sys.exit(3)",
            "f ended the process: the code called sys.exit(3) (lm/ch04.py:2).",
        ),
        ("raise KeyboardInterrupt", "f raised KeyboardInterrupt (lm/ch04.py:2)."),
        ("import os; os.closerange(3, 100); import time; time.sleep(9)", "closed its connection"),
        ("breakpoint()", "a breakpoint needs a terminal, so run with --pdb"),
        ("input()", "f raised EOFError: EOF when reading a line (lm/ch04.py:2)."),
        ("open('big', 'wb').write(bytes(3 << 20))", "the limit is 1 MiB for one file"),
    ],
)
def test_ways_to_crash(submit: Submit, body: str, words: str) -> None:
    submission = submit(f"def f():\n    {body}\n\ndef g(): return 1\n", file_mib=1)
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.CRASHED
    assert words in fault.message
    assert submission.call("g").value == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x = [bytes(1 << 20) for _ in range(10_000)]", "limit of 64 MiB (lm/ch04.py:3)"),
        ("x = torch.zeros(1 << 28)", "limit of 64 MiB (lm/ch04.py:3)"),
        ("return torch.zeros(1).expand(1 << 40)", "the limit is 256 MiB for the result"),
    ],
)
def test_memory_has_a_limit(submit: Submit, body: str, words: str) -> None:
    submission = submit(
        f"import torch\ndef f():\n    {body}\n\ndef g(): return 1\n",
        needs=("torch",),
        memory_mib=64,
    )
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.OUT_OF_MEMORY
    assert words in fault.message
    assert submission.call("g").value == 1


def test_output_is_kept_in_order_and_cut(submit: Submit) -> None:
    submission = submit(
        """
        import os, sys
        def f():
            print("one"); print("two", file=sys.stderr); os.system("echo three"); print("four", end="")
        def g():
            for _ in range(1000): print("x" * 999)
            return 7
        """,
        output_kib=2,
    )
    submission.call("f")
    assert submission.call("g").value == 7
    submission.close()
    text = submission.output()
    assert text.startswith("one\ntwo\nthree\nfour" + "x" * 999)
    assert text.endswith("[output cut after 2,048 bytes; 997,970 more were dropped]\n")


def test_an_endless_print_ends_in_its_time(submit: Submit) -> None:
    submission = submit("def f():\n    while True: print('y' * 500)\n", call_s=0.5, output_kib=1)
    assert fault_of(submission, "f").verdict is Verdict.TIMED_OUT
    assert len(submission.output()) < 1200


def test_a_forged_answer_is_a_crash(submit: Submit) -> None:
    submission = submit(
        """
        import os
        def f():
            for descriptor in range(3, 50):
                try: os.write(descriptor, b"HTTP/1.1 200 OK" + bytes(100))
                except OSError: pass
        """
    )
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.CRASHED
    assert "sent the judge something that is not an answer (a frame starts with" in fault.message


def test_a_fork_that_returns_answers_once(submit: Submit) -> None:
    submission = submit("import os\ndef f(x):\n    os.fork()\n    return x\n")
    assert [submission.call("f", (n,)).value for n in range(20)] == list(range(20))


def test_leftover_processes_end_with_the_submission(
    submit: Submit, isolation: ProcessIsolation
) -> None:
    marker = f"lmworkbook-test-{os.getpid()}"
    submission = submit(
        f"""
        import os, subprocess, sys
        code = "import time; time.sleep(60)  # {marker}"
        def f():
            subprocess.Popen([sys.executable, "-c", code])
            subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
            if os.fork() == 0:  # a daemon, forked twice
                os.setsid()
                if os.fork() == 0:
                    os.execv(sys.executable, [sys.executable, "-c", code])
                os._exit(0)
        """
    )
    submission.call("f")
    wait_until(lambda: runs(marker) == 3)
    submission.close()
    assert runs(marker) == 0
    assert children_of(server_pid(isolation)) == []


def test_files_in_the_temporary_folder_go_with_the_worker(submit: Submit) -> None:
    submission = submit(
        "import tempfile\ndef f():\n    return tempfile.NamedTemporaryFile(delete=False).name\n"
    )
    path = Path(str(submission.call("f").value))
    assert path.exists()
    assert not path.is_relative_to(submission._root)
    submission.close()
    assert not path.parent.exists()


def test_a_worker_sees_a_clean_environment(
    submit: Submit, isolation: ProcessIsolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolation.close()  # the next server must be started with these
    monkeypatch.setenv("LMWORKBOOK_SALT", "secret")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    submission = submit(
        """
        import os, sys
        environment, path, argv = dict(os.environ), sys.path, sys.argv
        folder = os.getcwd()
        """,
        environment={"EXTRA": "1"},
    )
    environment = submission.look("environment").value
    assert isinstance(environment, dict)
    assert environment["EXTRA"] == environment["TRITON_INTERPRET"] == "1"
    assert not {"LMWORKBOOK_SALT", "GITHUB_TOKEN"} & {*environment}
    assert submission.look("argv").value == [""]
    assert submission.look("folder").value == str(submission._root)
    path = submission.look("path").value
    assert isinstance(path, list)
    assert str(Path(__file__).parents[3]) not in path  # the references lie there
    assert "" not in path


def test_chapters_without_torch_do_not_import_it(make_spec: MakeSpec) -> None:
    with ProcessIsolation() as isolation:
        submission = isolation.open(make_spec("import sys\nlibraries = 'torch' in sys.modules\n"))
        assert submission.look("libraries") == Found("value", False, "lm.ch04")
        submission.close()


def test_a_library_that_is_not_there_is_our_fault(make_spec: MakeSpec) -> None:
    with ProcessIsolation(preload=("no_such_library",)) as isolation:
        with pytest.raises(JudgeError, match="could not start a worker: ModuleNotFoundError"):
            isolation.open(make_spec("", needs=("no_such_library",)))
        isolation.open(make_spec("")).close()


def test_triton_kernels_are_interpreted(submit: Submit) -> None:
    pytest.importorskip("triton")
    submission = submit(
        """
        import torch, triton, triton.language as tl
        @triton.jit
        def double(x, n, BLOCK: tl.constexpr):
            at = tl.arange(0, BLOCK)
            tl.store(x + at, 2 * tl.load(x + at, mask=at < n), mask=at < n)
        def f(*, out):
            double[(1,)](out, out.numel(), 8)
        """,
        needs=("torch", "triton"),
        environment={"TRITON_INTERPRET": "1"},
    )
    kept = submission.call("f", (), {"out": torch.arange(5.0)}, keep=("out",)).kept
    assert torch.equal(kept["out"], 2 * torch.arange(5.0))  # type: ignore[arg-type]


def test_one_kill_of_the_server_is_survived(submit: Submit, isolation: ProcessIsolation) -> None:
    submission = submit("def f(): return 1\n")
    assert submission.call("f").value == 1
    os.kill(server_pid(isolation), signal.SIGKILL)
    time.sleep(0.1)
    assert submission.call("f").value == 1


def test_code_that_kills_the_server_is_a_crash(submit: Submit) -> None:
    submission = submit(
        "import os, time\ndef f():\n    os.kill(os.getppid(), 9)\n    time.sleep(9)\n"
    )
    fault = fault_of(submission, "f")
    assert fault.verdict is Verdict.CRASHED
    assert "the server that starts workers was killed each time that f ran" in fault.message


@pytest.mark.slow
def test_a_stopped_server_is_replaced(submit: Submit, make_spec: MakeSpec) -> None:
    submission = submit(
        "import os, signal, time\ndef f():\n    os.kill(os.getppid(), signal.SIGSTOP)\n    time.sleep(9)\n"
        "def g(): return 1\n",
        call_s=0.3,
    )
    assert fault_of(submission, "f").verdict is Verdict.TIMED_OUT
    assert submission.call("g").value == 1


def test_closing_leaves_no_process_and_no_file(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    isolation = ProcessIsolation()
    isolation.start()
    submission = isolation.open(make_spec("def f():\n    while True: pass\n", call_s=0.2))
    pid = server_pid(isolation)
    with pytest.raises(SubmissionFault):
        submission.call("f")
    still_open = isolation.open(make_spec("n = 1\n"))
    isolation.close()
    still_open.close()
    assert not is_alive(pid)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert sorted(path.name for path in make_spec("n = 1\n").root.rglob("*")) == ["ch04.py", "lm"]


def test_the_server_dies_with_the_judge(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from pytest_lmworkbook.judge.process import ProcessIsolation\n"
        "from pytest_lmworkbook.judge.submission import SubmissionSpec\n"
        "isolation = ProcessIsolation()\n"
        f"submission = isolation.open(SubmissionSpec(root=Path({str(tmp_path)!r}), modules=('m',)))\n"
        "print(isolation._server.pid, isolation._server._private, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "m.py").write_text("")
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    pid, private = done.stdout.split()
    wait_until(lambda: not is_alive(int(pid)) and not Path(private).exists())


def test_a_server_that_cannot_start_is_our_fault(make_spec: MakeSpec) -> None:
    with ProcessIsolation(walls=Walls(wrap=lambda *_: ["false"])) as isolation:  # noqa: SIM117
        with pytest.raises(JudgeError, match="the fork server ends as soon as it starts"):
            isolation.open(make_spec(""))
    with pytest.raises(JudgeError, match="the fork server does not start"):
        ProcessIsolation(walls=Walls(wrap=lambda *_: ["/no/such/command"])).start()


def test_other_systems_get_a_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_lmworkbook.judge.launch.is_linux", lambda: False)
    with pytest.raises(JudgeError, match=r"needs Linux.*run with --lm-isolation none"):
        ServerProcess()


def test_the_servers_path_holds_nothing_that_a_submission_could_shadow() -> None:
    path = [
        "",
        "/home/me/student",
        "/usr/lib/python3.11/lib-dynload",
        "/x/site-packages",
        "/x/site-packages",
    ]
    trusted, extra, package = split_path(path)
    assert trusted == ["/usr/lib/python3.11/lib-dynload", "/x/site-packages"]
    assert extra == ["/home/me/student"]
    assert (Path(package) / "pytest_lmworkbook").is_dir()
