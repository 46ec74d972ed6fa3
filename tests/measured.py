"""What coverage measures, and that nothing of it is lost; hooks of pytest that `tests/conftest.py` registers.

Coverage counts tests by example alone: a test that draws its examples is not measured, so that no gate passes or fails by
luck, and drawing is as fast as it can be. A line that only a law reaches needs an example that says what it is for.

pytest-cov measures the workers of pytest-xdist and fetches what they measured before it lets them go. Their children
(commands, simulators) measure themselves, through coverage's `patch = ["subprocess"]`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

_LOST: list[str] = []
"""Workers of pytest-xdist that ended without handing over what they measured."""


@pytest.hookimpl(trylast=True)  # after hypothesis has marked its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave tests that draw their examples out of what is measured."""
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker("no_cover")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Have pytest-cov alone measure a worker: coverage would start by itself in it, as in every child, and go on beside."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Remember a worker that ended, or was ended, before it handed over what it measured."""
    if node.config.pluginmanager.hasplugin("_cov") and "cov_worker_node_id" not in getattr(node, "workeroutput", {}):
        _LOST.append(node.gateway.id)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run whose coverage is not whole, so that no gate is held against a part of the data."""
    if _LOST and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whose data is missing."""
    if _LOST:
        words = f"coverage: the data of {', '.join(_LOST)} is lost, because the worker ended early; run the tests again"
        terminalreporter.write_line(words, red=True, bold=True)
