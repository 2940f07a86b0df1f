from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from pytest_lmworkbook.judge.stubs import is_stub

if TYPE_CHECKING:
    from collections.abc import Callable


def with_message(x: int) -> int:
    """Say what it does."""
    raise NotImplementedError("write me")


def bare(x: int) -> int:
    raise NotImplementedError


def dots(x: int) -> int: ...  # type: ignore[empty-body]


def passing(x: int) -> None:
    """Doc."""
    pass  # noqa: PIE790


def only_a_docstring(x: int) -> None:
    """Doc."""


async def later(x: int) -> None:
    raise NotImplementedError


@functools.lru_cache
def decorated(x: int) -> int:
    raise NotImplementedError


class EmptyClass:
    """Doc."""

    def forward(self, x: int) -> int:
        raise NotImplementedError


def attempt(x: int) -> int:
    if x > 3:
        raise NotImplementedError
    return x


def returns_none(x: int) -> None:
    return None


def raises_other(x: int) -> int:
    raise ValueError("not done")


class Started:
    size = 3

    def forward(self, x: int) -> int:
        raise NotImplementedError


class Calls:
    def __call__(self) -> None: ...


def outer() -> Callable[[int], int]:
    def inner(x: int) -> int:
        """Indented in its source."""
        raise NotImplementedError

    return inner


STUBS: list[Any] = [
    *(None, ..., with_message, bare, dots, passing, only_a_docstring, later, decorated),
    *(EmptyClass, outer()),
]
ATTEMPTS: list[Any] = [
    *(attempt, returns_none, raises_other, Started, Calls(), 0, "", [], False, len, int),
    *(lambda x: x, functools.partial(attempt, 1), eval("lambda x: ...")),
]


@pytest.mark.parametrize("value", STUBS, ids=lambda value: type(value).__name__)
def test_an_untouched_stub_is_seen(value: object) -> None:
    assert is_stub(value)


@pytest.mark.parametrize("value", ATTEMPTS, ids=lambda value: type(value).__name__)
def test_an_attempt_is_no_stub(value: object) -> None:
    assert not is_stub(value)
