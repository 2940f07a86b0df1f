"""Every pytest hook of the package; each reads the configuration, delegates and returns.

The only entry point that pytest loads, in every run of every project where we are installed: it imports nothing but
pytest until a run asks for problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_lmworkbook import settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_lmworkbook.session import WorkbookSession

#: The attribute of a report that carries a case's result; xdist sends attributes along.
RESULT = "lm_result"
_SESSION = pytest.StashKey["WorkbookSession"]()


class ReportCollector:
    """Takes results off the reports; a plugin object, because that hook is not told the configuration."""

    def __init__(self, grading: WorkbookSession) -> None:
        self.grading = grading

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the result that the report carries, before other plugins read its text."""
        self.grading.note_result(report)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ``--lm-*`` options."""
    settings.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Start a grading session when the run asks for problems."""
    if settings.is_asked_for(config):
        from pytest_lmworkbook.session import WorkbookSession

        grading = config.stash[_SESSION] = WorkbookSession.start(config)
        config.pluginmanager.register(ReportCollector(grading), "lmworkbook-reports")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End workers and whatever a tier keeps."""
    if session := config.stash.get(_SESSION, None):
        session.close()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the problems to what pytest finds at the top of its session."""
    report = yield
    session = collector.config.stash.get(_SESSION, None)
    if session and isinstance(collector, pytest.Session):
        session.add_nodes(collector, report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which cases the run selected, so that one that never reports is still counted."""
    if grading := session.config.stash.get(_SESSION, None):
        grading.note_selected(session.items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Let the fork server import torch while the judge imports its own."""
    grading = session.config.stash.get(_SESSION, None)
    if grading and grading.selected and not session.config.option.collectonly:
        grading.grader.isolation.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the result on the report, where it survives the way from an xdist worker."""
    report = yield
    result = getattr(item, "result", None)
    if report.when == "call" and result is not None:
        report.__dict__[RESULT] = result.to_json()
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports; under xdist a worker only hands over what it selected."""
    grading = session.config.stash.get(_SESSION, None)
    if grading and not grading.finish(session.config):
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what an xdist worker selected."""
    if grading := node.config.stash.get(_SESSION, None):
        grading.note_worker(getattr(node, "workeroutput", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the table of chapters, problems and points."""
    if grading := config.stash.get(_SESSION, None):
        grading.show_summary(terminalreporter)
