"""A submission that is a mapping of names to our own values: for `verify`, where the code is trusted.

Same interface as the tiers, no worker, no limits, no copies over a wire.
"""

from __future__ import annotations

import copy
import traceback
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import SubmissionFault
from pytest_lmworkbook.judge.submission import Found, Returned, SubmissionSpec
from pytest_lmworkbook.judge.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class InMemorySubmission:
    """Names and values as a student's module would have them."""

    isolation = "none"

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def look(self, entry: str) -> Found:
        """Say what an entry is; None is a stub."""
        if entry not in self._values:
            return Found("missing")
        value = self._values[entry]
        if value is None:
            return Found("stub")
        return Found("function") if callable(value) else Found("value", value)

    def call(
        self,
        entry: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] = MappingProxyType({}),
        *,
        keep: Sequence[str | int] = (),
    ) -> Returned:
        """Call an entry on copies of the arguments.

        Raises:
            SubmissionFault: It raised, or is a stub.
        """
        function = self._values[entry]
        assert callable(function)  # callers look first
        own_args, own_kwargs = (
            list(map(copy_argument, args)),
            {key: copy_argument(one) for key, one in kwargs.items()},
        )
        try:
            value = function(*own_args, **own_kwargs)
        except NotImplementedError as fault:
            raise SubmissionFault(Verdict.NOT_ATTEMPTED, "not attempted") from fault
        except Exception as fault:
            message = f"{entry} raised {type(fault).__name__}: {fault}"
            trace = "".join(traceback.format_exception_only(fault))
            raise SubmissionFault(Verdict.CRASHED, message, trace=trace) from fault
        kept = {key: own_args[key] if isinstance(key, int) else own_kwargs[key] for key in keep}
        return Returned(value, kept)

    def output(self) -> str:
        """Nothing is captured."""
        return ""

    def close(self) -> None:
        """Nothing to end."""


class InMemoryIsolation:
    """Opens the same values whatever is asked for."""

    name = "none"

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def start(self) -> None:
        """Nothing to prepare."""

    def open(self, spec: SubmissionSpec) -> InMemorySubmission:  # there is nothing to choose from
        """The submission."""
        return InMemorySubmission(self._values)

    def close(self) -> None:
        """Nothing to end."""


def copy_argument(value: object) -> object:
    """A copy in storage of its own with equal strides, so that a function may overwrite it.

    ``copy.deepcopy`` keeps the layout of tensors: it copies the storage and the view on it.
    """
    return copy.deepcopy(value)
