"""Digests: what a slot looked like when it was planned, and what a whole plan says."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from reconciler.core.resolve import Resolution
from reconciler.model.plan import Plan
from reconciler.model.snapshot import Snapshot

LENGTH = 16


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
    """Return the SHA-256 of a plan's canonical JSON without `fingerprint`."""
    return _hex({field: getattr(plan, field) for field in plan.__struct_fields__ if field != "fingerprint"})


def _hex(value: Any) -> str:  # any JSON value
    return sha256(msgspec.json.encode(value)).hexdigest()
