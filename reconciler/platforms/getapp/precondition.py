"""Whether a step may still go: a last look at its release, right before the step is sent.

A release may install itself as soon as it is downloaded, and people work on devices: state is to be read again before
each action (inferred, section 6). One request a call, more where one address cannot name its devices: the master shows
one release on several devices (confirmed, agent-cdn/get-cdn-release-by-catalog), an agent shows one on its own
(confirmed, seed 001). Where the look itself fails, the reading that the plan was made from, a minute old at most, has to
do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from reconciler.errors import NotFound, PlatformError
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.routes import Routes, parts
from reconciler.platforms.getapp.stages import Halt, Stage, stage_of, unknown_value
from reconciler.platforms.getapp.steps import CANCEL, DELETE, DELIVER, DEPLOY, PUSH, UNINSTALL

UNDER_WAY = frozenset({Stage.DELIVERING, Stage.DEPLOYING, Stage.UNINSTALLING})
GONE = frozenset({Stage.UNINSTALLED, Stage.DELETED})

POINTLESS: Mapping[str, frozenset[Stage]] = {
    PUSH: frozenset({Stage.DOWNLOADED, Stage.INSTALLED}) | UNDER_WAY,
    DELIVER: frozenset({Stage.DOWNLOADED, Stage.INSTALLED}) | UNDER_WAY,
    DEPLOY: frozenset({Stage.INSTALLED}) | UNDER_WAY | GONE,
    CANCEL: frozenset({Stage.DOWNLOADED, Stage.INSTALLED, Stage.UNINSTALLING}) | GONE,
    UNINSTALL: frozenset({Stage.UNINSTALLING}) | GONE,
    DELETE: frozenset({Stage.DEPLOYING, Stage.INSTALLED, Stage.UNINSTALLING, Stage.DELETED}),
}
"""Stages in which a step is done already, or was overtaken by another one."""

STARTS = frozenset({PUSH, DELIVER, DEPLOY})
"""Steps that a person's Pause or Cancel forbids."""


def precondition_failure(routes: Routes, step: str, catalog_id: str, devices: Sequence[str], *, fleet: bool) -> str:
    """Return why a step must not go as planned, naming a device; empty where it may."""
    try:
        rows = _of_fleet(routes, catalog_id, devices) if fleet else _of_agent(routes, catalog_id, devices[0])
    except PlatformError:
        return ""
    for device in devices:
        row = rows.get(device)
        where = device or "the agent's own device"
        if row is None:
            continue
        if unknown_value(row):
            return f"{where} shows {catalog_id} in a state that this program does not know: {unknown_value(row)}"
        stage, halt = stage_of(row)
        if stage in POINTLESS[step]:
            return f"{catalog_id} on {where} is {stage} by now"
        if step in STARTS and halt in {Halt.PAUSED, Halt.CANCELLED}:
            return f"{catalog_id} on {where} was {halt} by a person"
    return ""


def _of_fleet(routes: Routes, catalog_id: str, devices: Sequence[str]) -> dict[str, wire.Row]:
    rows: dict[str, wire.Row] = {}
    for entry in (one for part in parts(devices) for one in routes.fleet_release(catalog_id, part).items):
        try:
            rows[entry.device_id] = wire.row(entry.data)
        except msgspec.ValidationError:
            continue
    return rows


def _of_agent(routes: Routes, catalog_id: str, device: str) -> dict[str, wire.Row]:
    """Return the row of an agent's own device; none where it has not got so far, which a 404 says (confirmed, seed 001)."""
    try:
        return {device: routes.release(catalog_id)}
    except NotFound:
        return {}
