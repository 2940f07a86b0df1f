from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.problem import source as source_module
from pytest_lmworkbook.problem.diagnostics import Diagnostic, Position, render_diagnostics
from pytest_lmworkbook.problem.source import LARGEST_BYTES, SOURCE_CODES, Source, read_source

PATH = Path("problems/p.yaml")


@pytest.fixture(params=["C", "Python"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both scanners of PyYAML give the same values and positions."""
    if request.param == "Python":
        monkeypatch.setattr(source_module, "_LOADER", yaml.SafeLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML has no C scanner")
    return str(request.param)


def read(text: str) -> Source:
    return read_source(PATH, text)


def faults(text: str) -> list[tuple[str, int, int]]:
    return [(d.code, d.position.line, d.position.column) for d in read(text).diagnostics]


def test_every_scalar_stays_text_but_a_plain_null() -> None:
    text = "a: 1e-5\nb: 017\nc: yes\nd: 1:30\ne: 2024-01-02\nf: ~\ng:\nh: 'null'\ni: \"\"\n1: [1.0, null]"
    result = read(text)
    assert result.diagnostics == ()
    assert result.value == {
        "a": "1e-5", "b": "017", "c": "yes", "d": "1:30", "e": "2024-01-02", "f": None, "g": None,
        "h": "null", "i": "", "1": ["1.0", None],
    }  # fmt: skip


POSITIONS = """\
# a comment
answer:
  unit: FLOP
  rtol:
list:
  - {a: 世界, b: [1,
 2]}
  - c: 1
prompt: |
  Text.
"q": 'two
  lines'  # a comment
"""


@pytest.mark.parametrize(
    ("loc", "key", "line", "column", "width"),
    [
        ((), False, 2, 1, 1),
        (("answer",), False, 3, 3, 1),
        (("answer",), True, 2, 1, 6),
        (("answer", "unit"), False, 3, 9, 4),
        (("answer", "unit"), True, 3, 3, 4),
        (("answer", "published"), False, 2, 1, 6),  # missing: its parent's key
        (("answer", "published", 3, "deeper"), True, 2, 1, 6),
        (("list", 0), False, 6, 5, 14),  # a flow mapping, to the end of its first line
        (("list", 0), True, 6, 5, 14),  # an item has no key
        (("list", 0, "a"), False, 6, 9, 2),
        (("list", 0, "b", 1), False, 7, 2, 1),
        (("list", 0, "zz"), False, 6, 5, 14),
        (("list", 1, "zz"), False, 8, 5, 1),
        (("list", 7), False, 5, 1, 4),
        (("prompt",), False, 9, 9, 1),
        (("q",), False, 11, 6, 4),
        (("q",), True, 11, 1, 3),
        (("kind",), False, 2, 1, 1),
    ],
)
def test_position(
    loc: tuple[str | int, ...], key: bool, line: int, column: int, width: int
) -> None:
    result = read(POSITIONS)
    assert result.diagnostics == ()
    assert result.position(loc, key=key) == Position(line, column)
    assert result.diagnose("c", "m", loc, key=key).width == width


def test_empty_value_is_on_its_own_line() -> None:
    assert read(POSITIONS).position(("answer", "rtol")).line == 4


def test_diagnose_fills_everything() -> None:
    assert read("a:\r\n  - b: few\r\n").diagnose(
        "not-a-number", "'b' must be a number", ("a", 0, "b"), hint="write 1"
    ) == Diagnostic(
        PATH, Position(2, 8), "not-a-number", "'b' must be a number", "a[0].b", "write 1",
        "  - b: few", 3,
    )  # fmt: skip


def test_two_faults_in_one_file_are_both_reported_whole() -> None:
    assert read("a: 1\nb: {x: *c, x: 2}\na: 3\n").diagnostics == (
        Diagnostic(
            PATH, Position(2, 8), "alias", "aliases are not allowed, got '*c'", "",
            "write the value out, or quote it", "b: {x: *c, x: 2}", 2,
        ),
        Diagnostic(
            PATH, Position(2, 12), "duplicate-key", "the key 'x' is given twice, first on line 2",
            "b.x", "keep one of them", "b: {x: *c, x: 2}", 1,
        ),
        Diagnostic(
            PATH, Position(3, 1), "duplicate-key", "the key 'a' is given twice, first on line 1",
            "a", "keep one of them", "a: 3", 1,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty-file", 1, 1)]),
        ("# nothing\n", [("empty-file", 1, 1)]),
        ("~", [("empty-file", 1, 1)]),
        ("a: &x 1", [("anchor", 1, 4)]),
        ("a: &x [1]", [("anchor", 1, 4)]),
        ("a: !!int 1", [("tag", 1, 4)]),
        ("a: ! 1", [("tag", 1, 4)]),
        ("a: !!python/object/apply:os.system [x]", [("tag", 1, 4)]),
        ("<<: {a: 1}", [("merge-key", 1, 1)]),
        ("? [1, 2]\n: 3\nb: 4", [("key-not-text", 1, 3)]),
        ("{[1]: {a: 1, a: 2}}", [("key-not-text", 1, 2), ("duplicate-key", 1, 14)]),
        ("~: 1", [("key-not-text", 1, 1)]),
        ("*a : 1", [("alias", 1, 1)]),
        ("a: 1\n---\nb: 1\n---\nc: 1", [("several-documents", 2, 1)]),
        ("[" * 41, [("too-deep", 1, 41)]),
        ("[" * 100_000, [("too-deep", 1, 41)]),
        ("a: \x07", [("unprintable-character", 1, 4)]),
        ("\ud800", [("not-utf-8", 1, 1)]),
        ("a: b: c", [("syntax", 1, 5)]),
        ("a: 1\na: 2\nb: @", [("duplicate-key", 2, 1), ("syntax", 3, 4)]),
        ("a: [", [("syntax", 1, 5)]),  # not behind the end of the text
        ("a: 'x\n\n\n", [("syntax", 1, 4)]),  # where it was opened, not where the file ends
    ],
)
def test_faults(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert faults(text) == expected
    assert {code for code, _, _ in expected} <= set(SOURCE_CODES)


def test_quoted_text_may_look_like_anything() -> None:
    text = "'<<': '*a'\n\"&b\": '!!int 1'\n'~': '{x}'"
    assert (read(text).value, faults(text)) == ({"<<": "*a", "&b": "!!int 1", "~": "{x}"}, [])


def test_first_of_two_keys_is_kept_so_that_positions_fit_the_value() -> None:
    result = read("a: {b: 1}\na: {b: 2, c: 3}\n")
    assert result.value == {"a": {"b": "1"}}
    assert result.position(("a", "b")) == Position(1, 8)
    assert result.position(("a", "c")) == Position(1, 4)


def test_what_was_refused_leaves_no_value() -> None:
    assert read("[1, 2]: 3\n<<: {c: 1}\nb: *a\n").value == {"b": None}
    assert read("a: 1\n---\nb: 2").value == {"a": "1"}
    assert read("a: [").value is None
    assert read("a: " + "[" * 50).value is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1\n", "indent with spaces"),
        ("prompt: What: this?", "needs quotes"),
        ("a: %x", "needs quotes"),
        ("says: {x} / {y}", "starts with a brace"),
        ('a: "\\q"', "single quotes"),
        ("a: [1, 2\nb: 3", "bracket not closed"),
        ("a: 'x", "quote or bracket not closed"),
    ],
)
def test_syntax_hints(text: str, hint: str, loader: str) -> None:
    if loader == "Python":
        pytest.skip("hints are for the words of the C scanner, which every release of PyYAML has")
    (fault,) = read(text).diagnostics
    assert hint in fault.hint


def test_byte_order_mark_does_not_move_positions() -> None:
    assert read("\ufeffa: 1").position(("a",)) == Position(1, 4)


def test_file_is_read_and_bad_bytes_are_located(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes("é: 1\nb: caf".encode() + b"\xe9\n")
    (fault,) = read_source(path).diagnostics
    assert (fault.code, fault.position) == ("not-utf-8", Position(2, 7))
    path.write_text("a: é\n", encoding="utf-8")
    assert read_source(path).value == {"a": "é"}


def test_missing_file_and_folder_are_diagnostics(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.yaml"):
        (fault,) = read_source(path).diagnostics
        assert fault.code == "unreadable-file"


def test_huge_file_is_not_parsed() -> None:
    assert faults("#" * (LARGEST_BYTES + 1)) == [("too-large", 1, 1)]
    assert faults("#" * (LARGEST_BYTES - 10) + "\na: 1") == []


YAML_LIKE = st.lists(
    st.sampled_from(
        ["a", "b", ":", ": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ",", "'", '"', "|", ">", "#", "&x", "*x", "!!int", "<<", "?", "? ", "---", "...", "%YAML 1.1\n", "\\", "\r\n", "世", "\u2028", "\x00", "�", "\ufeff", "~", "@", "`", '"\\ud800"', '"\\x00"', "%TAG ! x\n"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(text=st.text() | YAML_LIKE)
def test_arbitrary_text_never_raises_and_renders(text: str) -> None:
    result = read(text)
    assert result.value is not None or result.diagnostics
    assert {d.code for d in result.diagnostics} <= set(SOURCE_CODES)
    render_diagnostics(result.diagnostics)
    result.diagnose("c", "m", ("a", 0, "b"))


def test_importing_the_package_does_not_import_yaml() -> None:
    code = (
        "import sys, pytest_lmworkbook.problem.units, pytest_lmworkbook.problem.formula,"
        " pytest_lmworkbook.problem.reference, pytest_lmworkbook.problem.diagnostics;"
        "print(sorted({'yaml', 'pint', 'numpy', 'torch', 'pydantic', 'pytest'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
