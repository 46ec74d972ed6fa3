"""Advanced queries of devices: the keys and comparisons of the vendor's schema that clients ask with.

Confirmed: JS lib/schemas/advancedDeviceQuery.json. That a date is compared with one in ISO 8601 is inferred.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any

import msgspec

from reconciler.simulators.losant.access import malformed
from reconciler.simulators.losant.inventory import Device

Test = Callable[[Device], bool]

GATHER: dict[str, Callable[[list[bool]], bool]] = {"$and": all, "$or": any, "$nor": lambda found: not any(found)}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
DATES: dict[str, Callable[[Device], int | None]] = {
    "creationDate": lambda device: device.created,
    "lastUpdated": lambda device: device.updated,
    "deletedAt": lambda device: device.deleted,
    "connectedAt": lambda device: device.connection_time if device.connected == 1 else None,
    "disconnectedAt": lambda device: device.connection_time if device.connected == 0 else None,
}
"""Dates of a device in milliseconds since 1970."""


def matching(text: str) -> Test:
    """What a query means. Raises `Refusal` for what is no query, and for a key that is not simulated."""
    try:
        return _test(msgspec.json.decode(text, type=dict[str, Any]))
    except (msgspec.MsgspecError, ValueError, TypeError, AttributeError) as error:
        raise malformed(f"query parameter query: {error}") from None


def _test(query: dict[str, Any]) -> Test:
    parts = [_part(key, value) for key, value in query.items()]
    return lambda device: all(part(device) for part in parts)


def _part(key: str, value: Any) -> Test:
    if key in GATHER:
        gather, inner = GATHER[key], [_test(one) for one in value]
        return lambda device: gather([one(device) for one in inner])
    if key == "id" and isinstance(value, str):
        return lambda device: device.id == value
    if key in DATES:
        return _dated(DATES[key], value)
    raise malformed(f"query parameter query: {key} is not simulated")


def _dated(of: Callable[[Device], int | None], value: dict[str, str]) -> Test:
    bounds = [(COMPARE[name], _milliseconds(text)) for name, text in value.items() if name in COMPARE]
    if len(bounds) != len(value):
        raise malformed("query parameter query: a date is compared with $gt, $gte, $lt or $lte")

    def test(device: Device) -> bool:
        at = of(device)
        return at is not None and all(compare(at, bound) for compare, bound in bounds)

    return test


def _milliseconds(text: str) -> int:
    found = datetime.fromisoformat(text)
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
