"""Units that manifests take from one fleet to another: what the one forbade and the other does not is loosened for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reconciler.core.assessment import FleetAssessment
from reconciler.core.decide import PlanRequest, same_connection
from reconciler.core.select import both, mask, without
from reconciler.model.fleet import Document, Selector

Migrated = Mapping[str, Collection[str]]
"""The fleets of the base that a fleet of today has units of, by the name of the latter."""


def migrated(request: PlanRequest, assessed: Collection[FleetAssessment]) -> Migrated:
    """Return which fleets have units that were another fleet's at the base; nothing where selectors are as they were."""
    if request.base is None:
        return {}
    before, today = request.base.fleets, request.manifest.fleets
    losing = {name: one for name, one in before.items() if _selects(today.get(name)) != _selects(one)}
    gaining = [one for one in assessed if _selects(before.get(one.document.name)) != one.resolution.spec.units]
    return {one.document.name: found for one in gaining if losing and (found := list(_givers(one, losing, request)))}


def _selects(document: Document | None) -> Selector | None:
    return None if document is None else document.spec.units


def _givers(one: FleetAssessment, losing: Mapping[str, Document], request: PlanRequest) -> Iterator[str]:
    """Yield the fleets that had units at the base which only this one has now."""
    units, name = one.snapshot.units, one.document.name
    came = mask(one.resolution.spec.units, units)
    if name in losing:
        came = without(came, mask(losing[name].spec.units, units))
    for other, document in losing.items():
        mine = same_connection(document.spec.connection, one.document.spec.connection, request)
        if other != name and mine and 1 in both(came, mask(document.spec.units, units)):
            yield other
