"""A user id of its own, where root has neither bubblewrap nor Landlock: Gradescope's containers, for one.

Files are hidden by their permissions alone, so the probe refuses this tier until problem sets and
submissions of others are closed to other users. Command lines of other processes can be read, and every
folder that is open to everybody can be written to.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_lmworkbook.judge.linux import is_linux
from pytest_lmworkbook.judge.sandbox import seccomp
from pytest_lmworkbook.judge.sandbox.tier import Variant, is_root, spare_uid
from pytest_lmworkbook.judge.walls import Walls

if TYPE_CHECKING:
    from pytest_lmworkbook.judge.sandbox.visible import View


class OtherUser:
    """The last choice."""

    name = "uid"
    cure = (
        "run as root, with the Python environment readable for others and every folder with problems or references "
        "closed to them (chmod 700)"
    )
    tolerates = frozenset({"cmdline"})

    def obstacle(self) -> str:
        """See `Tier.obstacle`."""
        if not is_linux():
            return f"it needs Linux, and this is {sys.platform}"
        if not is_root():
            return f"only root can become another user, and this is uid {os.geteuid()}"
        if not seccomp.is_known_machine():
            return "there is no table of system calls for this machine, so the network stays open"
        return ""

    def variants(self, view: View) -> tuple[Variant, ...]:
        """With a network of its own where root can make one."""
        return (
            Variant(name="loopback", build=lambda _: _walls(network=True)),
            Variant(name="no network", build=lambda _: _walls(network=False)),
        )


def _walls(*, network: bool) -> Walls:
    return Walls(
        confinement={
            "worker_uid": spare_uid(),
            "network": network,
            "seccomp": {"internet": network},
        },
        is_open_to_others=True,
    )
