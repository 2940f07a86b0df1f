"""Hooks for other packages, called through the entry-point group ``lmworkbook``.

A package that adds a kind of problem declares in its ``pyproject.toml``

    [project.entry-points.lmworkbook]
    my_kinds = "my_package.kinds"

and implements the hook in that module. Our own kinds are registered in the same way (`kinds.builtin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_lmworkbook.kinds.base import Kind

PROJECT = "lmworkbook"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def lmworkbook_kinds() -> Sequence[Kind[Any]]:  # type: ignore[empty-body]  # a specification has no body
    """Kinds of problems that this package adds.

    Example::

        from pytest_lmworkbook.hookspecs import hookimpl

        @hookimpl
        def lmworkbook_kinds():
            return [EssayKind()]
    """
