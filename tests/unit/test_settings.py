"""What chapters a text means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_lmworkbook.settings import parse_chapters


@pytest.mark.parametrize(
    ("text", "chapters"),
    [
        ("4", ("4",)),
        ("04", ("4",)),
        ("0", ("0",)),
        ("4-6", ("4", "5", "6")),
        ("4-4", ("4",)),
        (" 4 , 2 ", ("4", "2")),
        ("2,4-6,5", ("2", "4", "5", "6")),
        ("intro", ("intro",)),
        ("8-11", ("8", "9", "10", "11")),
    ],
)
def test_single_chapters_spans_and_lists(text, chapters):
    assert parse_chapters(text) == chapters


@pytest.mark.parametrize(
    "text", ["", ",", "4-", "-4", "6-4", "4--6", "a-c", "4.1", "4;5", "4,,5", "1-2-3"]
)
def test_anything_else_is_refused_with_what_was_wanted(text):
    with pytest.raises(ValueError, match="wanted chapters such as 4, 4-6 or 2,4, got "):
        parse_chapters(text)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_span_is_every_chapter_from_one_end_to_the_other(first, more):
    found = parse_chapters(f"{first}-{first + more}")
    assert [int(one) for one in found] == list(range(first, first + more + 1))


@given(st.lists(st.integers(0, 99).map(str), min_size=1))
def test_a_list_keeps_its_order_and_names_each_once(chapters):
    assert parse_chapters(",".join(chapters)) == tuple(dict.fromkeys(chapters))
