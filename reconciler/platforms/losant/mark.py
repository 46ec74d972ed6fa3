"""Where a reading of an application stands, so that a later one can go on from there; and what speaks against that.

That `lastUpdated` of an edge deployment moves with each of its changes is inferred: no document says so. So a mark is
held against what full readings show: a slot that changed while its row says that it did not ends all going on.
"""

from __future__ import annotations

from typing import NamedTuple

from reconciler.errors import PlatformError
from reconciler.model.quantity import iso
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.losant.routes import Routes
from reconciler.platforms.losant.translate import time_of
from reconciler.platforms.reading.proof import Fence
from reconciler.ports import Clock

OVERLAP = 120.0
"""Seconds before a reading of which what changed is read once more: servers of one platform may differ by so much."""
STEP = 30.0
"""Seconds by which the platform's clock may go otherwise than ours from one reading to the next."""
WITNESSES = 3
"""How many slots that changed are asked about."""


class Doubt(Exception):
    """Why a reading cannot go on from an earlier one, in words: everything must be read."""


class Start(NamedTuple):
    """What is asked before anything is read. Times are seconds, by the platform's clock but for `passed`."""

    passed: float
    """By our monotonic clock."""
    date: float
    deleted: Fence
    updated: float
    """When that edge deployment changed which changed last."""

    @property
    def bound(self) -> float:
        """Return since when rows may have changed that were read before."""
        return min(self.updated, self.date - OVERLAP)

    @property
    def bound_of_devices(self) -> float:
        """Return since when devices may have changed that were read before."""
        return self.date - OVERLAP

    def steps(self, later: Start) -> bool:
        """Return whether the platform's clock or ours was set in between."""
        return abs((later.date - self.date) - (later.passed - self.passed)) > STEP


class Mark(NamedTuple):
    """Where a reading stands that proved itself."""

    start: Start
    devices: Fence
    rows: int
    """How many edge deployments there are."""
    elsewhere: frozenset[str]
    """Ids of those that stand in no slot: of custom nodes, and of devices that are not listed."""
    unlisted: frozenset[str]
    """Ids of workflows that have rows and are not listed."""
    refuted: str = ""
    """Why no reading may go on from an earlier one, once a full reading showed that."""


def started(routes: Routes, clock: Clock, devices: int) -> Start:
    """Ask where everything stands; raise Doubt where the platform does not say it, and PlatformError.

    `devices` is how many there are: of so many a query for all dates must speak, or its dates mean something else.
    """
    passed = clock.monotonic()
    deleted, date = routes.deleted_devices()
    newest = [(one.deleted_at, one.id) for one in deleted.items]
    last = routes.last_deployments(0, 1)
    updated = [time_of(row.last_updated) for row in last.items]
    if date is None:
        raise Doubt("the platform does not say what time it has")
    if not updated or updated[0] is None:
        raise Doubt("no edge deployment says when it was last changed")
    if routes.changed_devices(0.0, "", 0, 1).total != devices:
        raise Doubt("the platform does not find its devices by when they changed")
    return Start(passed, date, Fence(deleted.total, newest[0] if newest else None), updated[0])


def refuted(routes: Routes, before: Snapshot, mark: Mark, found: Snapshot) -> str:
    """Return why rows do not say when they changed, as a full reading shows it; nothing where it shows no such thing."""
    if before.units.ids != found.units.ids:
        return ""
    try:
        for flow, unit in _changed(before, found):
            rows = routes.deployments({"deviceId": found.units.ids[unit]}, 0).items
            at = [(row.id, time_of(row.last_updated)) for row in rows if row.flow_id == flow]
            for row, moment in at:
                if moment is not None and moment < mark.start.bound:
                    return f"edge deployment {row} changed after {iso(mark.start.bound)} and says that it did not"
    except PlatformError:
        return ""  # nothing was shown; the next full reading asks again
    return ""


def _changed(before: Snapshot, found: Snapshot) -> list[tuple[str, int]]:
    """Return a few slots, as workflow id and row of the unit, that are not as they were."""
    same = before.states == found.states
    slots: list[tuple[str, int]] = []
    for flow in sorted(before.columns.keys() | found.columns.keys()):
        old, new = before.column(flow), found.column(flow)
        if same and old.tobytes() == new.tobytes():
            continue
        other = {pair for pair in set(zip(old, new, strict=True)) if before.states[pair[0]] != found.states[pair[1]]}
        rows = (row for row, pair in enumerate(zip(old, new, strict=True)) if pair in other)
        slots += [(flow, row) for row, _ in zip(rows, range(WITNESSES), strict=False)] if other else []
    return slots[:WITNESSES]
