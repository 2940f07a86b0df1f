"""Compare whole texts with files; `LMWORKBOOK_UPDATE_GOLDEN=1 pytest tests/golden` writes them anew (read the diff)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.builtin_set import builtin_root

if TYPE_CHECKING:
    from collections.abc import Callable

EXPECTED = Path(__file__).parent / "expected"
UPDATE = "LMWORKBOOK_UPDATE_GOLDEN"


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[str, str], None]:
    """Compare a text with the file of that name, folders of this machine left out."""

    def compare(name: str, text: str) -> None:
        text = text.replace(str(tmp_path), "<tmp>").replace(str(builtin_root()), "<root>")
        text = text.rstrip("\n") + "\n"
        path = EXPECTED / name
        if os.environ.get(UPDATE):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: write it with {UPDATE}=1"
        assert text == path.read_text(encoding="utf-8")

    return compare
