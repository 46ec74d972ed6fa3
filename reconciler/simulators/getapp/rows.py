"""What a device says about one release: a row at rest, or one that moves by time alone.

States and statuses are those of the agent (confirmed: seed 000, agent/get-delivery-status, agent/deploy-change-state);
how the status, the delivery state and the progress go together while a download or an installation runs is inferred.
A download that is being validated already shows the status Done (inferred, section 6 of the facts).
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.simulators.exchange import Json
from reconciler.simulators.getapp.catalog import Release

DELIVERY, DOWNLOADED, DELETED = "delivery", "downloaded", "deleted"
DEPLOY, INSTALLED, UNINSTALLED = "deploy", "installed", "uninstalled"
STATES = (DELIVERY, DOWNLOADED, DELETED, DEPLOY, INSTALLED, UNINSTALLED)
GONE = frozenset({DELETED, UNINSTALLED})

UNINSTALL = "uninstall"
_DELIVERING = (("prepare", "Start"), ("download", "InProgress"), ("validation", "Done"))
PHASES = {DELIVERY: 3, DEPLOY: 2, UNINSTALL: 1}


@dataclass(slots=True, eq=False)
class Row:
    """A row at rest: `phase` is the delivery state, `elapsed` how many seconds of its movement are behind it.

    Rows that devices share keep their JSON in `wire`; `planted` holds fields that were set by hand (`release.x` inside the release).
    """

    release: Release
    state: str
    status: str | None
    phase: str | None
    progress: float | None
    eta: int | None = None
    duration: int | None = None
    error: str | None = None
    elapsed: float = 0.0
    planted: tuple[tuple[str, Json], ...] = ()
    shared: bool = False
    wire: bytes | None = None


@dataclass(slots=True, eq=False, frozen=True)
class Moving:
    """A row that has been moving since `started` (seconds since 1970): a delivery, a deploy or an uninstall."""

    release: Release
    kind: str
    started: float
    resumed: bool = False

    def seen(self, now: float, settle: float) -> Row:
        """How it looks at a time, where every phase takes `settle` seconds."""
        elapsed = max(0.0, now - self.started)
        total = PHASES[self.kind] * settle
        share = min(elapsed / total, 1.0) if total else 1.0
        number = min(int(share * PHASES[self.kind]), PHASES[self.kind] - 1)
        progress, eta = round(100 * share, 1), math.ceil(max(0.0, total - elapsed))
        if self.kind == DELIVERY:
            phase, status = _DELIVERING[number]
            return Row(self.release, DELIVERY, status, phase, progress, eta, int(elapsed), elapsed=elapsed)
        duration = round(PHASES[DELIVERY] * settle)
        if self.kind == DEPLOY:
            status = "Installing" if number else "Continue" if self.resumed else "Start"
            return Row(self.release, DEPLOY, status, "done", progress, eta, duration, elapsed=elapsed)
        return Row(self.release, INSTALLED, "Uninstall", "done", progress, eta, duration, elapsed=elapsed)


Held: TypeAlias = Row | Moving


def settled(
    release: Release,
    state: str,
    status: str | None,
    *,
    phase: str | None = "done",
    progress: float | None = 100.0,
    duration: int | None = None,
    error: str | None = None,
) -> Row:
    """The row at rest with these values; devices share it."""
    key = (state, status, phase, progress, duration, error)
    row = release.rows.get(key)
    if row is None:
        row = release.rows[key] = Row(release, state, status, phase, progress, None, duration, error, shared=True)
    return row


def gone(release: Release, state: str) -> Row:
    """What is left of a release that was deleted or uninstalled."""
    return settled(release, state, "Uninstall" if state == UNINSTALLED else None, phase=None, progress=None)
