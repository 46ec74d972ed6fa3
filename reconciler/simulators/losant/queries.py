"""Finding devices: name globs, tag filters, and the advanced query, a small language of JSON.

From the vendor's advancedDeviceQuery schema, of which this is the part that finds devices by what identifies them: `$and`,
`$or`, `$nor`, and per field either a value or operators.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from reconciler.simulators.exchange import Json
from reconciler.simulators.losant.access import malformed
from reconciler.simulators.losant.inventory import Device, Tags

Test = Callable[[Device], bool]

FIELDS: Mapping[str, Callable[[Device], str]] = {
    "id": lambda device: device.id,
    "name": lambda device: device.name,
    "deviceClass": lambda device: device.device_class,
    "connectionStatus": lambda device: {1: "connected", 0: "disconnected", None: "never"}[device.connected],
}

_OPERATORS: Mapping[str, Callable[[str, Any], bool]] = {
    "$eq": lambda have, want: bool(have == want),
    "$ne": lambda have, want: bool(have != want),
    "$startsWith": lambda have, want: have.startswith(want),
    "$endsWith": lambda have, want: have.endswith(want),
    "$contains": lambda have, want: want in have,
    "$in": lambda have, want: have in want,
    "$nin": lambda have, want: have not in want,
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
        if not isinstance(value, list):
            raise malformed(f"{key} takes an array of queries")
        parts = [compile_query(part) for part in value]
        if key == "$and":
            return lambda device: all(part(device) for part in parts)
        return lambda device: any(part(device) for part in parts) == (key == "$or")
    if key == "tags" and isinstance(value, dict):
        tests = {name: _value_test(part) for name, part in value.items()}
        return lambda device: all(any(k == name and test(v) for k, v in device.tags) for name, test in tests.items())
    read = FIELDS.get(key)
    if read is None:
        raise malformed(f"{key} is not a field of a device query, or not one with this value")
    accepts = _value_test(value)
    return lambda device: accepts(read(device))


def _value_test(value: Json) -> Callable[[str], bool]:
    wanted = value if isinstance(value, dict) else {"$eq": value}
    for name, want in wanted.items():
        if name not in _OPERATORS:
            raise malformed(f"{name} is not an operator of a device query")
        if not isinstance(want, list if name in ("$in", "$nin") else str):
            raise malformed(f"{name} does not take this")
    return lambda have: all(_OPERATORS[name](have, want) for name, want in wanted.items())
