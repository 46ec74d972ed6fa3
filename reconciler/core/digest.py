"""Digests: what a slot looked like when it was planned, and what a whole plan says."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from reconciler.core.resolve import Resolution
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.snapshot import Snapshot

LENGTH = 16

PART = 1000
"""Items of a list that are written at once."""
HOLE = msgspec.Raw(b"\0")
"""Stands in JSON where something is left out: JSON has no such byte."""


class SlotDigest:
    """Digests of the slots of one fleet; slots that agree in all that is digested share one computation.

    Digested are assigned, others, settings, content identity and the labels that decide; for removals also reported.
    """

    def __init__(self, resolution: Resolution, snapshot: Snapshot) -> None:
        self._keys = resolution.label_keys
        self._by_name = resolution.uses_names
        self._snapshot = snapshot
        self._known: dict[tuple[int, int, bool, str], str] = {}

    def __call__(self, row: int, state: int, *, removal: bool) -> str:
        """Return the digest of a slot, hex."""
        units = self._snapshot.units
        name = units.names[row] if self._by_name else ""
        key = (state, units.labels[row], removal, name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._compute(*key)
        return found

    def _compute(self, state: int, labels: int, removal: bool, name: str) -> str:  # noqa: FBT001 - mirrors its cache key
        seen = self._snapshot.states[state]
        deciding = [pair for pair in self._snapshot.units.label_sets[labels] if pair[0] in self._keys]
        reported = [seen.reported] if removal else []
        return _hex([seen.assigned, seen.extra_versions, seen.settings, seen.identity, deciding, name, reported])[
            :LENGTH
        ]


def fingerprint(plan: Plan) -> str:
    """Return the SHA-256 of a plan's canonical JSON without `fingerprint`. It is never there as a whole: it may be large."""
    found = sha256()
    for piece in _pieces(plan):
        found.update(piece)
    return found.hexdigest()


def _pieces(plan: Plan) -> Iterator[bytes]:
    fields = {field: getattr(plan, field) for field in plan.__struct_fields__ if field != "fingerprint"}
    first, *others = msgspec.json.encode({**fields, "fleets": [HOLE] * len(plan.fleets)}).split(HOLE)
    yield first
    for fleet, piece in zip(plan.fleets, others, strict=True):
        yield from _fleet(fleet)
        yield piece


def _fleet(fleet: FleetPlan) -> Iterator[bytes]:
    values = {field: getattr(fleet, field) for field in fleet.__struct_fields__}
    long = {field: value for field, value in values.items() if isinstance(value, tuple) and len(value) > PART}
    first, *others = msgspec.json.encode(msgspec.structs.replace(fleet, **dict.fromkeys(long, (HOLE,)))).split(HOLE)
    yield first
    for items, piece in zip(long.values(), others, strict=True):
        for start in range(0, len(items), PART):
            yield b"," if start else b""
            yield msgspec.json.encode(items[start : start + PART])[1:-1]
        yield piece


def _hex(value: Any) -> str:  # any JSON value
    return sha256(msgspec.json.encode(value)).hexdigest()
