"""Changes as the suite makes them up, and what is true of the slots that they are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reconciler.core.decide import PlanRequest
from reconciler.model.change import Change, Reason, Verb
from reconciler.model.connection import ConnectionSpec
from reconciler.model.fleet import Document, FleetSpec, Manifest
from reconciler.model.kind import Kind
from reconciler.model.observation import Phase
from reconciler.model.origin import NOWHERE
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import Snapshot
from reconciler.testing.subject import Rig


def assigned(rig: Rig) -> dict[tuple[str, str], str | None]:
    """Return what slots are truly assigned: what they report moves by itself."""
    return {slot: assigned for slot, (assigned, _) in rig.truth().items() if assigned is not None}


def assignable(snapshot: Snapshot) -> list[str]:
    """Return the ids of the units that the platform can assign to."""
    units = snapshot.units
    return [one for one, can in zip(units.ids, units.assignable, strict=True) if can]


def everywhere(snapshot: Snapshot) -> frozenset[str]:
    """Return all workloads: the fleet speaks of every unit of the application alike."""
    return frozenset(workload.id for workload in snapshot.workloads)


def question_of(spec: FleetSpec) -> PlanRequest:
    """Ask what one fleet of the connection `plant` needs; what the manifest says of the connection is not looked at."""
    connection = ConnectionSpec("any", Kind())
    return PlanRequest(
        manifest=Manifest(
            {"plant": Document("plant", connection, "plant.yaml", lambda _: NOWHERE)},
            {},
            {"fleet": Document("fleet", spec, "fleet.yaml", lambda _: NOWHERE)},
            "digest",
        )
    )


def moves(snapshot: Snapshot, wanted: Callable[[str, str], Any]) -> list[Change]:
    """Return the changes that give slots what `wanted(unit id, workload id)` says; ... leaves a slot alone."""
    changes = []
    for workload in snapshot.workloads:
        for row in range(len(snapshot.units)):
            if not snapshot.units.assignable[row]:
                continue
            state, to = snapshot.state(workload.id, row), wanted(snapshot.units.ids[row], workload.id)
            if to is ... or state.phase in {Phase.UNKNOWN, Phase.PAUSED}:
                continue
            settled = state.phase is not Phase.READY and (to is not None or not state.extra_versions)
            if to == state.assigned and settled:
                continue
            fresh = state.assigned in {None, to}
            verb = Verb.REMOVE if to is None else Verb.RELEASE if fresh else Verb.REPLACE
            changes.append(
                change(snapshot, row, workload.id, verb, state.assigned, to, extra_versions=state.extra_versions)
            )
    return changes


def looked_up(rig: Rig, changes: Sequence[Change]) -> Catalog:
    """Return what the catalogue says of the versions that changes move to."""
    wanted: dict[Release, list[str]] = {}
    for one in changes:
        if one.to is not None:
            wanted.setdefault(Release(one.workload.id, one.to), []).append(one.unit.id)
    return rig.platform.catalog(wanted)


def sendable(rig: Rig, changes: Sequence[Change], snapshot: Snapshot) -> tuple[list[Change], Catalog]:
    """Return the changes that the platform does not hold, and what its catalogue says of their versions."""
    catalog = looked_up(rig, changes)
    held = rig.platform.review(changes, snapshot, catalog).holds
    return [one for position, one in enumerate(changes) if position not in held], catalog


def change(
    snapshot: Snapshot,
    row: int,
    workload: str,
    verb: Verb,
    old: str | None,
    new: str | None,
    extra_versions: tuple[str, ...] = (),
) -> Change:
    """Return one change."""
    ref = next(one.ref for one in snapshot.workloads if one.id == workload)
    return Change(
        unit=snapshot.units.ref(row),
        workload=ref,
        verb=verb,
        from_=old,
        to=new,
        reason=Reason.CHANGE,
        steps=(),
        origin=NOWHERE,
        observed="",
        extra_versions=extra_versions,
    )
