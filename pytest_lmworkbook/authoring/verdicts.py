"""What `verify` found: per problem and in all, as text and as JSON."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_lmworkbook.authoring.band import Band
    from pytest_lmworkbook.authoring.mutation import MutantTrial

#: Longest name of a mistake in the grid.
_NAME = 44


@dataclass(frozen=True, slots=True)
class Trial:
    """One graded specimen.

    Attributes:
        caught_by: The cases that refused it.
        fault: What is wrong with the problem because of it; empty when nothing is.
    """

    role: str
    name: str
    caught_by: tuple[str, ...]
    fault: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "role": self.role,
            "name": self.name,
            "caught_by": list(self.caught_by),
            "fault": self.fault,
        }


@dataclass(frozen=True, slots=True)
class ProblemReport:
    """What verifying one problem came to."""

    problem: str
    _: KW_ONLY
    cases: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    mutants: tuple[MutantTrial, ...] = ()
    band: Band | None = None
    faults: tuple[str, ...] = ()
    duration_s: float = 0.0

    def count(self, role: str) -> int:
        """How many specimens of a role were graded."""
        return sum(trial.role == role for trial in self.trials)

    @property
    def killed(self) -> int:
        """Mutants that a case refused."""
        return sum(bool(one.caught_by) for one in self.mutants)

    @property
    def equivalent(self) -> int:
        """Surviving mutants whose reason is on record."""
        return sum(bool(one.because) for one in self.mutants)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "problem": self.problem,
            "faults": list(self.faults),
            "duration_s": round(self.duration_s, 3),
            "specimens": [trial.to_json() for trial in self.trials],
            "mutants": [one.to_json() for one in self.mutants],
            "band": asdict(self.band) if self.band else None,
        }

    def render(self, *, grid: bool = False) -> str:
        """One line, the faults below it, and on demand the grid of mistakes and cases."""
        lines = [self._headline()]
        lines += [f"       {fault}".replace("\n", "\n       ") for fault in self.faults]
        if grid and self.band:
            lines.append(f"       {self.band.text}")
        return "\n".join([*lines, *(self._grid() if grid else ())])

    def _headline(self) -> str:
        if self.faults:
            count = len(self.faults)
            return f"FAIL {self.problem:<10} {count} fault" + ("" if count == 1 else "s")
        text = f"ok   {self.problem:<10} {self.count('mistake'):>3} mistakes caught, {self.count('junk'):>2} junk refused"
        if alternatives := self.count("accepted"):
            text += f", {alternatives} alternatives accepted"
        if self.mutants:
            text += f", {self.killed} of {len(self.mutants)} mutants killed"
            text += f" ({self.equivalent} equivalent)" if self.equivalent else ""
        return f"{text}  {self.duration_s:.1f} s"

    def _grid(self) -> Iterator[str]:
        """Mistakes as rows, cases as columns: which case notices which mistake."""
        mistakes = [trial for trial in self.trials if trial.role == "mistake"]
        if not mistakes or len(self.cases) < 2:  # a grid of one column says nothing
            return
        for number, case in enumerate(self.cases):
            yield f"       {' ' * _NAME}  {'| ' * number}{case}"
        for trial in mistakes:
            marks = " ".join("x" if case in trial.caught_by else "." for case in self.cases)
            name = trial.name if len(trial.name) <= _NAME else f"{trial.name[: _NAME - 1]}…"
            yield f"       {name:<{_NAME}}  {marks}"


def render_total(reports: Iterable[ProblemReport]) -> str:
    """The last line."""
    reports = list(reports)
    mistakes = sum(one.count("mistake") for one in reports)
    broken = sum(bool(one.faults) for one in reports)
    text = f"{len(reports)} problems, {mistakes} mistakes"
    if mutants := sum(len(one.mutants) for one in reports):
        killed = sum(one.killed for one in reports)
        equivalent = sum(one.equivalent for one in reports)
        text += f", {killed} of {mutants} mutants killed, {equivalent} equivalent"
    return f"{text}, {broken} problems with faults, {sum(one.duration_s for one in reports):.0f} s"
