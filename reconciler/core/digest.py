"""Digests: what a slot looked like when it was planned, and what a whole plan says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from reconciler.core.resolve import Resolution
from reconciler.model.change import Change, Held
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.snapshot import Snapshot

LENGTH = 16
FINGERPRINT = 32
"""Hex digits: too many for two plans to be made that share them, few enough to be read in a comment."""

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
        self.names_count = resolution.uses_names
        """Whether the name of a unit is digested: then slots of units with the same tags differ."""
        self._snapshot = snapshot
        self._known: dict[tuple[int, int, bool, str], str] = {}

    def __call__(self, row: int, state: int, *, removal: bool) -> str:
        """Return the digest of a slot, hex."""
        units = self._snapshot.units
        name = units.names[row] if self.names_count else ""
        key = (state, units.labels[row], removal, name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._compute(*key)
        return found

    def _compute(self, state: int, labels: int, removal: bool, name: str) -> str:  # noqa: FBT001 - mirrors its cache key
        seen = self._snapshot.states[state]
        deciding = [pair for pair in self._snapshot.units.label_sets[labels] if pair[0] in self._keys]
        reported = [seen.reported] if removal else []
        covered = [seen.assigned, seen.extra_versions, seen.settings, seen.identity, deciding, name, reported]
        return _hex([msgspec.json.encode(covered)])[:LENGTH]


def fingerprint(plan: Plan) -> str:
    """Return what a plan comes to, in few digits: the same for plans that do the same for the same manifests, whenever made.

    Covered are changes, calls, what is held and by what, violations and what lifts them, and the manifests themselves; not
    when and from where it was made, what it was compared with, nor what units do meanwhile.
    """
    return _hex(_outcome(plan))[:FINGERPRINT]


def _outcome(plan: Plan) -> Iterator[bytes]:
    yield b"[%b,[" % msgspec.json.encode(plan.filters)
    for position, one in enumerate(plan.fleets):
        head = [one.fleet, one.connection, one.basis.target, one.basis.manifest, bool(one.error)]
        lifted = [[_bare(found.violation), found.reason, found.until] for found in one.lifted]
        rest = [[_bare(found) for found in one.violations], lifted, one.basis.versions]
        yield b"%b[%b," % (b"," if position else b"", msgspec.json.encode(head))
        yield from _array([*_slot(each), each.extra_versions, each.settings_from, each.steps] for each in one.changes)
        yield b","
        shared = {id(each.reasons): each.reasons for each in one.held}
        codes = {key: [hold.code for hold in reasons] for key, reasons in shared.items()}
        yield from _array([*_slot(each), each.stage, codes[id(each.reasons)]] for each in one.held)
        yield b","
        yield from _array(one.actions)
        yield b",%b" % msgspec.json.encode(rest)[1:]
    yield b"]]"


def _slot(one: Change | Held) -> list[Any]:
    return [one.unit.id, one.workload.id, one.verb, one.from_, one.to, one.settings, one.size]


def _bare(one: msgspec.Struct) -> list[Any]:
    """Return a value without where it is written: a comment above it moves that."""
    return [getattr(one, name) for name in one.__struct_fields__ if name != "origin"]


def checksum(plan: Plan) -> str:
    """Return the SHA-256 of a plan's canonical JSON without `checksum`."""
    return _hex(_whole(plan))


def _whole(plan: Plan) -> Iterator[bytes]:
    fields = {field: getattr(plan, field) for field in plan.__struct_fields__ if field != "checksum"}
    first, *others = msgspec.json.encode({**fields, "fleets": [HOLE] * len(plan.fleets)}).split(HOLE)
    yield first
    for fleet, piece in zip(plan.fleets, others, strict=True):
        yield from _fleet(fleet)
        yield piece


def _fleet(fleet: FleetPlan) -> Iterator[bytes]:
    values = {field: getattr(fleet, field) for field in fleet.__struct_fields__}
    long = {field: value for field, value in values.items() if isinstance(value, tuple) and len(value) > PART}
    first, *others = msgspec.json.encode(msgspec.structs.replace(fleet, **dict.fromkeys(long, HOLE))).split(HOLE)
    yield first
    for items, piece in zip(long.values(), others, strict=True):
        yield from _array(items)
        yield piece


def _array(items: Iterable[Any]) -> Iterator[bytes]:
    """Yield items as a list in JSON, which is never there as a whole: it may be large."""
    rest, opening = iter(items), b"["
    while some := list(islice(rest, PART)):
        yield opening
        yield msgspec.json.encode(some)[1:-1]
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def sealed(plan: Plan) -> Plan:
    """Return a plan with its fingerprint and checksum."""
    marked = msgspec.structs.replace(plan, fingerprint=fingerprint(plan))
    return msgspec.structs.replace(marked, checksum=checksum(marked))


def _hex(pieces: Iterable[bytes]) -> str:
    found = sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()
