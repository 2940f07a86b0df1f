"""The wheel carries the built-in problem set inside the package, and works without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow

FOLDERS = ("problems", "reference", "kernels", "student_template")


def run(*command, cwd, **environment):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The built wheel."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    place = tmp_path_factory.mktemp("wheel")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(root), cwd=place)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.parametrize("folder", FOLDERS)
def test_problem_set_is_inside_the_package(root, names, folder):
    prefix = f"pytest_lmworkbook/builtin/{folder}/"
    there = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    wanted = {
        str(path.relative_to(root / folder))
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there == wanted


def test_nothing_else_is_at_the_top(names):
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pytest_lmworkbook"}
    assert "pytest_lmworkbook/py.typed" in names


def test_installed_wheel_lists_the_problems(root, wheel, tmp_path):
    target = tmp_path / "site"
    install = (
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        "--target",
        str(target),
    )
    run(*install, str(wheel), cwd=tmp_path, PIP_DISABLE_PIP_VERSION_CHECK="1")
    listed = json.loads(
        run("-m", "pytest_lmworkbook.cli", "list", "--json", cwd=tmp_path, PYTHONPATH=str(target))
    )
    wanted = {path.stem.partition("-")[0] for path in root.glob("problems/lm/*/*.yaml")}
    assert {one["id"].partition("/")[2] for one in listed if one["workbook"] == "lm"} == wanted
    assert all(
        str(target) in str(tmp_path / one["path"]) or "builtin" in one["path"] for one in listed
    )
