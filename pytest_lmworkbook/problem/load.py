"""A folder of YAML files to a `ProblemSet`; every fault of a file is reported at once.

Knows the kinds only as a mapping from name to `KindLoader`: the model to fill and the extra checks to make.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import Field, ValidationError

from pytest_lmworkbook.errors import LMWorkbookError, ProblemFileError
from pytest_lmworkbook.problem.diagnostics import nearest
from pytest_lmworkbook.problem.faults import translate_fault
from pytest_lmworkbook.problem.model import Part, Problem, ProblemSpec
from pytest_lmworkbook.problem.source import Source, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_lmworkbook.problem.diagnostics import Diagnostic

SpecT = TypeVar("SpecT", bound=Part)

_CHAPTER_FOLDER = re.compile(r"^(\d\d)-")


class KindLoader(Protocol):
    """What loading needs to know of a kind."""

    @property
    def spec(self) -> type[ProblemSpec]:
        """The model of the kind's YAML."""

    def check(self, source: Source, root: Path) -> Iterable[Diagnostic]:
        """Faults that a model cannot see, such as an edit that does not apply to the reference."""


class ChapterSpec(Part):
    """A line of ``workbook.yaml``."""

    id: str
    title: str


class WorkbookSpec(Part):
    """``problems/<workbook>/workbook.yaml``."""

    title: str
    description: str = ""
    chapters: tuple[ChapterSpec, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class BrokenProblem:
    """A problem file that cannot be used; it is graded as a fault of ours, and stops nobody else's grading."""

    id: str
    workbook: str
    chapter: str
    path: Path
    diagnostics: tuple[Diagnostic, ...]
    points: float = 1.0


@dataclass(frozen=True)
class Workbook:
    """One workbook of a problem set: its titles, and its problems when they are asked for."""

    name: str
    root: Path
    spec: WorkbookSpec
    kinds: Mapping[str, KindLoader] = field(repr=False)

    @property
    def title(self) -> str:
        """The title of the workbook."""
        return self.spec.title

    @cached_property
    def chapter_titles(self) -> dict[str, str]:
        """Chapter id to title, in the workbook's order."""
        return {chapter.id: chapter.title for chapter in self.spec.chapters}

    def load(self, chapters: Sequence[str] | None = None) -> tuple[Problem | BrokenProblem, ...]:
        """Read the problems of the chapters (all when None), in the order of their ids."""
        found: list[Problem | BrokenProblem] = []
        for chapter, path in _problem_files(self.root / "problems" / self.name):
            if chapters is None or chapter in chapters:
                found.append(load_problem(path, self.name, chapter, self.root, self.kinds))
        return tuple(sorted(_refuse_twins(found), key=lambda one: _natural(one.id)))


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """A folder with ``problems/``, ``reference/`` and ``kernels/``."""

    root: Path
    kinds: Mapping[str, KindLoader] = field(repr=False)

    def workbook_names(self) -> tuple[str, ...]:
        """The workbooks that this set has, sorted."""
        return tuple(
            sorted(path.parent.name for path in self.root.glob("problems/*/workbook.yaml"))
        )

    def workbook(self, name: str) -> Workbook:
        """Read one workbook's titles.

        Raises:
            LMWorkbookError: The set has no such workbook; the message lists those it has.
            ProblemFileError: ``workbook.yaml`` is wrong.
        """
        path = self.root / "problems" / name / "workbook.yaml"
        if name not in self.workbook_names():
            raise LMWorkbookError(_no_such("workbook", name, self.workbook_names(), self.root))
        source = read_source(path)
        spec, diagnostics = _fill(WorkbookSpec, source, self.root)
        if spec is None or diagnostics:
            raise ProblemFileError(diagnostics)
        return Workbook(name, self.root, spec, self.kinds)


def find_workbook(sets: Sequence[ProblemSet], name: str) -> Workbook:
    """A workbook of the first set that has it.

    Raises:
        LMWorkbookError: No set has it; the message lists those of all sets.
        ProblemFileError: ``workbook.yaml`` is wrong.
    """
    owner = next((one for one in sets if name in one.workbook_names()), None)
    if owner is not None:
        return owner.workbook(name)
    known = sorted({known for one in sets for known in one.workbook_names()})
    hint = nearest(name, known)
    message = f"no workbook {name!r}, there is {', '.join(known) or 'none'}"
    raise LMWorkbookError(f"{message}; {hint}" if hint else message)


def load_problem(
    path: Path, workbook: str, chapter: str, root: Path, kinds: Mapping[str, KindLoader]
) -> Problem | BrokenProblem:
    """Read one YAML file; a broken one comes back with all its diagnostics, sorted by position."""
    name = path.stem.partition("-")[0]
    identity = f"{workbook}/{name}"
    source = read_source(path)
    spec, diagnostics = _read_spec(source, root, kinds)
    if spec is None or diagnostics:
        ordered = sorted(diagnostics, key=lambda one: (one.position.line, one.position.column))
        return BrokenProblem(identity, workbook, chapter, path, tuple(ordered))
    return Problem(identity, workbook, chapter, path, root, spec)


def _read_spec(
    source: Source, root: Path, kinds: Mapping[str, KindLoader]
) -> tuple[ProblemSpec | None, list[Diagnostic]]:
    if not isinstance(source.value, dict):
        return None, list(source.diagnostics) or [
            source.diagnose("not-a-mapping", "a problem file is a mapping of keys to values", ())
        ]
    name = source.value.get("kind")
    if name is None:
        wanted = ", ".join(sorted(kinds))
        missing = source.diagnose("missing-key", f"'kind' is missing, wanted one of {wanted}", ())
        return None, [*source.diagnostics, missing]
    if not isinstance(name, str) or name not in kinds:
        message = f"'kind' must be one of {', '.join(sorted(kinds))}, got {name!r}"
        hint = nearest(str(name), kinds)
        return None, [
            *source.diagnostics,
            source.diagnose("unknown-kind", message, ("kind",), hint=hint),
        ]
    kind = kinds[name]
    spec, diagnostics = _fill(kind.spec, source, root)
    return spec, [*diagnostics, *kind.check(source, root)]


def _fill(model: type[SpecT], source: Source, root: Path) -> tuple[SpecT | None, list[Diagnostic]]:
    """Fill a model from a source; all faults as diagnostics, positions looked up by path."""
    diagnostics = list(source.diagnostics)
    if source.value is None and diagnostics:
        return None, diagnostics
    try:
        return model.model_validate(source.value, context={"root": root}), diagnostics
    except ValidationError as faults:
        diagnostics.extend(translate_fault(dict(fault), source, model) for fault in faults.errors())
        return None, diagnostics


def _refuse_twins(found: Sequence[Problem | BrokenProblem]) -> Iterator[Problem | BrokenProblem]:
    """Two files with one id, or two entries of one name in a chapter, would be graded as each other."""
    ids: dict[str, Path] = {}
    entries: dict[tuple[str, str], Path] = {}
    for one in found:
        twin = ids.setdefault(one.id, one.path)
        if isinstance(one, BrokenProblem):
            yield one
            continue
        namesake = entries.setdefault((one.module, one.spec.entry), one.path)
        source = None if twin == one.path == namesake else read_source(one.path)
        if source is None:
            yield one
            continue
        diagnostic = (
            source.diagnose("duplicate-id", f"{one.id} is also {twin.name}", ())
            if twin != one.path
            else source.diagnose(
                "duplicate-entry",
                f"entry {one.spec.entry!r} is also that of {namesake.name}",
                ("entry",),
            )
        )
        yield BrokenProblem(
            one.id, one.workbook, one.chapter, one.path, (diagnostic,), one.spec.points
        )


def _problem_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every problem file with its chapter's id, in a stable order."""
    for chapter in sorted(folder.iterdir()):
        match = _CHAPTER_FOLDER.match(chapter.name)
        if match and chapter.is_dir():
            for path in sorted(chapter.glob("*.yaml")):
                yield str(int(match[1])), path


def _natural(text: str) -> list[tuple[int, str]]:
    """A sort key that puts 4.10 after 4.9."""
    return [
        (int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"(\d+)", text)
    ]


def _no_such(what: str, name: str, valid: Sequence[str], root: Path) -> str:
    hint = nearest(name, valid)
    return f"no {what} {name!r} in {root}: it has {', '.join(valid) or 'none'}" + (
        f"; {hint}" if hint else ""
    )
