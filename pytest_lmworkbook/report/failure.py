"""The text of one failed case: what is wrong in one line, then the evidence, then how to run it again."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_lmworkbook.judge.verdict import CaseResult

#: A student's print loop must not bury the message.
_OUTPUT_LINES = 12
#: Columns of the labels, wide enough for ``  expected: ``.
_LABELS = 12


def render_failure(
    result: CaseResult,
    *,
    evidence: Sequence[str] = (),
    trace: str = "",
    output: str = "",
    rerun_options: Sequence[str] = (),
) -> str:
    """The failure text of a case.

    Args:
        result: The case; its ``detail`` is not read.
        evidence: Further lines, most telling first.
        trace: The student's traceback.
        output: What the submission printed.
        rerun_options: What grading it again needs besides the case's name.
    """
    lines = [_headline(result)]
    if result.message:
        lines.append(_indented(result.message, "  "))
    lines += [_indented(line, "  ") for line in evidence]
    if result.counterexample:
        lines += ["", "  smallest input that shows it:", _indented(result.counterexample, "    ")]
    if result.expected:
        lines.append(_labelled("expected", result.expected))
    if result.actual:
        lines.append(_labelled("actual", result.actual))
    if trace:
        lines += ["", _indented(trace.rstrip(), "  ")]
    if output:
        lines += ["", "  printed by the submission:", _indented(_tail(output), "    ")]
    lines += [
        _labelled(f"hint {number}", hint) for number, hint in enumerate(result.hints, start=1)
    ]
    lines.append(_labelled("rerun", rerun_command(result, rerun_options)))
    return "\n".join(lines)


def rerun_command(result: CaseResult, options: Sequence[str] = ()) -> str:
    """The command that grades just this case."""
    words = ["pytest", *options, "--lm-problem", result.problem, "-k", result.case]
    return shlex.join(words)


def _headline(result: CaseResult) -> str:
    verdict = result.verdict.name + (f" ({result.reason.value})" if result.reason else "")
    title = f"  {result.title}" if result.title else ""
    return (
        f"{result.nodeid}{title}: {verdict}, {result.points:.4g} of {result.max_points:.4g} points"
    )


def _labelled(label: str, text: str) -> str:
    """``  label:  text``, with further lines aligned under the first."""
    first = f"  {label}:"
    return first.ljust(_LABELS) + textwrap.indent(text, " " * _LABELS).lstrip()


def _indented(text: str, indent: str) -> str:
    return textwrap.indent(text, indent)


def _tail(output: str) -> str:
    lines = output.rstrip().splitlines()
    if len(lines) <= _OUTPUT_LINES:
        return "\n".join(lines)
    return "\n".join([f"... {len(lines) - _OUTPUT_LINES} lines before", *lines[-_OUTPUT_LINES:]])
