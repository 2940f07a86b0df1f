from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_lmworkbook.judge.limits import Limits
from pytest_lmworkbook.judge.process import ProcessIsolation
from pytest_lmworkbook.judge.submission import SubmissionSpec

if TYPE_CHECKING:
    from pathlib import Path

MakeSpec = Callable[..., SubmissionSpec]


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    """Write a submission with one chapter module (or several files), and describe it."""

    def make(
        source: str = "",
        *,
        files: Mapping[str, str] | None = None,
        needs: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        **limits: float,
    ) -> SubmissionSpec:
        root = tmp_path / "student"
        for name, text in (files or {"lm/ch04.py": source}).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        root.mkdir(exist_ok=True)
        return SubmissionSpec(
            root=root,
            modules=("lm.ch04",),
            needs=frozenset(needs),
            environment=environment or {},
            limits=Limits(**limits),  # type: ignore[arg-type]  # ints where the field is one
        )

    return make


@pytest.fixture(scope="session")
def isolation() -> Iterator[ProcessIsolation]:
    """One fork server for all tests; torch is imported by the first that needs it."""
    with ProcessIsolation() as tier:
        yield tier
