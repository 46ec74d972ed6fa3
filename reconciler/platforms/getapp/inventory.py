"""Devices become units: who they are, what people select them by, whether they can be reached.

Labels come from enrollment and metadata, whose field names are confirmed (agent-cdn/get-cdn-device); that custom fields
stand beside them as scalars is inferred, as are the names the labels bear here: `type` for each token of the device's
type, `platform`, `platformId`, `deliverySource`, `master: "true"` on the master, and every scalar of the metadata under
its own name. What is measured or differs on every device is no label.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from reconciler.model.unit import Labels, Reach, Unit, Units, labels_of
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire

NOT_LABELS = frozenset(
    {"battery", "deviceId", "id", "ipAddress", "location", "macAddress", "metadata", "name", "serialNumber"}
    | {"enrollment", "storageAvailable", "urlGetAppServerActive", "urlGetAppServerAvailable", "deviceType", "type"}
)
"""Fields that are measured, unique, or told otherwise."""


class Device(NamedTuple):
    """One device as it was told. `kind` is what offerings depend on: type and platform."""

    id: str
    name: str
    labels: Labels
    kind: str
    odd: str = ""


class Inventory(NamedTuple):
    """The devices of a connection, and what is odd about the listing, in words."""

    devices: dict[str, Device]
    problems: tuple[str, ...] = ()

    def units(self, active: frozenset[str]) -> Units:
        """Return them as units; active ones are connected: they reported within 24 hours, confirmed (cdn-configure.md)."""
        return Units.build(
            Unit(
                row=0,
                id=device.id,
                name=device.name,
                labels=device.labels,
                reach=Reach.CONNECTED if device.id in active else Reach.DISCONNECTED,
                size=1,
                agent=None,
                assignable=True,
            )
            for device in self.devices.values()
        )

    def samples(self, active: frozenset[str]) -> list[str]:
        """Return one active device of each kind: what they are offered, all of their kind are (inferred)."""
        kinds: dict[str, str] = {}
        for device in sorted(self.devices.values()):
            if device.id in active:
                kinds.setdefault(device.kind, device.id)
        return sorted(kinds.values())


def inventory(entries: wire.Entries) -> Inventory:
    """Return the devices of a CDN's listing, which shows the master itself too, confirmed (seed 000)."""
    devices: dict[str, Device] = {}
    problems = []
    for entry in entries.items:
        device = device_of(entry.device_id, bytes(entry.data), master=entry.is_master)
        if device.odd:
            problems.append(f"device {device.id} has an unexpected value: {device.odd}")
        if device.id in devices:
            problems.append(f"device {device.id} is listed twice")
        devices[device.id] = device
    masters = sum(entry.is_master for entry in entries.items)
    if masters != 1:
        problems.append(f"the list of devices shows {masters} masters: there is always one, the agent that was asked")
    if entries.odd:
        problems.append(f"{entries.odd} devices cannot be read: they have no id")
    return Inventory(devices, tuple(problems))


def device_of(device_id: str, content: bytes, *, master: bool) -> Device:
    """Return a device; one whose fields cannot be read keeps its id alone."""
    pairs = [("master", "true")] if master else []
    try:
        fields = wire.fields(content)
    except msgspec.DecodeError as error:
        return Device(device_id, device_id, labels_of(pairs), "", clean(str(error)))
    metadata = _inside(fields, "metadata")
    enrollment = fields | _inside(fields, "enrollment")
    pairs += [("type", token) for token in _tokens(enrollment)]
    pairs += [pair for source in (enrollment, metadata) for pair in _scalars(source)]
    name = metadata.get("name", fields.get("name"))
    kind = repr((sorted(_tokens(enrollment)), str(enrollment.get("platform"))))
    return Device(device_id, name if isinstance(name, str) and name else device_id, labels_of(set(pairs)), kind)


def id_of(content: bytes) -> str:
    """Return the id of the device that an agent tells of itself; empty where it does not."""
    fields = wire.fields(content)
    enrollment = fields | _inside(fields, "enrollment")
    found = enrollment.get("deviceId", enrollment.get("id"))
    return found if isinstance(found, str) else ""


def _inside(fields: dict[str, Any], name: str) -> dict[str, Any]:
    inner = fields.get(name)
    return inner if isinstance(inner, dict) else {}


def _tokens(enrollment: dict[str, Any]) -> list[str]:
    """Return the tokens of a device's type: one, or a list of them."""
    told = enrollment.get("deviceType", enrollment.get("type"))
    return [token for token in (told if isinstance(told, list) else [told]) if isinstance(token, str) and token]


def _scalars(source: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in source.items():
        if key in NOT_LABELS or value is None or isinstance(value, list | dict | float):
            continue
        yield key, str(value).lower() if isinstance(value, bool) else str(value)
