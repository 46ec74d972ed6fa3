"""The two axes of a whole fleet: sync and health, each the worst of its slots."""

from __future__ import annotations

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import health, sync
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Sync, worst


def axes(one: FleetAssessment) -> tuple[Sync, Health]:
    """Return sync and health of a judged fleet; a fleet with a workload that cannot be identified is unknown."""
    keys = {key for judged in one.judged for key in judged.tally}
    syncs = {sync(found) for found, _, _ in keys}
    healths = {health(found, one.snapshot.states[state], Reach(reach)) for found, state, reach in keys}
    if one.resolution.missing:
        syncs.add(Sync.UNKNOWN)
        healths.add(Health.UNKNOWN)
    overall = next((found for found in (Sync.UNKNOWN, Sync.OUT, Sync.SYNCED) if found in syncs), Sync.NONE)
    return overall, worst(healths)
