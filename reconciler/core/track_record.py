"""What a history and a platform know of the versions of a workload: which of them is a good one to go back to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

from reconciler.model.memory import Memory
from reconciler.model.ruling import RolloutId


class Why(StrEnum):
    """Why a version comes in the place of another."""

    NAMED = "named"
    """A person named it."""
    COMPLETE = "complete"
    """It is the last that every unit which could be reached ran, by the history."""
    SUCCEEDED = "succeeded"
    """It is the last that met the success of a wave, by the history."""
    BEFORE = "before"
    """Git asked for it before; no history knows how it did."""


class NotTaken(StrEnum):
    """Why an earlier version is not gone back to."""

    QUARANTINED = "quarantined"
    HALTED = "halted"
    """Its own rollout was halted."""
    MISSING = "missing"
    """The platform does not have it."""


class Target(msgspec.Struct, frozen=True):
    """A version that comes in the place of another, and why. `at`: since when that is so, in seconds since 1970."""

    version: str
    why: Why
    at: float | None = None


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a history and the platform know of the versions of a workload. Times are in seconds since 1970."""

    complete: Mapping[str, float] = {}
    """When every unit that could be reached first reported a version."""
    proved: Mapping[str, float] = {}
    """When a wave of a version met its success."""
    halted: frozenset[str] = frozenset()
    there: frozenset[str] | None = None
    """The versions that the platform has; None where that is not known."""

    @classmethod
    def of(
        cls, memory: Memory, fleet: str, called: Collection[str], there: frozenset[str] | None = None
    ) -> TrackRecord:
        """Return what is known of the versions of a workload that goes by any of these names or ids."""
        ids = {
            one
            for where, one in memory.workloads
            if where == fleet and (one in called or memory.workloads[where, one] in called)
        }

        def mine(one: RolloutId) -> bool:
            return one.fleet == fleet and one.workload in ids

        met = sorted(((at, one.version) for (one, _), at in memory.met.items() if mine(one)), reverse=True)
        return cls(
            complete={one.version: at for one, at in memory.complete.items() if mine(one)},
            proved={version: at for at, version in met},
            halted=frozenset(one.version for one in memory.halts if mine(one)),
            there=there,
        )

    def against(self, version: str) -> NotTaken | None:
        """Return what speaks against a version."""
        if version in self.halted:
            return NotTaken.HALTED
        return NotTaken.MISSING if self.there is not None and version not in self.there else None

    def ranked(self, version: str) -> Target:
        """Return a version that git asked for before, with what speaks for it."""
        for why, times in ((Why.COMPLETE, self.complete), (Why.SUCCEEDED, self.proved)):
            if version in times:
                return Target(version, why, times[version])
        return Target(version, Why.BEFORE)


NOTHING_KNOWN = TrackRecord()
