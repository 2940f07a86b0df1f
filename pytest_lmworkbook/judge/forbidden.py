"""Which forbidden torch functions a call uses, observed while it runs, with file and line.

Runs in the worker and knows names only. Torch is imported when there is something to watch for: modules such as
``nn.Linear`` are seen by the functions that they call (``linear``).
"""

from __future__ import annotations

import inspect
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


class Watch:
    """Remembers the first forbidden function that is called inside `during`.

    Attributes:
        called: Its name; empty while there was none.
        where: The student's file and line, ``tm/ch05.py:4``.
    """

    def __init__(self, names: Collection[str], root: Path) -> None:
        self._names = frozenset(names)
        self._root = root
        self.called = ""
        self.where = ""

    def during(self) -> AbstractContextManager[object]:
        """The context in which calls are observed."""
        self.called = self.where = ""
        return _mode(self) if self._names else nullcontext()

    def note(self, name: str) -> None:
        """Take one call; a bare name on the list stands for the function of any module."""
        if not self.called and (name in self._names or name.rpartition(".")[2] in self._names):
            self.called, self.where = name, self._student_line()

    def _student_line(self) -> str:
        frame = inspect.currentframe()
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(self._root):
                return f"{path.relative_to(self._root)}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


def _mode(watch: Watch) -> AbstractContextManager[object]:
    from torch.overrides import TorchFunctionMode, resolve_name

    class Observe(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            watch.note(resolve_name(func) or "")
            return func(*args, **(kwargs or {}))

    mode: AbstractContextManager[object] = Observe()
    return mode
