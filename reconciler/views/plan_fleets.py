"""The fleets of a plan as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.model.plan import FleetPlan
from reconciler.views.plan_words import not_ready
from reconciler.views.words import Show

COLUMNS = (
    "Fleet",
    "Platform",
    "Units:",
    "Slots:",
    "Synced:",
    "Release:",
    "Replace:",
    "Remove:",
    "Held:",
    "Unmanaged:",
    "Not ready",
    "Reading",
)


def is_idle(one: FleetPlan) -> bool:
    """Return whether there is nothing to show of a fleet."""
    quiet = (one.changes, one.held, one.violations, one.mistakes, one.summary.unknown)
    return not any(quiet) and one.basis.complete


def fleet_cells(fleet: FleetPlan, show: Show, strong: Callable[[str], str]) -> Iterator[str]:
    """Yield the cells of a fleet; `strong` marks what must not be missed."""
    summary = fleet.summary
    blocked = f" {strong('blocked')}" if fleet.violations else ""
    yield f"{show(fleet.fleet)}{blocked}"
    yield show(fleet.platform)
    changes = summary.changes
    numbers = (summary.units, summary.slots, summary.synced, changes.release, changes.replace, changes.remove)
    yield from (f"{number:,}" for number in (*numbers, summary.held, summary.unmanaged))
    yield not_ready(summary)
    yield "complete" if fleet.basis.complete else strong("incomplete")
