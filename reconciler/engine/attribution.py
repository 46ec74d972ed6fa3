"""Who made the drift of a pass: platforms that can say so are asked, for all slots of a connection together.

Nothing is asked where nothing drifted. Whatever goes wrong leaves the cause unknown, and never fails a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reconciler.engine.plan import PlanResult
from reconciler.errors import PlatformError
from reconciler.model.change import SlotId
from reconciler.model.drift import Actor, DriftCause
from reconciler.model.event import AnyEvent, Drifted
from reconciler.model.snapshot import Snapshot
from reconciler.ports import Attributes, Platform


def attributed(
    events: Sequence[AnyEvent], planned: PlanResult, before: Mapping[str, Snapshot | None]
) -> Iterator[AnyEvent]:
    """Yield events, drift with who made it. `before` is the reading that each fleet was compared with."""
    connections = {fleet.fleet: fleet.connection for fleet in planned.plan.fleets}
    slots: dict[str, dict[SlotId, str | None]] = {}
    earlier: dict[str, Snapshot] = {}
    drifts = [one for one in events if isinstance(one, Drifted) and one.cause is DriftCause.PLATFORM]
    for one in drifts:
        reading = before.get(one.fleet)
        if reading is not None:
            connection = connections[one.fleet]
            slots.setdefault(connection, {})[_slot(one)] = one.now
            earlier.setdefault(connection, reading)
    platforms = {name: one for reader, _ in planned.groups for name, one in reader.platforms.items()}
    actors = {name: _asked(platforms[name], some, earlier[name]) for name, some in slots.items()}
    for event in events:
        if isinstance(event, Drifted) and event.cause is DriftCause.PLATFORM:
            actor = actors.get(connections[event.fleet], {}).get(_slot(event))
            yield event if actor is None else _by(event, actor)
        else:
            yield event


def _asked(platform: Platform, slots: Mapping[SlotId, str | None], before: Snapshot) -> Mapping[SlotId, Actor]:
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
