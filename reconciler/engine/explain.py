"""The use case "explain": everything there is to say of one unit, or of one of its workloads."""

from __future__ import annotations

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.decide import Reading
from reconciler.core.explain import explain, stray
from reconciler.core.names import suggestion
from reconciler.engine.plan import PlanResult
from reconciler.errors import SettingsError
from reconciler.model.desired import Want
from reconciler.model.fleet import Manifest
from reconciler.model.report import Explanation, Rule, SlotExplanation
from reconciler.model.snapshot import Workload
from reconciler.ports import Authors


def explanation(
    planned: PlanResult, manifest: Manifest, authors: Authors, unit: str, workload: str | None = None
) -> Explanation:
    """Return why the slots of a unit are as they are; without a workload, all that git or the platform know of.

    Units and workloads are given by id or name; `unit/workload` means both. Raises SettingsError for one that is not there, or that
    several bear.
    """
    if workload is None:
        unit, workload = _divided(planned, unit)
    reading, row = _find(planned, unit)
    slots = [_slot(planned, manifest, reading, row, one) for one in _workloads(reading, row, workload)]
    return Explanation(slots=tuple(_with_authors(slot, authors) for slot in slots))


def _divided(planned: PlanResult, unit: str) -> tuple[str, str | None]:
    """Return `unit/workload` in two, unless a unit is called just that."""
    first, _, rest = unit.partition("/")
    known = [one.snapshot.units for one in planned.readings.values()]
    if not (first and rest) or any(units.meant(unit) for units in known):
        return unit, None
    return (first, rest) if any(units.meant(first) for units in known) else (unit, None)


def _find(planned: PlanResult, unit: str) -> tuple[Reading, int]:
    readings = list(planned.readings.values())
    found = [(one, one.snapshot.units.index[unit]) for one in readings if unit in one.snapshot.units.index]
    found = found or [(one, row) for one in readings for row in one.snapshot.units.named(unit)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{one.snapshot.units.ids[row]} ({one.connection})" for one, row in found)
        raise SettingsError(f"{len(found)} units are named {unit!r}", hint=f"use one of their ids: {ids}")
    unread = "; ".join(fleet.error for fleet in planned.plan.fleets if fleet.error)
    if unread:
        raise SettingsError(f"no unit {unit!r} was found, but not everything could be read: {unread}")
    known = {name for one in readings for name in one.snapshot.units.names}
    raise SettingsError(f"there is no unit {unit!r}{suggestion(unit, known)}", hint="give its id or its exact name")


def _workloads(reading: Reading, row: int, wanted: str | None) -> list[Workload]:
    """Return the workloads asked about, in the order of their names."""
    known = reading.snapshot.workloads
    if wanted is None:
        return [one for one in known if _spoken_of(reading, row, one)]
    names = {one.id: {one.id, one.name, *_keys(reading, one)} for one in known}
    found = [one for one in known if wanted in names[one.id]]
    if not found:
        near = suggestion(wanted, {name for one in known for name in names[one.id] - {one.id}})
        raise SettingsError(f"there is no workload {wanted!r}{near}")
    return found


def _keys(reading: Reading, workload: Workload) -> set[str]:
    """Return what the manifests call a workload."""
    return {name for one in reading.resolutions for name in one.names(workload)}


def _spoken_of(reading: Reading, row: int, workload: Workload) -> bool:
    """Return whether git says something of a slot, or the platform shows something in it."""
    state = reading.snapshot.state(workload.id, row)
    return (
        state.assigned is not None
        or state.reported is not None
        or bool(state.extra_versions)
        or any(_strength(one, row, workload) > 1 for one in reading.assessments)
    )


def _strength(one: FleetAssessment, row: int, workload: Workload) -> int:
    """Return how much a fleet has to say of a slot: it claims it 3, it names it 2, it has the unit 1, nothing 0."""
    column = one.resolution.columns.get(workload.id)
    if column is not None and column.winner(row):
        return 2 if column.rule(row).value.want is Want.UNMANAGED else 3
    return int(row in one.resolution.scope)


def _slot(planned: PlanResult, manifest: Manifest, reading: Reading, row: int, workload: Workload) -> SlotExplanation:
    ranked = [(_strength(one, row, workload), one) for one in reading.assessments]
    strength, one = max(ranked, key=lambda pair: pair[0])
    if not strength and len(ranked) > 1:
        return stray(reading.snapshot, row, workload)
    plan = next(fleet for fleet in planned.plan.fleets if fleet.fleet == one.document.name)
    return explain(one, plan, manifest, row, workload)


def _with_authors(slot: SlotExplanation, authors: Authors) -> SlotExplanation:
    return msgspec.structs.replace(
        slot,
        won=_with_author(slot.won, authors) if slot.won is not None else None,
        lost=tuple(_with_author(rule, authors) for rule in slot.lost),
    )


def _with_author(rule: Rule, authors: Authors) -> Rule:
    author = authors.blame(rule.origin)
    if author is None:
        return rule
    return msgspec.structs.replace(
        rule, commit=author.commit, author=author.author, date=author.date, summary=author.summary
    )
