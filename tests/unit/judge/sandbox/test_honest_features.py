"""What honest code does keeps working inside of every sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch

from pytest_lmworkbook.judge.process import ProcessSubmission

if TYPE_CHECKING:
    from pathlib import Path

Submit = Callable[..., ProcessSubmission]


def test_threads(submit: Submit) -> None:
    submission = submit(
        """
        from concurrent.futures import ThreadPoolExecutor
        def f():
            with ThreadPoolExecutor(8) as pool:
                return sum(pool.map(abs, range(-9, 1)))
        """
    )
    assert submission.call("f").value == 45


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(submit: Submit, method: str) -> None:
    submission = submit(
        """
        import multiprocessing
        from lm.work import square
        def f(method):
            context = multiprocessing.get_context(method)
            with context.Pool(2) as pool:
                return pool.map(square, [1, 2, 3])
        def g(method):
            context = multiprocessing.get_context(method)
            queue = context.Queue()
            child = context.Process(target=queue.put, args=("from the child",))
            child.start()
            text = queue.get(timeout=20)
            child.join()
            return text
        def shared():
            from multiprocessing.shared_memory import SharedMemory
            memory = SharedMemory(create=True, size=8)
            memory.buf[0] = 7
            value = memory.buf[0]
            memory.close(); memory.unlink()
            return value
        """,
        files={"lm/work.py": "def square(n):\n    return n * n\n"},
        call_s=60.0,
    )
    assert submission.call("f", (method,)).value == [1, 4, 9]
    assert submission.call("g", (method,)).value == "from the child"
    assert submission.call("shared").value == 7


def test_temporary_files(submit: Submit) -> None:
    submission = submit(
        """
        import os, tempfile
        from pathlib import Path
        def f():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "sub", "a.txt")
                path.parent.mkdir()
                path.write_text("kept")
                path.rename(path.with_name("b.txt"))
                return path.with_name("b.txt").read_text()
        home = os.environ["HOME"]
        def in_home():
            Path.home().joinpath("notes").write_text("x")
            return True
        """
    )
    assert submission.call("f").value == "kept"
    assert submission.call("in_home").value is True


def test_subprocess(submit: Submit) -> None:
    submission = submit(
        """
        import subprocess, sys
        def f():
            shell = subprocess.run("echo one | tr o O", shell=True, capture_output=True, text=True, check=True).stdout
            python = subprocess.run([sys.executable, "-c", "import json, ctypes; print(json.dumps(2))"], capture_output=True, text=True)
            return shell, python.stdout + python.stderr
        """
    )
    assert submission.call("f").value == ("One\n", "2\n")


def test_own_process_entries(submit: Submit) -> None:
    submission = submit(
        """
        import os
        from pathlib import Path
        def f():
            status = Path("/proc/self/status").read_text()
            maps = Path("/proc/self/maps").read_text()
            return "VmRSS" in status, "python" in maps, len(os.listdir("/proc/self/fd")) > 2, os.cpu_count()
        """
    )
    assert submission.call("f").value == (True, True, True, os.cpu_count())


def test_data_files_travel_with_the_submission(submit: Submit, tmp_path: Path) -> None:
    (tmp_path / "student").mkdir()
    torch.save(torch.ones(1, 3), tmp_path / "student" / "weight.pt")
    submission = submit(
        """
        import torch
        from pathlib import Path
        weight = torch.load(Path(__file__).parent.parent / "weight.pt", weights_only=True)
        def f(x):
            return weight @ x.T
        """,
        needs=("torch",),
    )
    value = submission.call("f", (torch.eye(3),)).value
    assert torch.equal(value, torch.ones(1, 3))  # type: ignore[arg-type]


def test_two_processes_talk_through_gloo(submit: Submit, has_network: bool) -> None:
    if not has_network:
        pytest.skip("this way to build the box has no network, not even loopback")
    submission = submit(
        """
        import torch.multiprocessing as mp
        from lm.worker import run
        def f(port):
            context = mp.get_context("spawn")
            queue = context.SimpleQueue()
            both = [context.Process(target=run, args=(rank, port, queue)) for rank in range(2)]
            for one in both: one.start()
            for one in both: one.join()
            return sorted(queue.get() for _ in both)
        """,
        files={
            "lm/worker.py": """
            import os, torch, torch.distributed as dist
            def run(rank, port, queue):
                os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
                dist.init_process_group("gloo", rank=rank, world_size=2)
                x = torch.full((3,), float(rank + 1))
                dist.all_reduce(x)
                dist.destroy_process_group()
                queue.put((rank, x.tolist()))
            """
        },
        needs=("torch",),
        call_s=90.0,
        total_s=120.0,
    )
    answer = submission.call("f", (29511,)).value
    assert answer == [(0, [3.0, 3.0, 3.0]), (1, [3.0, 3.0, 3.0])]


def test_triton_interprets_and_its_cache_is_private(submit: Submit) -> None:
    pytest.importorskip("triton")
    submission = submit(
        """
        import os, tempfile, torch, triton, triton.language as tl
        @triton.jit
        def double(x, n, BLOCK: tl.constexpr):
            at = tl.arange(0, BLOCK)
            tl.store(x + at, 2 * tl.load(x + at, mask=at < n), mask=at < n)
        def f(*, out):
            double[(1,)](out, out.numel(), 8)
        def cache():
            folder = os.environ["TRITON_CACHE_DIR"]
            os.makedirs(folder, exist_ok=True)
            return folder.startswith(tempfile.gettempdir())
        """,
        needs=("torch", "triton"),
    )
    kept = submission.call("f", (), {"out": torch.arange(5.0)}, keep=("out",)).kept
    assert torch.equal(kept["out"], 2 * torch.arange(5.0))  # type: ignore[arg-type]
    assert submission.call("cache").value is True
