"""Finding devices: name globs, tag filters, and the advanced query, a small language of JSON.

From the vendor's advancedDeviceQuery schema: `$and`, `$or`, `$nor`, and per field either a value or operators. Lists
hold at most 100 entries.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from reconciler.simulators.exchange import Json
from reconciler.simulators.losant.inventory import Device, Tags, iso
from reconciler.simulators.losant.refusals import malformed

MOST = 100

Test = Callable[[Device], bool]


def _connection(device: Device) -> str:
    return {1: "connected", 0: "disconnected", None: "never"}[device.connected]


def _nothing(_: Device) -> None:
    """What no simulated device has."""


FIELDS: Mapping[str, Callable[[Device], Any]] = {
    "id": lambda device: device.id,
    "name": lambda device: device.name,
    "deviceClass": lambda device: device.device_class,
    "creationDate": lambda device: iso(device.created),
    "lastUpdated": lambda device: iso(device.updated),
    "deletedAt": lambda device: None if device.deleted is None else iso(device.deleted),
    "connectedAt": lambda device: iso(device.connection_time) if device.connected == 1 else None,
    "disconnectedAt": lambda device: iso(device.connection_time) if device.connected == 0 else None,
    "connectionStatus": _connection,
    "gatewayId": _nothing,
    "parentId": _nothing,
    "ancestorId": _nothing,
    "attributeName": _nothing,
    "experienceUserId": _nothing,
    "experienceGroupId": _nothing,
}


def glob(pattern: str) -> re.Pattern[str]:
    """A name filter with `*` and `?`, in any case of letters."""
    return re.compile(translate(pattern), re.IGNORECASE)


def tag_test(entries: Sequence[tuple[str | None, str | None]], combine: str) -> Callable[[Tags], bool]:
    """Whether tags satisfy a filter; an entry with only a key or only a value leaves the other open."""
    gather = all if combine == "and" else any

    def matches(tags: Tags) -> bool:
        return gather(
            any((key is None or key == k) and (value is None or value == v) for k, v in tags) for key, value in entries
        )

    return matches


def compile_query(query: Json) -> Test:
    """A test of devices, of an advanced query. Raises a 400 `Refusal` where the query is none."""
    if not isinstance(query, dict):
        raise malformed("a query must be an object")
    tests = [_clause(key, value) for key, value in query.items()]
    return lambda device: all(test(device) for test in tests)


def _clause(key: str, value: Json) -> Test:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(value, list) or len(value) > MOST:
            raise malformed(f"{key} takes an array of at most {MOST} queries")
        parts = [compile_query(part) for part in value]
        if key == "$and":
            return lambda device: all(part(device) for part in parts)
        return lambda device: any(part(device) for part in parts) == (key == "$or")
    if key == "tags":
        return _tags(value)
    read = FIELDS.get(key)
    if read is None:
        raise malformed(f"{key} is not a field of a device query")
    accepts = _value_test(value)
    return lambda device: accepts(read(device))


def _tags(value: Json) -> Test:
    if value is None:
        return lambda device: not device.tags
    if not isinstance(value, dict) or not value:
        raise malformed("tags takes an object")
    if "$tagKey" in value or "$tagValue" in value:
        key = _tag_part(value.get("$tagKey"))
        val = _tag_part(value.get("$tagValue"))
        return lambda device: any(key(k) and val(v) for k, v in device.tags)
    tests = [_named_tag(name, part) for name, part in value.items()]
    return lambda device: all(test(device) for test in tests)


def _named_tag(name: str, part: Json) -> Test:
    if part is None:
        return lambda device: all(k != name for k, _ in device.tags)
    accepts = _tag_part(part)
    return lambda device: any(k == name and accepts(v) for k, v in device.tags)


def _tag_part(part: Json) -> Callable[[str], bool]:
    if part is None:
        return bool
    if isinstance(part, str):
        return lambda text: text == part
    if isinstance(part, dict) and len(part) == 1 and set(part) <= {"$in", "$nin"}:
        return _value_test(part)
    raise malformed("a tag takes a string, null, or one of $in and $nin")


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda have, want: bool(have == want),
    "$ne": lambda have, want: bool(have != want),
    "$gt": lambda have, want: have is not None and bool(have > want),
    "$lt": lambda have, want: have is not None and bool(have < want),
    "$gte": lambda have, want: have is not None and bool(have >= want),
    "$lte": lambda have, want: have is not None and bool(have <= want),
    "$startsWith": lambda have, want: str(have or "").startswith(want),
    "$endsWith": lambda have, want: str(have or "").endswith(want),
    "$contains": lambda have, want: want in str(have or ""),
    "$in": lambda have, want: have in want,
    "$nin": lambda have, want: have not in want,
}


def _value_test(value: Json) -> Callable[[Any], bool]:
    if not isinstance(value, dict):
        return lambda have: bool(have == value)
    operators = [(name, want) for name, want in value.items() if name != "$ci"]
    for name, want in operators:
        if name not in _OPERATORS:
            raise malformed(f"{name} is not an operator of a device query")
        if name in ("$in", "$nin"):
            if not isinstance(want, list) or len(want) > MOST:
                raise malformed(f"{name} takes an array of at most {MOST} values")
        elif not isinstance(want, str) and not (want is None and name in ("$eq", "$ne")):
            raise malformed(f"{name} takes a string here")
    if not value.get("$ci"):
        return lambda have: all(_OPERATORS[name](have, want) for name, want in operators)
    folded = [(name, _fold(want)) for name, want in operators]
    return lambda have: all(_OPERATORS[name](_fold(have), want) for name, want in folded)


def _fold(value: Json) -> Json:
    if isinstance(value, list):
        return [_fold(part) for part in value]
    return value.casefold() if isinstance(value, str) else value
