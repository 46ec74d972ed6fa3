"""Digests: what a slot looked like when it was planned, and what a whole plan says."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from reconciler.core.resolve import Resolution
from reconciler.model.change import Change, Held
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.snapshot import Snapshot

LENGTH = 16
FINGERPRINT = 32
"""Hex digits: too many for two plans to be made that share them, few enough to be read in a comment."""


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
    """Return what a plan comes to, in few digits: the same for plans that do the same for the same manifests, whenever made.

    Covered are changes, calls, what is held and by what, violations and what lifts them, and the manifests themselves; not
    when and from where it was made, what it was compared with, nor what units do meanwhile.
    """
    return _hex([plan.filters, list(map(_fleet, plan.fleets))])[:FINGERPRINT]


def _fleet(one: FleetPlan) -> list[Any]:
    return [
        [one.fleet, one.connection, one.basis.target, one.basis.manifest, bool(one.error)],
        [[*_slot(change), change.extra_versions, change.settings_from, change.steps] for change in one.changes],
        [[*_slot(held), held.stage, [hold.code for hold in held.reasons]] for held in one.held],
        one.actions,
        [_bare(found) for found in one.violations],
        [[_bare(found.violation), found.reason, found.until] for found in one.lifted],
        one.basis.versions,
    ]


def _slot(one: Change | Held) -> list[Any]:
    return [one.unit.id, one.workload.id, one.verb, one.from_, one.to, one.settings, one.size]


def _bare(one: msgspec.Struct) -> list[Any]:
    """Return a value without where it is written: a comment above it moves that."""
    return [getattr(one, name) for name in one.__struct_fields__ if name != "origin"]


def checksum(plan: Plan) -> str:
    """Return the SHA-256 of a plan's canonical JSON without `checksum`."""
    return _hex({field: getattr(plan, field) for field in plan.__struct_fields__ if field != "checksum"})


def sealed(plan: Plan) -> Plan:
    """Return a plan with its fingerprint and checksum."""
    marked = msgspec.structs.replace(plan, fingerprint=fingerprint(plan))
    return msgspec.structs.replace(marked, checksum=checksum(marked))


def _hex(value: Any) -> str:  # any JSON value
    return sha256(msgspec.json.encode(value)).hexdigest()
