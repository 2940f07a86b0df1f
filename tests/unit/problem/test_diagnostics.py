from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pytest_lmworkbook.problem.diagnostics import (
    Diagnostic,
    HintedError,
    Position,
    describe,
    did_you_mean,
    render_diagnostic,
    render_diagnostics,
    render_where,
)


def fault(line: str, column: int, width: int = 1, **rest: str) -> Diagnostic:
    return Diagnostic(
        Path("/set/problems/softmax.yaml"),
        Position(14, column),
        "not-a-number",
        "'rtol' must be a number",
        source_line=line,
        width=width,
        **rest,
    )


def carets(line: str, column: int, width: int) -> list[str]:
    return render_diagnostic(fault(line, column, width)).splitlines()[1:]


def test_whole_diagnostic_is_rendered_as_documented() -> None:
    one = fault(
        "      rtol: few", 13, 3, where="cases[2].tolerance.rtol", hint="write 1e-5, for example"
    )
    assert render_diagnostic(one, root=Path("/set")) == (
        "problems/softmax.yaml:14:13: not-a-number: 'rtol' must be a number\n"
        "    14 |       rtol: few\n"
        "                     ^^^\n"
        "  in: cases[2].tolerance.rtol\n"
        "  hint: write 1e-5, for example"
    )


def test_path_outside_the_root_is_shown_whole() -> None:
    text = render_diagnostic(fault("", 1), root=Path("/elsewhere"))
    assert text.startswith("/set/problems/softmax.yaml:14:1: ")


def test_no_snippet_without_a_source_line() -> None:
    assert len(render_diagnostic(fault("   ", 1)).splitlines()) == 1


def test_caret_follows_tabs() -> None:
    assert carets("a:\tx", 4, 1) == ["    14 | a:    x", "               ^"]


def test_wide_characters_take_two_cells_before_and_under_the_caret() -> None:
    assert carets("世: 世x", 4, 2) == ["    14 | 世: 世x", "             ^^^"]


def test_combining_characters_take_none() -> None:
    assert carets("e\u0301: x", 5, 1) == ["    14 | e\u0301: x", "            ^"]


def test_characters_that_could_repaint_the_screen_are_replaced() -> None:
    assert carets("a: \x1b[2J\u202ex", 4, 1) == ["    14 | a: \ufffd[2J\ufffdx", "            ^"]


def test_caret_past_the_end_of_the_line_marks_a_missing_value() -> None:
    assert carets("rtol:", 7, 1) == ["    14 | rtol:", "               ^"]


def test_long_line_is_cut_around_the_caret() -> None:
    source, mark = carets("a" * 300 + "B" + "a" * 300, 301, 1)
    assert source[mark.index("^")] == "B"
    assert len(source) < 150
    assert source.endswith("a...")


def test_all_are_sorted_by_path_and_position() -> None:
    def at(path: str, line: int, column: int) -> Diagnostic:
        return Diagnostic(Path(path), Position(line, column), "c", "m")

    text = render_diagnostics([at("b", 1, 1), at("a", 10, 2), at("a", 10, 1), at("a", 9, 5)])
    assert [line.split(" ")[0] for line in text.split("\n\n")] == [
        "a:9:5:", "a:10:1:", "a:10:2:", "b:1:1:",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ("1e-5", "'1e-5' (text)"),
        ({"a": 1}, "a mapping with 1 key"),
        ([1, 2], "a list of 2 items"),
        (True, "True (bool)"),
        (2.5, "2.5 (float)"),
        ("x" * 100, f"'{'x' * 60}'... (100 characters of text)"),
    ],
)
def test_describe(value: object, text: str) -> None:
    assert describe(value) == text


def test_did_you_mean() -> None:
    assert did_you_mean("Rtoll", ["rtol", "atol"]) == "did you mean 'rtol'?"
    assert did_you_mean("zzz", ["rtol", "atol"]) == "known: atol, rtol"
    assert did_you_mean("zzz", []) == ""


def test_render_where() -> None:
    assert render_where(()) == ""
    assert render_where(("cases", 2, "tolerance", "rtol")) == "cases[2].tolerance.rtol"
    assert render_where(("a b", "c.d", "")) == "['a b']['c.d']['']"


def test_hinted_error_keeps_its_parts_through_pickle() -> None:
    error = pickle.loads(pickle.dumps(HintedError("wrong", hint="write right")))
    assert (error.message, error.hint, str(error)) == ("wrong", "write right", "wrong; write right")
