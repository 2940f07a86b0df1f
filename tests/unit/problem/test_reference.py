from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.errors import JudgeError
from pytest_lmworkbook.problem.reference import (
    EditError,
    ReferencePath,
    ReferencePathError,
    edit_source,
    edited_source,
    function_source,
    load_edited,
    load_reference,
    parse_reference,
    resolve_reference,
    without_docstring,
)

SCALE = '''\
"""Scaling."""

from __future__ import annotations

import math

from .constants import FACTOR


def plain(function):
    return function


@plain
@plain
def scale(x: float) -> float:
    """Times the factor, over sqrt(2).

        y = x * FACTOR
    """

    # the book's order
    return x * FACTOR / math.sqrt(2)


def twice(x):
    return 2 * scale(x)
'''
SCALE_REF = ReferencePath(PurePosixPath("reference/scale.py"), "scale")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set" / "reference"
    folder.mkdir(parents=True)
    (folder / "scale.py").write_text(SCALE, encoding="utf-8")
    (folder / "constants.py").write_text("FACTOR = 3.0\n", encoding="utf-8")
    return tmp_path / "set"


def test_parse() -> None:
    assert parse_reference(" reference/scale.py::scale ") == SCALE_REF
    assert parse_reference("./reference/scale.py::scale") == SCALE_REF
    assert str(SCALE_REF) == "reference/scale.py::scale"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("reference/scale.py", "put '::' before the function"),
        ("/etc/scale.py::scale", "a path is relative to the problem set, with '/'"),
        ("~/scale.py::scale", "a path is relative to the problem set, with '/'"),
        ("C:/scale.py::scale", "a path is relative to the problem set, with '/'"),
        ("reference\\scale.py::scale", "a path is relative to the problem set, with '/'"),
        ("../scale.py::scale", "a reference stays inside its problem set"),
        ("reference/../../scale.py::scale", "a reference stays inside its problem set"),
        ("reference/scale::scale", "the file's name ends in .py"),
        ("reference/my-scale.py::scale", "'my-scale' is not a name that Python can import"),
        ("reference/a.b.py::scale", "'a.b' is not a name that Python can import"),
        ("reference/scale.py::", "'' is not a name that Python can import"),
        ("reference/scale.py::a::b", "'a::b' is not a name that Python can import"),
        ("reference/scale.py::a.b", "'a.b' is not a name that Python can import"),
        ("reference/sca\x00le.py::scale", "'sca\\x00le' is not a name that Python can import"),
        ("::scale", "the file's name ends in .py"),
    ],
)
def test_parse_refuses(text: str, hint: str) -> None:
    with pytest.raises(ReferencePathError) as caught:
        parse_reference(text)
    assert caught.value.hint == hint
    assert repr(text) in caught.value.message


@given(st.text())
def test_parse_gives_a_contained_path_or_an_error(text: str) -> None:
    try:
        ref = parse_reference(text + "::f")
    except ReferencePathError:
        return
    assert not ref.path.is_absolute()
    assert ".." not in ref.path.parts


def test_resolve(root: Path) -> None:
    assert resolve_reference(root, SCALE_REF) == (root / "reference/scale.py").resolve()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "reference/scales.py::scale",
            "there is no file reference/scales.py; did you mean 'scale.py'?",
        ),
        ("other/scale.py::scale", "there is no file other/scale.py; there is no folder other"),
        (
            "reference/scale.py::scall",
            "reference/scale.py defines no function 'scall'; did you mean 'scale'?",
        ),
        ("reference/constants.py::FACTOR", "reference/constants.py defines no function 'FACTOR'"),
    ],
)
def test_resolve_refuses(root: Path, text: str, message: str) -> None:
    with pytest.raises(ReferencePathError) as caught:
        resolve_reference(root, parse_reference(text))
    assert str(caught.value) == message


@pytest.mark.parametrize("is_folder", [False, True])
def test_resolve_refuses_symbolic_links_out_of_the_set(root: Path, is_folder: bool) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "f.py").write_text("def f(): ...\n", encoding="utf-8")
    link = root / ("linked" if is_folder else "linked.py")
    link.symlink_to(outside if is_folder else outside / "f.py")
    ref = parse_reference("linked/f.py::f" if is_folder else "linked.py::f")
    with pytest.raises(ReferencePathError, match="leads out of the problem set"):
        resolve_reference(root, ref)
    with pytest.raises(JudgeError, match="leads out of the problem set"):
        load_reference(root, ref)


def test_resolve_says_where_a_file_is_not_python(root: Path) -> None:
    (root / "reference/bad.py").write_text("x = 1\ndef f(:\n", encoding="utf-8")
    with pytest.raises(ReferencePathError, match=r"line 2 of reference/bad\.py is not Python"):
        resolve_reference(root, parse_reference("reference/bad.py::f"))


def test_load_imports_neighbours_and_leaves_no_global_name(root: Path) -> None:
    scale = load_reference(root, SCALE_REF)
    assert scale(2.0) == pytest.approx(6.0 / 2**0.5)
    assert not {"reference", "reference.scale", "scale"} & sys.modules.keys()
    assert load_reference(root, SCALE_REF) is scale


def test_two_sets_with_the_same_file_names_stay_apart(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "reference").mkdir(parents=True)
    (other / "reference/scale.py").write_text("def scale(x):\n    return -x\n", encoding="utf-8")
    assert load_reference(root, SCALE_REF)(1.0) != load_reference(other, SCALE_REF)(1.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import no_such_module\ndef f(): ...\n", "ModuleNotFoundError"),
        ("def f(): ...\nraise SystemExit(3)\n", "SystemExit: 3"),
        ("def f(): ...\nf = 3\n", "not a function after import, got int"),
    ],
)
def test_load_turns_every_fault_into_a_judge_error(root: Path, body: str, words: str) -> None:
    (root / "reference/bad.py").write_text(body, encoding="utf-8")
    with pytest.raises(JudgeError, match=words):
        load_reference(root, parse_reference("reference/bad.py::f"))


def test_function_source_has_decorators_and_docstring(root: Path) -> None:
    source = function_source(root, SCALE_REF)
    assert source.startswith("@plain\n@plain\ndef scale(x: float)")
    assert source.endswith("    return x * FACTOR / math.sqrt(2)\n")
    assert '"""Times the factor' in source


def test_function_source_follows_the_file(root: Path) -> None:
    function_source(root, SCALE_REF)
    path = root / "reference/scale.py"
    path.write_text("# moved\n\n" + SCALE, encoding="utf-8")
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))
    assert function_source(root, SCALE_REF).startswith("@plain\n@plain\ndef scale")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def f():\n    """Doc."""\n    return 1\n', "def f():\n    return 1\n"),
        ('def f():\n    """Doc.\n\n    More.\n    """\n\n    return 1\n', "def f():\n    return 1\n"),
        ('def f():\n    """Doc."""\n', "def f():\n    ...\n"),
        ('def f(): """Doc."""\n', "def f(): ...\n"),
        ('def f(): "世"; return 1\n', "def f(): return 1\n"),
        ('def f():\n    """Doc."""  # why\n    return 1\n', "def f():\n    return 1\n"),
        ("def f():\n    return '''no'''\n", "def f():\n    return '''no'''\n"),
        ('def f():\n    "a"\n    pass\n\n\ndef g():\n    "b"\n    pass\n',
         "def f():\n    pass\n\n\ndef g():\n    pass\n"),
        ('x = """kept"""\n', 'x = """kept"""\n'),
    ],
)  # fmt: skip
def test_without_docstring(source: str, expected: str) -> None:
    assert without_docstring(source) == expected


def test_edit_source() -> None:
    assert edit_source("a + b * b\n", "a +", "a -") == "a - b * b\n"
    assert edit_source("x / y\n", " / y", "") == "x\n"


@pytest.mark.parametrize(
    ("replace", "with_", "message"),
    [
        ("b", "c", ("'b' must occur once in the function, it occurs 2 times; "
         "write more of the line, so that it occurs once")),
        ("a - b", "c", ("'a - b' must occur once in the function, it occurs nowhere; "
         "did you mean 'a + b'?")),
        ("zzzz", "c", ("'zzzz' must occur once in the function, it occurs nowhere; "
         "copy the text from the reference")),
        ("", "c", "an edit must replace some text by another; got ''"),
        ("a", "a", "an edit must replace some text by another; got 'a'"),
    ],
)  # fmt: skip
def test_edit_source_refuses(replace: str, with_: str, message: str) -> None:
    with pytest.raises(EditError) as caught:
        edit_source("a + b\nb\n", replace, with_)
    assert str(caught.value) == message


def test_overlapping_occurrences_count() -> None:
    with pytest.raises(EditError, match="2 times"):
        edit_source("aaa", "aa", "b")


def test_edits_do_not_see_the_docstring(root: Path) -> None:
    assert edited_source(root, SCALE_REF, [("x * FACTOR", "x"), ("sqrt(2)", "sqrt(4)")]) == (
        "@plain\n@plain\ndef scale(x: float) -> float:\n    # the book's order\n"
        "    return x / math.sqrt(4)\n"
    )
    with pytest.raises(EditError, match="is not Python"):
        edited_source(root, SCALE_REF, [("return x *", "return x * *")])


def test_load_edited_leaves_the_original_alone(root: Path) -> None:
    edits = [(" / math.sqrt(2)", "")]
    wrong = load_edited(root, SCALE_REF, edits)
    assert wrong(2.0) == 6.0
    assert load_reference(root, SCALE_REF)(2.0) != 6.0
    assert load_edited(root, SCALE_REF, edits) is wrong
    assert load_edited(root, SCALE_REF, []) is not wrong


def test_load_edited_reaches_the_callers_of_the_edited_function(root: Path) -> None:
    twice = parse_reference("reference/scale.py::twice")
    assert load_edited(root, twice, [(" / math.sqrt(2)", "")], function="scale")(2.0) == 12.0


def test_load_edited_source_can_be_inspected(root: Path) -> None:
    wrong = load_edited(root, SCALE_REF, [("x * FACTOR", "x")])
    assert inspect.getsource(wrong).endswith("    return x / math.sqrt(2)\n")


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([("no such text", "")], "it occurs nowhere"),
        ([("return x *", "return x * *")], "is not Python"),
        ([("x: float", "x: float = 1 / 0")], "ZeroDivisionError"),
    ],
)
def test_load_edited_turns_every_fault_into_a_judge_error(
    root: Path, edits: list[tuple[str, str]], words: str
) -> None:
    with pytest.raises(JudgeError, match=words):
        load_edited(root, SCALE_REF, edits)
