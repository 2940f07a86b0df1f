"""What importing costs and needs: each module alone, the plugin, the problem model. Modules are counted, not seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: One child per module, so that each import starts from nothing and none pays for a new interpreter.
_IMPORT_EACH = """\
import importlib, os, sys, traceback
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
print("failed:", *failed)
"""
_WITHOUT = """\
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
"""
_LOAD_PROBLEMS = (
    _WITHOUT
    + """
from pathlib import Path
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import BrokenProblem, ProblemSet
from pytest_lmworkbook.problem.formula import Formula
from pytest_lmworkbook.problem.schema import *
from pytest_lmworkbook.problem.units import parse_quantity
assert parse_quantity("8 GiB").value == 8 * 2**30
problem_set = ProblemSet(Path(sys.argv[2]), load_kinds())
for name in problem_set.workbook_names():
    for problem in problem_set.workbook(name).load():
        if isinstance(problem, BrokenProblem):
            print(problem.diagnostics)
        print("loaded", problem.id)
"""
)
_PLUGIN = "import sys, pytest; before = set(sys.modules); import pytest_lmworkbook.plugin; print(*sorted(set(sys.modules) - before))"
#: A run of pytest with our plugin alone, in a folder without tests.
_IDLE_RUN = (
    "import sys, pytest; pytest.main(['-p', 'lmworkbook', '-p', 'no:cacheprovider']); "
    "print('modules:', *sorted(sys.modules))"
)
FORBIDDEN = {
    "torch",
    "hypothesis",
    "numpy",
    "yaml",
    "rich",
    "pydantic",
    "pint",
    "triton",
    "jaxtyping",
}


def python(*arguments, cwd=None, **environment):
    """Standard output of a fresh interpreter."""
    import os

    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def names_of(root, files):
    for path in files:
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="needs os.fork")
def test_every_module_imports_alone_without_a_warning(root, package_files):
    done = python("-W", "error", "-c", _IMPORT_EACH, *names_of(root, package_files))
    assert done.stdout.strip() == "failed:", done.stderr


def test_problem_model_works_without_torch_and_pytest(root):
    blocked = "torch,pytest,_pytest,hypothesis,triton,jaxtyping,rich"
    loaded = python("-c", _LOAD_PROBLEMS, blocked, str(root)).stdout.splitlines()
    assert [line for line in loaded if not line.startswith("loaded ")] == []
    assert len(loaded) == len(list(root.glob("problems/*/*/*.yaml")))


def test_plugin_module_brings_nothing_but_settings():
    modules = set(python("-c", _PLUGIN).stdout.split())
    ours = {name for name in modules if name.startswith("pytest_lmworkbook")}
    assert ours == {"pytest_lmworkbook", "pytest_lmworkbook.plugin", "pytest_lmworkbook.settings"}
    assert not modules & FORBIDDEN


def test_idle_run_imports_nothing_heavy(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = python(
        "-c", _IDLE_RUN, cwd=tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS=""
    )
    assert "lmworkbook" in done.stdout
    modules = set(done.stdout.rpartition("modules:")[2].split())
    assert "pytest_lmworkbook.plugin" in modules
    assert not modules & FORBIDDEN
    assert "pytest_lmworkbook.session" not in modules
