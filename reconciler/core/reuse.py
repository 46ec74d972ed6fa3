"""What need not be worked out again where a reading shows what the one before it showed.

That is what no time enters: which rule decides each slot, and how many slots of each kind there are. What they mean, what
holds them and what is said of them follows anew in every pass, for all of that may depend on the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

import msgspec

from reconciler.core.judge import Judged, Patience, judge, judged_anew
from reconciler.core.mistakes import Mistakes
from reconciler.core.resolve import Channels, Column, Resolution, resolve
from reconciler.model.fleet import Document
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Units


class Before(msgspec.Struct):
    """One connection as it was assessed before. Nothing is decided by it: without it the same comes out, later."""

    snapshot: Snapshot
    channels: Channels
    resolutions: Sequence[Resolution]
    mistakes: Mistakes
    judged: Mapping[str, Sequence[Judged]]
    """By fleet: all its workloads."""


def resolutions(
    documents: Sequence[Document], channels: Channels, snapshot: Snapshot, before: Before | None
) -> tuple[list[Resolution], Mistakes]:
    """Return what fleets say of an inventory, and their mistakes."""
    units = snapshot.units
    known = _known(channels, snapshot, before)
    found = [_resolution(one, known) or resolve(one, channels, units, snapshot.workloads) for one in documents]
    same = before is not None and len(found) == len(before.resolutions) and not before.mistakes
    if before is not None and same and all(map(_one, found, before.resolutions)):
        return found, before.mistakes
    return found, Mistakes(found, units)


def _known(channels: Channels, snapshot: Snapshot, before: Before | None) -> dict[str, Resolution]:
    """Return the resolutions of before, by fleet, where they are of this inventory."""
    if before is None or before.channels != channels or before.snapshot.workloads != snapshot.workloads:
        return {}
    if not _same_units(before.snapshot.units, snapshot.units):
        return {}
    return {one.document.name: one for one in before.resolutions}


def _same_units(old: Units, new: Units) -> bool:
    """Return whether units differ at most in how they are reached, and in their agents."""
    return (
        old.ids is new.ids
        and old.names is new.names
        and old.labels is new.labels
        and old.label_sets is new.label_sets
        and old.assignable is new.assignable
        and old.sizes is new.sizes
    )


def _resolution(document: Document, known: Mapping[str, Resolution]) -> Resolution | None:
    """Return what is known of a fleet that says the same, maybe in other lines: what names lines is found again."""
    old = known.get(document.name)
    if old is None or old.warnings or old.mistakes or old.document.spec != document.spec:
        return None
    found = copy(old)
    found.document = document
    return found


def _one(found: Resolution, old: Resolution) -> bool:
    """Return whether one was taken from the other."""
    return found.columns is old.columns


def rejudged(
    fleet: str, columns: Sequence[Column], snapshot: Snapshot, patience: Patience, before: Before | None
) -> list[Judged]:
    """Return the workloads of a fleet, judged: those of which nothing is other than before by what was counted then."""
    known = {} if before is None else {id(one.column): one for one in before.judged.get(fleet, ())}
    found: list[Judged] = []
    for column in columns:
        old = known.get(id(column))
        again = before is None or old is None or not _same_states(column.workload.id, before.snapshot, snapshot)
        found.append(
            judge(column, snapshot, patience) if again or old is None else judged_anew(old, snapshot, patience)
        )
    return found


def _same_states(workload: str, old: Snapshot, new: Snapshot) -> bool:
    """Return whether all slots of a workload have the state that they had, under the number that it had."""
    same = workload in old.columns and old.columns[workload] is new.columns.get(workload)
    return same and old.units.reach is new.units.reach and numbered_alike(old, new)


def numbered_alike(old: Snapshot, new: Snapshot) -> bool:
    """Return whether a number means the same state in both readings; the later one may have further states."""
    return new.states is old.states or new.states[: len(old.states)] == old.states
