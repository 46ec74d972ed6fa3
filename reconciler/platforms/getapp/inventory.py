"""Devices become units: who they are, what people select them by, whether they can be reached.

Labels come from enrollment and metadata, whose field names are confirmed (agent-cdn/get-cdn-device); that custom fields
stand beside them as scalars is inferred, as are the names the labels bear here: `type` for each token of the device's
type, `platform`, `platformId`, `deliverySource`, `master: "true"` on the master, and every scalar of the metadata under
its own name. What is measured or differs on every device is no label.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from reconciler.model.unit import Labels, Reach, Units, labels_of
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire

NOT_LABELS = frozenset(
    {"battery", "deviceId", "id", "ipAddress", "location", "macAddress", "metadata", "name", "serialNumber"}
    | {"enrollment", "storageAvailable", "urlGetAppServerActive", "urlGetAppServerAvailable", "deviceType", "type"}
)
"""Fields that are measured, unique, or a label under another name."""


class Inventory:
    """The devices of a connection in columns, and what is wrong with their listing, in words.

    Devices that bear the same fields share their labels.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self.unread: dict[str, str] = {}
        """Devices whose labels are not known, and why: nobody can tell which manifests they are in."""
        self._rows: dict[str, int] = {}
        self._names: list[str] = []
        self._labels = array("I")
        self._label_sets: dict[Labels, int] = {}
        self._made: dict[tuple[tuple[str, str], ...], Labels] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, device: str, content: bytes, *, master: bool) -> None:
        """Take a device as it is listed; one whose fields cannot be read keeps its id alone."""
        if device in self._rows:
            self.problems.append(f"device {device} is listed twice")
            return
        pairs = [("master", "true")] if master else []
        try:
            fields = wire.fields(content)
        except msgspec.DecodeError as error:
            self.unread[device] = clean(str(error))
            self._append(device, device, pairs)
            return
        inner, metadata = fields.get("enrollment"), fields.get("metadata")
        enrollment = {**fields, **inner} if isinstance(inner, dict) else fields
        self.notes.update(
            f"device {device} has another type than documented in {name}"
            for name, value in (("enrollment", inner), ("metadata", metadata))
            if value is not None and not isinstance(value, dict)
        )
        pairs += [("type", token) for token in _tokens(enrollment)]
        _scalars(enrollment, pairs)
        name = fields.get("name")
        if isinstance(metadata, dict):
            _scalars(metadata, pairs)
            name = metadata.get("name", name)
        self._append(device, name if isinstance(name, str) and name else device, pairs)

    def units(self) -> Units:
        """Return them as units, disconnected until they are said to be active."""
        ids = sorted(self._rows)
        rows = array("I", (self._rows[one] for one in ids))
        label_sets = sorted(self._label_sets)
        places = {self._label_sets[labels]: place for place, labels in enumerate(label_sets)}
        return Units(
            ids=ids,
            names=[self._names[row] for row in rows],
            labels=array("I", (places[self._labels[row]] for row in rows)),
            label_sets=label_sets,
            reach=bytearray([Reach.DISCONNECTED]) * len(ids),
            assignable=bytearray(b"\x01" * len(ids)),
            agents=array("I", bytes(4 * len(ids))),
            agent_versions=[None],
        )

    def _append(self, device: str, name: str, pairs: list[tuple[str, str]]) -> None:
        key = tuple(pairs)
        labels = self._made.get(key)
        if labels is None:
            labels = self._made[key] = labels_of(set(pairs))
        self._rows[device] = len(self._names)
        self._names.append(name)
        self._labels.append(self._label_sets.setdefault(labels, len(self._label_sets)))


def listing(parts: Iterable[wire.Entries]) -> Inventory:
    """Return the devices of a CDN's listing, which shows the master itself too, confirmed (seed 000)."""
    found = Inventory()
    masters = malformed = unclear = 0
    for part in parts:
        malformed += part.malformed
        unclear += len(part.notes)
        found.notes.update(f"an entry of the devices has another type than documented in {one}" for one in part.notes)
        for entry in part.items:
            masters += entry.is_master
            found.add(entry.device_id, bytes(entry.data), master=entry.is_master)
    if masters > 1 or not (masters or unclear):
        found.problems.append(
            f"the list of devices shows {masters} masters: there is always one, the agent that was asked"
        )
    if malformed:
        found.problems.append(f"{malformed} devices cannot be read: they have no id")
    return found


class Shown(NamedTuple):
    """Which units a listing of devices shows: 1 in their rows. `alien` says that it shows others, too."""

    rows: bytearray
    alien: bool
    master: bool


def shown(index: dict[str, int], parts: Iterable[list[wire.Presence]]) -> Shown:
    """Return which units, by their rows in `index`, a listing shows, and whether a master is among the devices."""
    rows = bytearray(len(index))
    alien = master = False
    for part in parts:
        for one in part:
            row = index.get(one.device_id)
            master |= one.is_master
            if row is None:
                alien = True
            else:
                rows[row] = 1
    return Shown(rows, alien, master)


def id_of(content: bytes) -> str:
    """Return the id of the device that an agent tells of itself; empty where it does not."""
    fields = wire.fields(content)
    inner = fields.get("enrollment")
    enrollment = {**fields, **inner} if isinstance(inner, dict) else fields
    found = enrollment.get("deviceId", enrollment.get("id"))
    return found if isinstance(found, str) else ""


def _tokens(enrollment: dict[str, Any]) -> list[str]:
    """Return the tokens of a device's type: one, or a list of them."""
    given = enrollment.get("deviceType", enrollment.get("type"))
    return [token for token in (given if isinstance(given, list) else [given]) if isinstance(token, str) and token]


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
