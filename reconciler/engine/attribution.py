"""Who made the drift of a pass: platforms that can say so are asked, for all slots of a connection together.

Nothing is asked where nothing drifted. Whatever goes wrong leaves the cause unknown, and never fails a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reconciler.core.bind import slot_of
from reconciler.core.digest import sealed
from reconciler.core.unwell import MOST, SAMPLE
from reconciler.engine.plan import PlanResult
from reconciler.errors import PlatformError
from reconciler.model.change import Change, Held, SlotId
from reconciler.model.drift import Actor, ActorKind, DriftCause
from reconciler.model.event import AnyEvent, Drifted
from reconciler.model.plan import Assigned, FleetPlan, Plan
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref
from reconciler.ports import Attributes, Platform


def attributed(
    events: Sequence[AnyEvent], planned: PlanResult, before: Mapping[str, Snapshot | None]
) -> Iterator[AnyEvent]:
    """Yield events, drift with who made it. `before` is the reading that each fleet was compared with."""
    connections = {fleet.fleet: fleet.connection for fleet in planned.plan.fleets}
    slots: dict[str, dict[SlotId, str | None]] = {}
    earlier: dict[str, Snapshot | None] = {}
    drifts = [one for one in events if isinstance(one, Drifted) and one.cause is DriftCause.PLATFORM]
    for one in drifts:
        connection = connections[one.fleet]
        slots.setdefault(connection, {})[_slot(one)] = one.now
        earlier.setdefault(connection, before[one.fleet])
    platforms = {name: one for reader, _ in planned.groups for name, one in reader.platforms.items()}
    actors = {name: _asked(platforms[name], some, earlier[name]) for name, some in slots.items()}
    for event in events:
        if isinstance(event, Drifted) and event.cause is DriftCause.PLATFORM:
            actor = actors.get(connections[event.fleet], {}).get(_slot(event))
            yield event if actor is None else _by(event, actor)
        else:
            yield event


def named(planned: PlanResult) -> Plan:
    """Return a plan with who assigned what it is to change, where platforms say so: for people who read it later."""
    platforms = {name: one for reader, _ in planned.groups for name, one in reader.platforms.items()}
    wanted: dict[str, dict[SlotId, str | None]] = {}
    for fleet in planned.plan.fleets:
        differing = {slot_of(one): one.from_ for one in _intended(fleet)}
        if differing:
            wanted.setdefault(fleet.connection, {}).update(differing)
    actors = {name: _asked(platforms[name], slots, None) for name, slots in wanted.items()}
    fleets = (
        msgspec.structs.replace(one, assigned=tuple(_assigned(one, actors.get(one.connection, {}))))
        for one in planned.plan.fleets
    )
    return sealed(msgspec.structs.replace(planned.plan, fleets=tuple(fleets)))


def _intended(fleet: FleetPlan) -> Iterator[Change | Held]:
    yield from fleet.changes
    yield from (one for one in fleet.held if one.verb is not None)


def _assigned(fleet: FleetPlan, actors: Mapping[SlotId, Actor]) -> list[Assigned]:
    """Return who assigned what differs, most slots first."""
    groups: dict[tuple[Ref, str | None, str, ActorKind | None], list[tuple[Ref, float]]] = {}
    for one in _intended(fleet):
        actor = actors.get(slot_of(one))
        if actor is not None:
            kind = one.workload, one.from_, actor.name, actor.kind
            groups.setdefault(kind, []).append((one.unit, actor.at or 0.0))
    found = [
        Assigned(
            workload=workload,
            version=version,
            slots=len(some),
            units=tuple(unit for unit, _ in some[:SAMPLE]),
            by=by,
            by_kind=kind,
            at=max(at for _, at in some) or None,
        )
        for (workload, version, by, kind), some in groups.items()
    ]
    return sorted(found, key=lambda one: -one.slots)[:MOST]


def _asked(platform: Platform, slots: Mapping[SlotId, str | None], before: Snapshot | None) -> Mapping[SlotId, Actor]:
    if not isinstance(platform, Attributes):
        return {}
    try:
        return platform.attribute(slots, before)
    except PlatformError:
        return {}


def _slot(event: Drifted) -> SlotId:
    return event.unit.id, event.workload.id


def _by(event: Drifted, actor: Actor) -> Drifted:
    return msgspec.structs.replace(event, by=actor.name, by_kind=actor.kind, changed_at=actor.at)
