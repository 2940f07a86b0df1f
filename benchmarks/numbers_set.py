"""A problem set with nothing but derivations, and a submission with all the right answers.

Stands for a numbers-only chapter such as chapter 6 of ``lm``: the built-in derivations, as often as it takes.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from pytest_lmworkbook.builtin_set import builtin_root

if TYPE_CHECKING:
    from pathlib import Path

PROBLEMS = 5
CHAPTER = "6"
_WORKBOOK = f"""\
title: Numbers
chapters:
  - {{id: "{CHAPTER}", title: Numbers only}}
"""
#: A reference computes in base units, so it is the answer only where base units are asked for.
_BASE_UNITS = {"byte", "FLOP", "FLOP/byte", "s", "token", "param"}
_REFERENCE = re.compile(r"^reference: reference/(\w+)\.py::(\w+)$", re.MULTILINE)
_UNIT = re.compile(r"^answer: \{unit: ([^,}]*)", re.MULTILINE)


def write_numbers_set(place: Path) -> tuple[Path, Path]:
    """Write both.

    Returns:
        The problem set and the submission.
    """
    problem_set, submission = place / "set", place / "submission"
    chapter = problem_set / "problems" / "lm" / f"{int(CHAPTER):02}-numbers"
    chapter.mkdir(parents=True)
    (chapter.parent / "workbook.yaml").write_text(_WORKBOOK, encoding="utf-8")
    shutil.copytree(builtin_root() / "reference", problem_set / "reference")
    texts = _derivations()
    answers: list[str] = []
    for number in range(PROBLEMS):
        text, module, function = texts[number % len(texts)]
        entry = f"answer_{number}"
        text = re.sub(r"^entry: .*$", f"entry: {entry}", text, flags=re.MULTILINE)
        (chapter / f"{CHAPTER}.{number + 1}-numbers.yaml").write_text(text, encoding="utf-8")
        answers.append(f"from right_answers.{module} import {function} as {entry}")
    _write_submission(submission, answers)
    return problem_set, submission


def _derivations() -> list[tuple[str, str, str]]:
    """Text, reference's module and its function, of the derivations that are answered in base units."""
    found = []
    for path in sorted(builtin_root().glob("problems/*/*/*.yaml")):
        text = path.read_text(encoding="utf-8")
        reference, unit = _REFERENCE.search(text), _UNIT.search(text)
        if "\nkind: derive\n" in text and reference and unit and unit[1] in _BASE_UNITS:
            found.append((text, reference[1], reference[2]))
    return found


def _write_submission(submission: Path, answers: list[str]) -> None:
    """The references themselves are the right answers."""
    chapter = submission / "lm" / f"ch{int(CHAPTER):02}.py"
    chapter.parent.mkdir(parents=True)
    chapter.write_text("\n".join(answers) + "\n", encoding="utf-8")
    (submission / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copytree(builtin_root() / "reference", submission / "right_answers")
