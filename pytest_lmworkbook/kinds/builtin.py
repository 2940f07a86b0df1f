"""Our own kinds, registered through the hook that any other package would use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.hookspecs import hookimpl
from pytest_lmworkbook.kinds.bug import BugKind
from pytest_lmworkbook.kinds.build import BuildKind
from pytest_lmworkbook.kinds.choose import ChooseKind
from pytest_lmworkbook.kinds.derive import DeriveKind
from pytest_lmworkbook.kinds.design import DesignKind
from pytest_lmworkbook.kinds.kernel import KernelKind
from pytest_lmworkbook.kinds.order import OrderKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_lmworkbook.kinds.base import Kind


@hookimpl
def lmworkbook_kinds() -> Sequence[Kind[Any]]:
    """The kinds of the built-in problem set."""
    return [
        DeriveKind(),
        ChooseKind(),
        OrderKind(),
        DesignKind(),
        BugKind(),
        BuildKind(),
        KernelKind(),
    ]
