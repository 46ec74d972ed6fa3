"""Who assigned a version to devices: the history of an edge deployment says so, confirmed (JS lib/schemas/edgeDeployment.json).

Each entry names its source by a kind (flow, user, device, apiToken, notebook) and an id; names of these are in no collection of
an application. The newest entry about what is desired counts, and only where it says what is desired now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.errors import PlatformError
from reconciler.model.change import SlotId
from reconciler.model.drift import Actor, ActorKind
from reconciler.platforms.answers import clean
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.routes import PAGE, Routes
from reconciler.platforms.losant.translate import time_of
from reconciler.platforms.losant.wire import Log, Row

FEW = 3
"""Up to so many devices of a workflow are asked about one by one; of more, the rows of the workflow that changed last are read."""
REQUESTS = 5
"""Requests at most; what they do not show stays unknown."""
NAME = 100
"""Characters of a name or an id at most."""

KINDS = {
    "user": ActorKind.USER,
    "apiToken": ActorKind.API,
    "flow": ActorKind.WORKFLOW,
    "notebook": ActorKind.NOTEBOOK,
    "device": ActorKind.UNIT,
}


def attributed(routes: Routes, slots: Mapping[SlotId, str | None]) -> dict[SlotId, Actor]:
    """Return who assigned these versions, as far as it can be read: what cannot is missing."""
    found: dict[SlotId, Actor] = {}
    for filters, size in list(_questions(slots))[:REQUESTS]:
        try:
            rows = routes.changed_last(filters, size).items
        except PlatformError:
            break
        for row in rows:
            slot = row.device_id, row.flow_id
            actor = _actor(row) if slot in slots and row.desired_version == slots[slot] else None
            if actor is not None:
                found[slot] = actor
    return found


def _questions(slots: Iterable[SlotId]) -> Iterator[tuple[dict[str, str], int]]:
    """Yield filters of edge deployments with how many rows are asked for, in a fixed order."""
    devices: dict[str, list[str]] = {}
    for device, flow in sorted(slots):
        devices.setdefault(flow, []).append(device)
    for flow, some in devices.items():
        if len(some) > FEW:
            yield {"flowId": flow}, PAGE
        else:
            yield from (({"flowId": flow, "deviceId": device}, 1) for device in some)


def _actor(row: Row) -> Actor | None:
    """Return who made the newest entry of a row about what is desired; None where it is about something else."""
    entries = [
        (at, number, log)
        for number, log in enumerate(wire.logs.each(row.logs, "logs", []))
        if log.change_type == "desired" and (at := time_of(log.date)) is not None
    ]
    if not entries:
        return None
    at, _, newest = max(entries, key=lambda entry: entry[:2])
    return _named(newest, at) if newest.new_value == row.desired_version else None


def _named(log: Log, at: float) -> Actor | None:
    kind, name = KINDS.get(log.source_type), clean(log.source_id, NAME)
    return Actor(name=name, kind=kind, at=at) if kind is not None or name else None
