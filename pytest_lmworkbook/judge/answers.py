"""Read a worker's answers: values become results, a student's faults become `SubmissionFault`.

Shared by all tiers. The answers come from a process that runs student code, so nothing in them is taken
for granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError, SubmissionFault
from pytest_lmworkbook.judge.limits import MIB, Limits
from pytest_lmworkbook.judge.protocol import (
    Bounds,
    Decoder,
    Encoder,
    EncodingError,
    ProtocolError,
)
from pytest_lmworkbook.judge.submission import Found, Returned
from pytest_lmworkbook.judge.verdict import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_lmworkbook.judge.submission import SubmissionSpec

    Header = dict[str, object]
    Blobs = Sequence[bytes | bytearray]

_MESSAGE = 2_000
_TRACE = 20_000


def bounds_of(limits: Limits) -> Bounds:
    """Bounds of the wire for these limits."""
    return Bounds(payload=limits.result_mib * MIB)


def open_request(spec: SubmissionSpec) -> Header:
    """The first request to a worker."""
    return {
        "do": "open",
        "root": str(spec.root.resolve()),
        "modules": list(spec.modules),
        "environment": dict(spec.environment),
        "forbid": list(spec.forbid),
    }


def call_request(
    entry: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    keep: Sequence[str | int],
    limits: Limits,
) -> tuple[Header, list[bytes]]:
    """A call, with its arguments in their layouts.

    Raises:
        JudgeError: An argument cannot be sent: the problem's fault, not the student's.
    """
    encoder = Encoder(bounds=bounds_of(limits), layouts=True, strict=True)
    try:
        header: Header = {
            "do": "call",
            "entry": entry,
            "args": encoder.encode(list(args)),
            "kwargs": encoder.encode(dict(kwargs)),
            "keep": list(keep),
        }
    except EncodingError as error:
        raise JudgeError(f"the inputs of '{entry}' cannot be sent: {error}") from error
    return header, encoder.blobs


def read_found(entry: str, header: Header, blobs: Blobs, limits: Limits) -> Found:
    """The answer to a look."""
    state = header.get("is")
    detail = _text(header, "detail")
    if state in ("missing", "stub", "function"):
        return Found(state, None, detail)
    if state != "value":
        raise fault_of(entry, header, limits)
    return Found(
        "value", Decoder(blobs, bounds=bounds_of(limits)).decode(header.get("value")), detail
    )


def read_returned(
    entry: str, keep: Sequence[str | int], header: Header, blobs: Blobs, limits: Limits
) -> Returned:
    """The answer to a call.

    Raises:
        SubmissionFault: The call gave no value.
        ProtocolError: The answer is none that a worker gives.
    """
    if header.get("is") != "returned":
        raise fault_of(entry, header, limits)
    decoder = Decoder(blobs, bounds=bounds_of(limits))
    pairs = header.get("kept")
    if not isinstance(pairs, list) or len(pairs) != len(keep):
        raise ProtocolError("the kept arguments are not those that were asked for")
    value = decoder.decode(header.get("value"))
    return Returned(value, dict(zip(keep, map(decoder.decode, pairs), strict=True)))


def fault_of(entry: str, header: Header, limits: Limits) -> Exception:
    """The exception for an answer that is no value."""
    detail = _text(header, "detail")
    match header.get("is"):
        case "missing":
            return SubmissionFault(Verdict.NOT_ATTEMPTED, f"'{entry}' is missing: {detail}.")
        case "stub":
            return SubmissionFault(Verdict.NOT_ATTEMPTED, f"'{entry}' is still the stub.")
        case "forbidden":
            place = f" ({_text(header, 'at')})" if _text(header, "at") else ""
            words = f"{entry} calls {_text(header, 'name')}{place}, which this problem asks you to write yourself."
            return SubmissionFault(Verdict.WRONG_ANSWER, words, reason=Reason.FORBIDDEN)
        case "too_large":
            words = f"{entry} gave {_text(header, 'message')} for the result of one call."
            return SubmissionFault(Verdict.OUT_OF_MEMORY, words)
        case "raised":
            return _fault_of_exception(entry, header, limits)
        case "failed":
            return JudgeError(f"the worker could not run '{entry}': {_text(header, 'message')}")
        case other:
            return ProtocolError(f"no such answer: {str(other)[:40]!r}")


def _fault_of_exception(entry: str, header: Header, limits: Limits) -> SubmissionFault:
    at = _text(header, "at")
    place = f" ({at})" if at else ""
    kind, message = _text(header, "type"), _text(header, "message")
    doing = f"importing '{entry}'" if header.get("importing") is True else entry
    said = message if kind == "SystemExit" else f"{kind}: {message}" if message else kind
    if header.get("out_of_memory") is True:
        words = (
            f"{doing} needed more memory than the limit of {limits.memory_mib:,} MiB{place}: {said}. "
            "Look for an intermediate array that grows with the square of an input's size."
        )
        return SubmissionFault(Verdict.OUT_OF_MEMORY, words, trace=_trace(header))
    if header.get("not_implemented") is True and header.get("importing") is not True:
        words = f"{entry} raised {said}{place}."
        return SubmissionFault(Verdict.NOT_ATTEMPTED, words, trace=_trace(header))
    if kind == "BdbQuit":
        said = (
            "bdb.BdbQuit: a breakpoint needs a terminal, so run with --pdb or --lm-isolation none"
        )
    said += _limit_behind(message, limits)
    verb = "ended the process" if kind == "SystemExit" else "raised"
    return SubmissionFault(
        Verdict.CRASHED, f"{doing} {verb}{_colon(kind)} {said}{place}.", trace=_trace(header)
    )


def _limit_behind(message: str, limits: Limits) -> str:
    """The limit that makes the system answer with such a message."""
    for words, limit in (
        ("File too large", f"{limits.file_mib:,} MiB for one file"),
        ("Too many open files", f"{limits.open_files:,} open files"),
        ("can't start new thread", f"{limits.processes:,} processes and threads"),
        ("Resource temporarily unavailable", f"{limits.processes:,} processes and threads"),
        ("No space left on device", "reached for all temporary files together"),
    ):
        if words in message:
            return f" (the limit is {limit})"
    return ""


def _colon(kind: str) -> str:
    return ":" if kind == "SystemExit" else ""


def _text(header: Header, key: str) -> str:
    value = header.get(key)
    return value[:_MESSAGE] if isinstance(value, str) else ""


def _trace(header: Header) -> str:
    value = header.get("trace")
    return value[:_TRACE] if isinstance(value, str) else ""
