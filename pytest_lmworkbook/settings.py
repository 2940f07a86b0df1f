"""Command-line options and ini keys to one frozen `Settings`; bad values are the user's errors, told as such."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: A secret salt for grading; local runs use the public one, so that everybody sees the same failures.
SALT_VARIABLE = "LMWORKBOOK_SALT"
PUBLIC_SALT = "public"
#: ``--lm-thorough`` draws this many times more.
THOROUGH = 10
EXAMPLES = 60
ISOLATIONS = ("process", "sandbox", "none")

_SPAN = re.compile(r"^(\w+)-(\w+)$")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run grades, and how.

    Attributes:
        workbook: ``lm``.
        chapters: Chapter ids; None for all.
        problems: Problem ids within the workbook; None for all.
        submission: The student's repository.
        problem_sets: Folders of problem sets, the built-in one last.
        seed: The public salt, or None when it is secret.
        reports: Pairs of format and path.
        rerun_options: Options that a rerun of one case needs too, as they were given.
    """

    workbook: str
    chapters: tuple[str, ...] | None
    problems: tuple[str, ...] | None
    submission: Path
    problem_sets: tuple[Path, ...]
    isolation: str
    salt: str
    seed: str | None
    variant: str
    examples: int
    hints: int
    explain: bool
    reports: tuple[tuple[str, Path], ...]
    rerun_options: tuple[str, ...] = ()


#: Option name, ini type, help. Each option has an ini key of the same name with underscores.
_OPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("chapter", "string", "SPEC", "grade these chapters: 4, 4-6, 2,4 or scaling:4"),
    ("workbook", "string", "NAME", "grade this workbook: lm, tm, ..."),
    ("problem", "string", "ID", "grade these problems: 4.1, or 4.1,4.3, or lm/4.1"),
    ("submission", "string", "PATH", "the repository to grade (default: where pytest was started)"),
    ("problems", "paths", "PATH", "a folder with an own problem set; may be given several times"),
    (
        "isolation",
        "string",
        "TIER",
        f"how student code runs: {', '.join(ISOLATIONS)} (default: process; none under --pdb)",
    ),
    (
        "seed",
        "string",
        "SALT",
        "salt of the drawn examples (default: 'public', or the environment's LMWORKBOOK_SALT)",
    ),
    ("variant", "string", "NAME", "redraw inputs and option orders, reproducibly from this name"),
    ("report", "linelist", "FORMAT:PATH", "write a report: json:PATH; may be given several times"),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare every option and its ini key."""
    group = parser.getgroup("lmworkbook", "language-model workbook")
    for name, kind, metavar, text in _OPTIONS:
        action = "append" if kind in {"paths", "linelist"} else "store"
        group.addoption(f"--lm-{name}", action=action, default=None, metavar=metavar, help=text)
        parser.addini(f"lm_{name}", text, type=kind, default=None if kind == "string" else [])  # type: ignore[arg-type]  # the literal types of addini
    group.addoption(
        "--lm-thorough", action="store_true", default=None, help="draw 10 times more examples"
    )
    parser.addini("lm_thorough", "draw 10 times more examples", type="bool", default=False)
    group.addoption(
        "--lm-hint",
        action="count",
        default=None,
        help="show a hint with each failure; twice for two",
    )
    parser.addini("lm_hint", "how many hints to show with a failure", type="string", default="0")
    group.addoption(
        "--lm-explain",
        action="store_true",
        default=None,
        help="explain the problems that were solved",
    )
    parser.addini("lm_explain", "explain the problems that were solved", type="bool", default=False)


def is_asked_for(config: pytest.Config) -> bool:
    """Whether this run grades problems: an option says so, or a bare ``pytest`` where the ini names a workbook."""
    if any(config.getoption(f"lm_{name}") for name in ("chapter", "workbook", "problem")):
        return True
    bare = config.args_source is not pytest.Config.ArgsSource.ARGS
    return bare and bool(config.getini("lm_workbook"))


def replaces_collection(config: pytest.Config) -> bool:
    """Whether the student's own tests stay out: problems were asked for by option, and no path was given."""
    bare = config.args_source is not pytest.Config.ArgsSource.ARGS
    return bare and any(
        config.getoption(f"lm_{name}") for name in ("chapter", "workbook", "problem")
    )


def read_settings(config: pytest.Config, builtin: Path) -> Settings:
    """Read options and ini.

    Raises:
        pytest.UsageError: A value is wrong; the message says what was wanted.
    """
    _refuse_foreign_rootdir(config)
    workbook, chapters = _chapters(_text(config, "chapter"), _text(config, "workbook") or "lm")
    workbook, problems = _problems(_text(config, "problem"), workbook)
    secret = os.environ.get(SALT_VARIABLE)
    seed = _text(config, "seed") or (None if secret else PUBLIC_SALT)
    sets = [_folder(config, path, "--lm-problems") for path in _list(config, "problems")]
    return Settings(
        workbook=workbook,
        chapters=chapters,
        problems=problems,
        submission=_folder(config, _text(config, "submission") or ".", "--lm-submission"),
        problem_sets=(*sets, builtin),
        isolation=_isolation(config),
        salt=seed or secret or PUBLIC_SALT,
        seed=seed,
        variant=_text(config, "variant"),
        examples=EXAMPLES * (THOROUGH if _flag(config, "thorough") else 1),
        hints=_hints(config),
        explain=_flag(config, "explain"),
        reports=_reports(_list(config, "report"), config.invocation_params.dir),
        rerun_options=_rerun_options(config),
    )


def parse_chapters(text: str) -> tuple[str, ...]:
    """``4``, ``4-6`` or ``2,4-5`` to chapter ids.

    Raises:
        ValueError: The text is none of these.
    """
    found: list[str] = []
    for piece in (piece.strip() for piece in text.split(",")):
        span = _SPAN.match(piece)
        if span and span[1].isdigit() and span[2].isdigit() and int(span[1]) <= int(span[2]):
            found.extend(str(number) for number in range(int(span[1]), int(span[2]) + 1))
        elif piece.isalnum():
            found.append(str(int(piece)) if piece.isdigit() else piece)
        else:
            raise ValueError(f"wanted chapters such as 4, 4-6 or 2,4, got {text!r}")
    return tuple(dict.fromkeys(found))


def _chapters(text: str, workbook: str) -> tuple[str, tuple[str, ...] | None]:
    if not text:
        return workbook, None
    name, colon, rest = text.rpartition(":")
    try:
        return (name if colon else workbook), parse_chapters(rest)
    except ValueError as fault:
        raise pytest.UsageError(f"--lm-chapter: {fault}") from fault


def _problems(text: str, workbook: str) -> tuple[str, tuple[str, ...] | None]:
    """Ids may carry their workbook; all must be of one."""
    if not text:
        return workbook, None
    names: list[str] = []
    workbooks: set[str] = set()
    for piece in (piece.strip() for piece in text.split(",")):
        owner, slash, name = piece.rpartition("/")
        workbooks.add(owner if slash else workbook)
        names.append(name)
    if len(workbooks) > 1:
        raise pytest.UsageError(
            f"--lm-problem: one workbook at a time, got {', '.join(sorted(workbooks))}"
        )
    return workbooks.pop(), tuple(dict.fromkeys(names))


def _refuse_foreign_rootdir(config: pytest.Config) -> None:
    """``--lm-submission PATH`` with a space makes pytest take PATH for a test folder, and read its configuration.

    What a submission configures must not change how it is graded; and the user's own ini would be lost.
    """
    start = config.invocation_params.dir.resolve()
    for option in ("submission", "problems"):
        given = config.getoption(f"lm_{option}") or ()
        for path in (given,) if isinstance(given, str) else given:
            folder = (start / path).resolve()
            if config.rootpath.is_relative_to(folder) and not start.is_relative_to(folder):
                raise pytest.UsageError(
                    f"pytest took {folder} for its own rootdir and read the configuration there; "
                    f"write --lm-{option}={path} with an equals sign, or add --rootdir=."
                )


def _rerun_options(config: pytest.Config) -> tuple[str, ...]:
    """The options that decide what a case is, as far as they were given on the command line."""
    found: list[str] = []
    for name in ("problems", "submission", "variant", "seed", "isolation"):
        given = config.getoption(f"lm_{name}") or ()
        found += [f"--lm-{name}={one}" for one in ((given,) if isinstance(given, str) else given)]
    return (*found, *(["--lm-thorough"] if config.getoption("lm_thorough") else []))


def _isolation(config: pytest.Config) -> str:
    chosen = _text(config, "isolation") or ("none" if config.getoption("usepdb") else "process")
    if chosen not in ISOLATIONS:
        raise pytest.UsageError(
            f"--lm-isolation: wanted one of {', '.join(ISOLATIONS)}, got {chosen!r}"
        )
    return chosen


def _reports(targets: Sequence[str], start: Path) -> tuple[tuple[str, Path], ...]:
    from pytest_lmworkbook.errors import LMWorkbookError
    from pytest_lmworkbook.report.formats import parse_target

    found = []
    for target in targets:
        try:
            name, path = parse_target(target)
        except LMWorkbookError as fault:
            raise pytest.UsageError(f"--lm-report: {fault}") from fault
        found.append((name, start / path))
    return tuple(found)


def _hints(config: pytest.Config) -> int:
    count = config.getoption("lm_hint")
    text = str(config.getini("lm_hint")) if count is None else str(count)
    if not text.isdigit():
        raise pytest.UsageError(f"lm_hint: wanted a number of hints, got {text!r}")
    return int(text)


def _folder(config: pytest.Config, path: str | Path, option: str) -> Path:
    folder = (config.invocation_params.dir / path).resolve()
    if not folder.is_dir():
        raise pytest.UsageError(f"{option}: no such folder: {folder}")
    return folder


def _text(config: pytest.Config, name: str) -> str:
    value = config.getoption(f"lm_{name}")
    return str((config.getini(f"lm_{name}") if value is None else value) or "")


def _list(config: pytest.Config, name: str) -> list[str]:
    value = config.getoption(f"lm_{name}")
    return [str(item) for item in (config.getini(f"lm_{name}") if value is None else value)]


def _flag(config: pytest.Config, name: str) -> bool:
    value = config.getoption(f"lm_{name}")
    return bool(config.getini(f"lm_{name}") if value is None else value)
