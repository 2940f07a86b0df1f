"""What every way to build a sandbox says about itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_lmworkbook.judge.sandbox.visible import View
    from pytest_lmworkbook.judge.walls import Walls

#: Not given to people or to packages; systemd hands these out for as long as a service runs.
_FIRST_UID, _UIDS = 61_184, 4_336


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to run a tier on this machine; they are tried in order.

    Attributes:
        name: What is special about it, for `doctor`: ``own uid``.
        build: The walls for a box whose files lie in the given folder.
    """

    name: str
    build: Callable[[Path], Walls]


class Tier(Protocol):
    """One way to build a sandbox."""

    #: As reports name it, behind ``sandbox:``.
    name: str
    #: What to do where it does not work.
    cure: str
    #: Breaches that this tier cannot stop and does not promise to: keys of `probe.BREACHES`.
    tolerates: frozenset[str]

    def obstacle(self) -> str:
        """Why it cannot even be tried here; empty when it can."""
        ...

    def variants(self, view: View) -> tuple[Variant, ...]:
        """The ways to run it as this user."""
        ...


def spare_uid() -> int:
    """A user id that nobody has, another one for each judge process on this machine."""
    return _FIRST_UID + os.getpid() % _UIDS


def is_root() -> bool:
    """Whether this process may become another user."""
    return os.geteuid() == 0
