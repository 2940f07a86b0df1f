"""What a student's exception says, in the student's own frames only.

Runs in the worker; standard library only.
"""

from __future__ import annotations

import traceback
from pathlib import Path

#: Characters of a message and of a traceback; a runaway recursion or repr must not flood a report.
_MESSAGE = 2_000
_TRACE = 8_000
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


def describe_exception(error: BaseException, root: Path) -> dict[str, object]:
    """The parts of a ``raised`` answer.

    Args:
        error: What the student's code raised, `SystemExit` and the like included.
        root: The submission's folder; frames of other files are left out.

    Returns:
        ``type``, ``message``, ``trace``, ``at`` (innermost position in the student's code, or ""),
        ``not_implemented`` (the student's own ``raise NotImplementedError``) and ``out_of_memory``.
    """
    summary = traceback.TracebackException.from_exception(error)
    innermost = summary.stack[-1].filename if summary.stack else ""
    at = _position(error, summary, root)
    _keep_student_frames(summary, root, set())
    return {
        "type": type(error).__name__,
        "message": _message(error),
        "trace": _shorten(_render(summary)),
        "at": at,
        "not_implemented": isinstance(error, NotImplementedError) and _inside(innermost, root),
        "out_of_memory": _is_out_of_memory(error),
    }


def _render(summary: traceback.TracebackException) -> str:
    if summary.stack:
        return "".join(summary.format())
    # Raised outside the student's code, which is news only where it is about one of the files.
    is_syntax = getattr(summary, "filename", None) is not None
    return "".join(summary.format_exception_only()) if is_syntax else ""


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)[:_MESSAGE]
        return f"the code called sys.exit({code})"
    if isinstance(error, SyntaxError):
        return str(error.msg)[:_MESSAGE]
    try:
        return str.__str__(str(error))[:_MESSAGE]
    except Exception as fault:  # noqa: BLE001 (a student's __str__ may raise anything)
        return f"(str() of the exception raised {type(fault).__name__})"


def _position(error: BaseException, summary: traceback.TracebackException, root: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename and _inside(error.filename, root):
        return f"{_relative(error.filename, root)}:{error.lineno}"
    frames = [frame for frame in summary.stack if _inside(frame.filename, root)]
    return f"{_relative(frames[-1].filename, root)}:{frames[-1].lineno}" if frames else ""


def _keep_student_frames(
    summary: traceback.TracebackException | None, root: Path, seen: set[int]
) -> None:
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    kept = [frame for frame in summary.stack if _inside(frame.filename, root)]
    for frame in kept:
        _ = frame.line  # read the source under the full name before the name is shortened
        frame.filename = _relative(frame.filename, root)
    summary.stack[:] = kept
    if isinstance(getattr(summary, "filename", None), str):
        summary.filename = _relative(summary.filename, root)
    for other in (summary.__cause__, summary.__context__, *(summary.exceptions or ())):
        _keep_student_frames(other, root, seen)


def _inside(filename: str, root: Path) -> bool:
    return Path(filename).is_relative_to(root)


def _relative(filename: str, root: Path) -> str:
    return str(Path(filename).relative_to(root)) if _inside(filename, root) else filename


def _shorten(text: str) -> str:
    if len(text) <= _TRACE:
        return text
    half = _TRACE // 2
    return f"{text[:half]}\n  [{len(text) - _TRACE:,} characters left out]\n{text[-half:]}"


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    # Torch's allocator raises a plain RuntimeError.
    return isinstance(error, RuntimeError) and any(
        words in str(error)[:_MESSAGE].lower() for words in _OUT_OF_MEMORY
    )
