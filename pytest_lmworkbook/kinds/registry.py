"""All kinds that are installed, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from pytest_lmworkbook import hookspecs
from pytest_lmworkbook.errors import LMWorkbookError

if TYPE_CHECKING:
    from pytest_lmworkbook.kinds.base import Kind


def load_kinds() -> dict[str, Kind[Any]]:
    """Ours and those of installed packages (entry-point group ``lmworkbook``).

    Raises:
        LMWorkbookError: Two packages register one name.
    """
    from pytest_lmworkbook.kinds import builtin

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin)
    manager.load_setuptools_entrypoints(hookspecs.PROJECT)
    manager.check_pending()
    kinds: dict[str, Kind[Any]] = {}
    for group in reversed(
        manager.hook.lmworkbook_kinds()
    ):  # pluggy calls the last registered first
        for kind in group:
            if other := kinds.get(kind.name):
                raise LMWorkbookError(
                    f"kind {kind.name!r} is registered twice: by {_home(other)} and by {_home(kind)}; "
                    "rename one or uninstall one of the packages"
                )
            kinds[kind.name] = kind
    return kinds


def _home(kind: Kind[Any]) -> str:
    return type(kind).__module__
