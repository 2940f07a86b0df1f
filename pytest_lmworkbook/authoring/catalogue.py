"""The problems of all workbooks of a set: listed, found by id, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_lmworkbook.errors import LMWorkbookError, ProblemFileError
from pytest_lmworkbook.problem.load import BrokenProblem, ProblemSet, Workbook, find_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_lmworkbook.kinds.base import Kind
    from pytest_lmworkbook.problem.model import Problem


class Catalogue:
    """Problem sets: an instructor's own, which come first, and the built-in one."""

    def __init__(self, own: Sequence[Path], builtin: Path, kinds: Mapping[str, Kind[Any]]) -> None:
        self.kinds = kinds
        #: What is listed: the sets that were asked for, or the built-in one.
        self.listed = [ProblemSet(root, kinds) for root in own or [builtin]]
        self.sets = [ProblemSet(root, kinds) for root in (*own, builtin)]

    def workbooks(self) -> Iterator[Workbook]:
        """Every workbook of the listed sets once, sorted by name within its set."""
        seen: set[str] = set()
        for one in self.listed:
            for name in one.workbook_names():
                if name not in seen:
                    seen.add(name)
                    yield one.workbook(name)

    def workbook(self, name: str) -> Workbook:
        """A workbook by name.

        Raises:
            LMWorkbookError: There is none; the message lists those there are.
        """
        return find_workbook(self.sets, name)

    def problems(self, workbook: str = "") -> Iterator[Problem | BrokenProblem]:
        """Every problem of every workbook, or of one."""
        for one in [self.workbook(workbook)] if workbook else self.workbooks():
            yield from one.load()

    def find(self, identity: str) -> Problem:
        """A problem by id; ``4.1`` is ``lm/4.1``.

        Raises:
            LMWorkbookError: There is none of that id.
            ProblemFileError: Its file is wrong.
        """
        workbook, slash, name = identity.rpartition("/")
        workbook = workbook if slash else "lm"
        found = {one.id: one for one in self.workbook(workbook).load()}
        problem = found.get(f"{workbook}/{name}")
        if problem is None:
            raise LMWorkbookError(
                f"no problem {identity!r}: {workbook} has {', '.join(found) or 'none'}"
            )
        if isinstance(problem, BrokenProblem):
            raise ProblemFileError(problem.diagnostics)
        return problem

    def listing(self, workbook: str = "") -> list[dict[str, Any]]:
        """One record per problem, as ``lmworkbook list --json`` prints it."""
        return [_record(problem) for problem in self.problems(workbook)]

    def answers(self, problems: Sequence[Problem], variant: str) -> dict[str, Any]:
        """Id to answer, for the problems that have a numeric one."""
        found = {one.id: self.kinds[one.spec.kind].answer(one, variant) for one in problems}
        return {identity: dict(answer) for identity, answer in found.items() if answer is not None}


def _record(problem: Problem | BrokenProblem) -> dict[str, Any]:
    spec = getattr(problem, "spec", None)
    return {
        "id": problem.id,
        "workbook": problem.workbook,
        "chapter": problem.chapter,
        "kind": spec.kind if spec else "broken",
        "title": spec.title if spec else "",
        "points": spec.points if spec else problem.points,  # type: ignore[union-attr]  # a broken problem has points of its own
        "entry": spec.entry if spec else "",
        "path": str(problem.path),
    }
