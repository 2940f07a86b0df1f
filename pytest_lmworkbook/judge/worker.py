"""Runs a submission and answers requests about it.

Imports nothing of ours that knows an expected value: only the wire format and leaves of the standard
library. The same class serves a worker process and, for debugging, the judge's own process.

Requests and answers are frames' headers; values in them are trees of `protocol`:

    {"do": "open", "root", "modules", "environment", "forbid"}   -> {"is": "open"}
    {"do": "look", "entry"}                            -> {"is": "missing" | "stub" | "function" | "value", ...}
    {"do": "call", "entry", "args", "kwargs", "keep"}  -> {"is": "returned", "value", "kept"}
                                                       or {"is": "forbidden", "name", "at"}
    any of them                                        -> {"is": "raised" | "too_large" | "failed", ...}
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pytest_lmworkbook.judge.forbidden import Watch
from pytest_lmworkbook.judge.protocol import Bounds, Decoder, Encoder, TooLargeError
from pytest_lmworkbook.judge.stubs import is_stub
from pytest_lmworkbook.judge.submission_modules import SubmissionModules
from pytest_lmworkbook.judge.traces import describe_exception

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    Header: TypeAlias = dict[str, object]
    Answer: TypeAlias = tuple[Header, Sequence[bytes]]


class Worker:
    """One submission, imported on first use.

    Attributes:
        failure: What the student's code raised last, for a debugger in the same process.
    """

    def __init__(self, *, bounds: Bounds | None = None) -> None:
        self.failure: BaseException | None = None
        self._bounds = bounds or Bounds()
        self._root = Path()
        self._modules = SubmissionModules(self._root, ())
        self._environment: dict[str, str | None] = {}
        self._stubs: dict[str, tuple[object, bool]] = {}
        self._watch = Watch((), self._root)

    def handle(self, header: Mapping[str, object], blobs: Sequence[bytes | bytearray]) -> Answer:
        """Answer one request; never raises what the student's code raised."""
        self.failure = None
        match header.get("do"):
            case "open":
                return self._open(header)
            case "look":
                return self._look(str(header["entry"]))
            case "call":
                return self._call(header, blobs)
            case other:
                return {"is": "failed", "message": f"no such request: {other!r}"}, ()

    def close(self) -> None:
        """Restore path, modules and environment, where the process lives on."""
        self._modules.close()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _open(self, header: Mapping[str, object]) -> Answer:
        environment = cast("dict[str, str]", header["environment"])
        self._environment = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)  # before any student import: Triton reads its own then
        self._root = Path(str(header["root"]))
        self._modules = SubmissionModules(self._root, tuple(cast("list[str]", header["modules"])))
        self._modules.open()
        self._watch = Watch(cast("list[str]", header.get("forbid", [])), self._root)
        return {"is": "open"}, ()

    def _look(self, entry: str) -> Answer:
        try:
            found, value, where = self._modules.find(entry)
            if not found:
                return {"is": "missing", "detail": where}, ()
            if self._is_stub(entry, value):
                return {"is": "stub", "detail": where}, ()
            if callable(value):
                return {"is": "function", "detail": where}, ()
            encoder = Encoder(bounds=self._bounds)
            return {"is": "value", "value": encoder.encode(value), "detail": where}, encoder.blobs
        except TooLargeError as error:
            return {"is": "too_large", "message": str(error)}, ()
        except BaseException as error:  # noqa: BLE001 (whatever an import raises is the student's)
            return self._raised(error, importing=True)

    def _call(self, header: Mapping[str, object], blobs: Sequence[bytes | bytearray]) -> Answer:
        entry = str(header["entry"])
        try:
            found, function, where = self._modules.find(entry)
        except BaseException as error:  # noqa: BLE001 (whatever an import raises is the student's)
            return self._raised(error, importing=True)
        if not found or self._is_stub(entry, function):
            return {"is": "stub" if found else "missing", "detail": where}, ()
        try:
            decoder = Decoder(blobs, bounds=self._bounds, layouts=True)
            args = cast("list[object]", decoder.decode(header["args"]))
            kwargs = cast("dict[str, object]", decoder.decode(header["kwargs"]))
        except Exception as error:  # noqa: BLE001 (inputs are the judge's: its fault, with the cause)
            return {"is": "failed", "message": f"inputs that do not decode: {error!r}"}, ()
        keep = cast("list[str | int]", header.get("keep", []))
        return self._run(function, args, kwargs, keep)

    def _run(
        self, function: object, args: list[object], kwargs: dict[str, object], keep: list[str | int]
    ) -> Answer:
        # Picked before the call: a function may rebind or empty what it was given.
        kept = [kwargs[name] if isinstance(name, str) else args[name] for name in keep]
        try:
            with self._watch.during():
                value = function(*args, **kwargs)  # type: ignore[operator]  # not callable: raises, as it should
            if self._watch.called:
                return {"is": "forbidden", "name": self._watch.called, "at": self._watch.where}, ()
            encoder = Encoder(bounds=self._bounds)
            return {
                "is": "returned",
                "value": encoder.encode(value),
                "kept": [encoder.encode(argument) for argument in kept],
            }, encoder.blobs
        except TooLargeError as error:
            return {"is": "too_large", "message": str(error)}, ()
        except BaseException as error:  # noqa: BLE001 (SystemExit and KeyboardInterrupt are answers too)
            return self._raised(error, importing=False)

    def _is_stub(self, entry: str, value: object) -> bool:
        # Parsing the source takes longer than the rest of a small call, so once per value.
        known, answer = self._stubs.get(entry, (self, False))
        if known is not value:
            answer = is_stub(value)
            self._stubs[entry] = value, answer
        return answer

    def _raised(self, error: BaseException, *, importing: bool) -> Answer:
        self.failure = error
        parts = describe_exception(error, self._root)
        return {"is": "raised", "importing": importing, **parts}, ()
