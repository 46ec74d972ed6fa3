"""Veto: outside the windows of the fleet no call starts, for whichever slot: pins are no exception."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from reconciler.core.guards.case import Case
from reconciler.core.windows import is_open, next_opening
from reconciler.model.fleet import FleetSpec, Window
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.plan import PaceKind


def veto(case: Case) -> Iterator[Hold]:
    """Yield that the windows of the fleet are closed, with when they open next."""
    scene = case.scene
    if gated(scene.spec, scene.lifted) and not is_open(scene.spec.windows, scene.now):
        yield _closed(tuple(scene.spec.windows), scene.now)


def gated(spec: FleetSpec, lifted: frozenset[str]) -> bool:
    """Return whether windows gate the calls of a fleet."""
    return bool(spec.windows) and PaceKind.WINDOW not in lifted


@lru_cache(maxsize=64)
def _closed(windows: tuple[Window, ...], now: float) -> Hold:
    found = next_opening(windows, now)
    if found.at is None:
        return Hold(HoldReason.OUTSIDE_WINDOW, until=found.searched.date().isoformat())
    return Hold(HoldReason.OUTSIDE_WINDOW, str(found.at.tzinfo), opens=found.at.isoformat(timespec="seconds"))
