"""Devices become units: who they are, what people select them by, whether they can be reached.

Labels come from enrollment and metadata, whose field names are confirmed (agent-cdn/get-cdn-device); that custom fields
stand beside them as scalars is inferred, as are the names the labels bear here: `type` for each token of the device's
type, `platform`, `platformId`, `deliverySource`, `master: "true"` on the master, and every scalar of the metadata under
its own name. What is measured or differs on every device is no label.
"""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import msgspec

from reconciler.model.unit import Labels, Reach, Units, labels_of
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire

NOT_LABELS = frozenset(
    {"battery", "deviceId", "id", "ipAddress", "location", "macAddress", "metadata", "name", "serialNumber"}
    | {"enrollment", "storageAvailable", "urlGetAppServerActive", "urlGetAppServerAvailable", "deviceType", "type"}
)
"""Fields that are measured, unique, or told otherwise."""


class Device(NamedTuple):
    """One device as it was told. `kind` is what offerings depend on: platform and type tokens."""

    id: str
    name: str
    labels: Labels
    kind: tuple[str, ...]
    odd: str = ""


class Inventory(NamedTuple):
    """The devices of a connection, and what is odd about the listing, in words."""

    devices: dict[str, Device]
    problems: tuple[str, ...] = ()

    def units(self, active: frozenset[str]) -> Units:
        """Return them as units; active ones are connected: they reported within 24 hours, confirmed (cdn-configure.md)."""
        ids = sorted(self.devices)
        devices = [self.devices[one] for one in ids]
        label_sets = sorted({device.labels for device in devices})
        places = {labels: place for place, labels in enumerate(label_sets)}
        return Units(
            ids=ids,
            names=[device.name for device in devices],
            labels=array("I", [places[device.labels] for device in devices]),
            label_sets=label_sets,
            reach=bytearray(Reach.CONNECTED if one in active else Reach.DISCONNECTED for one in ids),
            assignable=bytearray(b"\x01" * len(ids)),
            agents=array("I", bytes(4 * len(ids))),
            agent_versions=[None],
        )

    def samples(self, active: frozenset[str]) -> list[str]:
        """Return one active device of each kind: what they are offered, all of their kind are (inferred)."""
        kinds: dict[tuple[str, ...], str] = {}
        for one in sorted(active & self.devices.keys()):
            kinds.setdefault(self.devices[one].kind, one)
        return sorted(kinds.values())


class Inventories:
    """Reads devices; those that bear the same fields share their labels."""

    def __init__(self) -> None:
        """Start empty."""
        self._labels: dict[tuple[tuple[str, str], ...], Labels] = {}

    def listing(self, entries: wire.Entries) -> Inventory:
        """Return the devices of a CDN's listing, which shows the master itself too, confirmed (seed 000)."""
        devices: dict[str, Device] = {}
        problems = []
        for entry in entries.items:
            device = self.device(entry.device_id, bytes(entry.data), master=entry.is_master)
            if device.odd:
                problems.append(f"device {device.id} has an unexpected value: {device.odd}")
            if device.id in devices:
                problems.append(f"device {device.id} is listed twice")
            devices[device.id] = device
        masters = sum(entry.is_master for entry in entries.items)
        if masters != 1:
            problems.append(
                f"the list of devices shows {masters} masters: there is always one, the agent that was asked"
            )
        if entries.odd:
            problems.append(f"{entries.odd} devices cannot be read: they have no id")
        return Inventory(devices, tuple(problems))

    def device(self, device_id: str, content: bytes, *, master: bool) -> Device:
        """Return a device; one whose fields cannot be read keeps its id alone."""
        pairs = [("master", "true")] if master else []
        try:
            fields = wire.fields(content)
        except msgspec.DecodeError as error:
            return Device(device_id, device_id, labels_of(pairs), (), clean(str(error)))
        inner, metadata = fields.get("enrollment"), fields.get("metadata")
        enrollment = {**fields, **inner} if isinstance(inner, dict) else fields
        tokens = _tokens(enrollment)
        pairs += [("type", token) for token in tokens]
        _scalars(enrollment, pairs)
        name = fields.get("name")
        if isinstance(metadata, dict):
            _scalars(metadata, pairs)
            name = metadata.get("name", name)
        key = tuple(pairs)
        labels = self._labels.get(key)
        if labels is None:
            labels = self._labels[key] = labels_of(set(pairs))
        kind = (str(enrollment.get("platform")), *tokens)
        return Device(device_id, name if isinstance(name, str) and name else device_id, labels, kind)


def id_of(content: bytes) -> str:
    """Return the id of the device that an agent tells of itself; empty where it does not."""
    fields = wire.fields(content)
    inner = fields.get("enrollment")
    enrollment = {**fields, **inner} if isinstance(inner, dict) else fields
    found = enrollment.get("deviceId", enrollment.get("id"))
    return found if isinstance(found, str) else ""


def _tokens(enrollment: dict[str, Any]) -> list[str]:
    """Return the tokens of a device's type: one, or a list of them."""
    told = enrollment.get("deviceType", enrollment.get("type"))
    return [token for token in (told if isinstance(told, list) else [told]) if isinstance(token, str) and token]


def _scalars(source: dict[str, Any], pairs: list[tuple[str, str]]) -> None:
    """Add the fields that can be labels. The loop runs once a field of every device."""
    for key, value in source.items():
        if key in NOT_LABELS:
            continue
        if isinstance(value, str):
            pairs.append((key, value))
        elif isinstance(value, bool):
            pairs.append((key, "true" if value else "false"))
        elif isinstance(value, int):
            pairs.append((key, str(value)))
