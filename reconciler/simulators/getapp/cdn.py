"""The CDN master: what it tells of all devices connected to it.

Confirmed (seed 000, agent-cdn/get-cdn-device, get-cdn-release-by-catalog, get-cdn-device-offering), but for the names of
the offering's two booleans, which are inferred.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.fleet import Device
from reconciler.simulators.getapp.payloads import device_payload, offering_payload, row_json
from reconciler.simulators.getapp.refusals import refused
from reconciler.simulators.getapp.rows import Held, Moving

FILTERS = ("active", "inactive", "all")


def devices(call: Call) -> Reply:
    """Enrollment and metadata of the devices; only active ones unless the filter says otherwise."""
    fleet = call.world.fleet
    kind = next(iter(call.values("filter")), "active")
    if kind not in FILTERS:
        raise refused(400, f"query parameter filter must be one of {', '.join(FILTERS)}")
    return json_reply(
        200,
        [
            _entry(call, device, device_payload(fleet, device))
            for device in fleet.chosen(call.values("device_id"))
            if kind == "all" or fleet.active(device) == (kind == "active")
        ],
    )


def offering(call: Call) -> Reply:
    """What each device may take."""
    bypass, updates, fleet = call.flag("bypass_policy"), call.flag("include_updates"), call.world.fleet
    return json_reply(
        200,
        [
            _entry(call, device, offering_payload(fleet, device, bypass_policy=bypass, updates=updates))
            for device in fleet.chosen(call.values("device_id"))
            if fleet.active(device)
        ],
    )


def releases(call: Call) -> Reply:
    """The rows of each device, joined once from JSON that is kept: there may be half a million of them."""
    fleet, encoder = call.world.fleet, _Encoder(call)
    listed = fleet.variants["inactive-releases"] == "empty"
    for device in fleet.chosen(call.values("device_id")):
        if fleet.active(device):
            encoder.add(device, device.rows.values())
        elif listed:
            encoder.add(device, ())
    return encoder.reply()


def release(call: Call) -> Reply:
    """The row of one release on each device that has it; an empty array where none has."""
    fleet, encoder, catalog_id = call.world.fleet, _Encoder(call), call.path["catalog_id"]
    for device in fleet.chosen(call.values("device_id")):
        if catalog_id in device.rows and fleet.active(device):
            encoder.add_one(device, device.rows[catalog_id])
    return encoder.reply()


class _Encoder:
    """Collects the JSON of one answer; devices that began the same at the same time look the same."""

    def __init__(self, call: Call) -> None:
        self.fleet = call.world.fleet
        self.master = self.fleet.master
        self.shape = self.fleet.variants["answer-shape"]
        self._moving: dict[tuple[str, str, float, bool], bytes] = {}
        self._pieces: list[bytes] = []

    def add(self, device: Device, rows: Iterable[Held]) -> None:
        """A device with a list of rows."""
        self._open(device, b"[")
        for number, held in enumerate(rows):
            if number:
                self._pieces.append(b",")
            self._pieces.append(self._row(held))
        self._pieces.append(b"]}")

    def add_one(self, device: Device, held: Held) -> None:
        """A device with one row."""
        self._open(device, b"")
        self._pieces += (self._row(held), b"}")

    def reply(self) -> Reply:
        """The whole array."""
        self._pieces.append(b"]")
        return Reply(200, b"".join(self._pieces) if len(self._pieces) > 1 else b"[]")

    def _open(self, device: Device, bracket: bytes) -> None:
        comma = b"," if self._pieces else b"["
        master = b"true" if device is self.master else b"false"
        self._pieces.append(b'%b{"deviceId":%b,"isMaster":%b,"data":%b' % (comma, device.key, master, bracket))

    def _row(self, held: Held) -> bytes:
        if not isinstance(held, Moving):
            return held.wire or row_json(held, self.shape)
        key = (held.release.id, held.kind, held.started, held.resumed)
        found = self._moving.get(key)
        if found is None:
            found = self._moving[key] = row_json(self.fleet.seen(held), self.shape)
        return found


def _entry(call: Call, device: Device, data: Any) -> dict[str, Any]:
    return {
        "deviceId": device.id,
        "isMaster": device is call.world.fleet.master,
        "data": msgspec.Raw(msgspec.json.encode(data)),
    }
