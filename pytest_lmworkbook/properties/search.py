"""Search for inputs on which a check does not hold, and shrink them to the smallest.

Hypothesis proposes the inputs. Nothing from outside decides what it proposes: no profile, no environment
variable, no database, no clock, so one seed gives one result everywhere. hypothesis is imported when a search
starts.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_lmworkbook.errors import JudgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis import settings
    from hypothesis.strategies import SearchStrategy

    from pytest_lmworkbook.properties.compare import Mismatch
    from pytest_lmworkbook.properties.inputs import Inputs

    Check = Callable[[Inputs], None]

#: Inputs tried while shrinking; a count and not a time, so that a slow machine finds the same smallest input.
MOST_SHRINKS = 400


class Violation(Exception):  # not an error of ours: what a search looks for
    """The property does not hold on the inputs at hand; whatever caused it is its ``__cause__``."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.message)
        self.mismatch = mismatch


@dataclass(frozen=True, slots=True)
class Failure:
    """The smallest inputs found on which the check does not hold.

    Attributes:
        examples: How many inputs the check was tried on, shrinking included.
    """

    inputs: Inputs
    violation: Violation
    examples: int


class _Stop(BaseException):
    """Carries an exception through Hypothesis, which would take an `Exception` for a failure to shrink."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def search(
    strategy: SearchStrategy[Inputs],
    check: Check,
    *,
    seed: int,
    examples: int,
    final: tuple[type[BaseException], ...] = (),
    first: Sequence[Inputs] = (),
    shrink: bool = True,
) -> Failure | None:
    """Look for inputs on which a check raises `Violation`.

    Args:
        strategy: Draws inputs.
        check: Returns when all is well. Called at most once for equal inputs.
        seed: Equal seeds give equal results.
        examples: How many inputs to draw.
        final: Exceptions that end the search at once and are raised as they are.
        first: Inputs to try before any is drawn; a failure on one of them is not shrunk.
        shrink: Whether to look for smaller inputs once some have failed.

    Returns:
        The smallest failure, or None.

    Raises:
        JudgeError: The check raised anything else, which is a fault of the check.
    """
    trials = _Trials(check, final)
    for inputs in first:
        if trials.fails(inputs):
            return trials.failure()
    try:
        _run_hypothesis(strategy, trials, seed=seed, examples=examples, shrink=shrink)
    except _Stop as stop:
        raise stop.error from stop.error.__cause__
    return trials.failure()


class _Trials:
    """Tries inputs, each once, and remembers how that went.

    Remembering also keeps a check that changes its mind from confusing Hypothesis: what failed once has failed.
    """

    def __init__(self, check: Check, final: tuple[type[BaseException], ...]) -> None:
        self._check = check
        self._final = final
        self._seen: dict[str, Violation | None] = {}
        self._latest: tuple[Inputs, Violation] | None = None
        self._examples = 0
        self._examples_at_first_failure = 0

    def fails(self, inputs: Inputs) -> bool:
        """Whether the check does not hold, for the reason for which it did not hold the first time."""
        key = inputs.recipe.key()
        if key not in self._seen:
            self._seen[key] = None if self._is_exhausted() else self._try(inputs)
        violation = self._seen[key]
        if violation is None:
            return False
        # The latest one: when Hypothesis is done it repeats the smallest.
        self._latest = (inputs, violation)
        return True

    def failure(self) -> Failure | None:
        """The smallest failure, with inputs that no check has had in its hands."""
        if self._latest is None:
            return None
        inputs, violation = self._latest
        return Failure(type(inputs).from_recipe(inputs.recipe), violation, self._examples)

    def _is_exhausted(self) -> bool:
        shrinks = self._examples - self._examples_at_first_failure
        return self._latest is not None and shrinks >= MOST_SHRINKS

    def _try(self, inputs: Inputs) -> Violation | None:
        self._examples += 1
        try:
            self._check(inputs)
        except Violation as violation:
            return self._same_reason(violation)
        except KeyboardInterrupt:
            raise
        except self._final as error:
            raise _Stop(error) from error
        except BaseException as error:  # also skip and assume, which must not discard an example
            fault = JudgeError(f"a check raised {type(error).__name__}: {error}")
            fault.__cause__ = error
            raise _Stop(fault) from error
        return None

    def _same_reason(self, violation: Violation) -> Violation | None:
        """Shrinking stays with the first reason, so that the message explains what was found."""
        if self._latest is None:
            self._examples_at_first_failure = self._examples
            return violation
        return violation if violation.mismatch.reason is self._latest[1].mismatch.reason else None


def _run_hypothesis(
    strategy: SearchStrategy[Inputs],
    trials: _Trials,
    *,
    seed: int,
    examples: int,
    shrink: bool,
) -> None:
    import hypothesis

    class Found(Exception):  # not an error
        pass

    @hypothesis.seed(seed)
    @_settings(examples, shrink=shrink)
    @hypothesis.given(strategy)
    def probe(inputs: Inputs) -> None:
        if trials.fails(inputs):
            raise Found

    with suppress(Found):
        probe()


def _settings(examples: int, *, shrink: bool) -> settings:
    """Every field, because what is left out comes from the profile, which depends on the environment (CI=true)."""
    from hypothesis import HealthCheck, Phase, Verbosity, settings

    return settings(
        max_examples=examples,
        derandomize=False,
        database=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        stateful_step_count=1,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        print_blob=False,
        backend="hypothesis",
    )
