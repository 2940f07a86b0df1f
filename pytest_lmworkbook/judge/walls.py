"""What a sandbox puts around the fork server and its workers; no walls at all in tier ``process``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeAlias

    #: Command line and private folder -> the command line to run instead.
    Wrap: TypeAlias = Callable[[list[str], Path], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """How one box is built.

    Attributes:
        wrap: Puts a command in front of the fork server.
        confinement: What the server and its workers do to themselves; see `sandbox.confine`.
        is_open_to_others: Whether the private folder must be passable for another user.
    """

    wrap: Wrap | None = None
    confinement: Mapping[str, Any] = field(default_factory=dict)
    is_open_to_others: bool = False
