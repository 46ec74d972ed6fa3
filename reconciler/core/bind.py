"""A saved plan is an upper bound: what of it may still go, judged slot by slot against today (rule 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.ending import detail_of, result_of
from reconciler.core.judge import verdict
from reconciler.model.change import Change, Held, SlotId
from reconciler.model.condition import Condition
from reconciler.model.desired import UNMANAGED, Desired, Want
from reconciler.model.hold import Hold
from reconciler.model.observation import Phase
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

P = TypeVar("P", bound=Change | Held)
"""A change that a plan has: one that goes, or one of a later stage."""


class Dropped(msgspec.Struct, Generic[P], frozen=True):
    """Why a change of the saved plan does not go: what became of it, in a word, and in a sentence or the holds."""

    change: P
    result: Result
    detail: str = ""
    holds: tuple[Hold, ...] = ()
    conditions: tuple[Condition, ...] = ()


class Bound(msgspec.Struct, frozen=True):
    """The changes that still go (as of today) and those that do not."""

    going: tuple[Change, ...]
    settled: tuple[Dropped[Change], ...]


Versions = Sequence[tuple[str, str, str]]
"""(workload id, version, identity on the platform) of versions, as a plan's basis has them."""


def bind(saved: Sequence[Change], versions: Versions, today: FleetPlan, assessment: FleetAssessment) -> Bound:
    """Hold saved changes against today's plan of the same fleet.

    `versions` are the identities recorded when the changes were planned. A change goes only if today's manifests give
    the slot the same version, nothing holds it, the slot and the version are as they were.
    """
    changes = {slot_of(change): change for change in today.changes}
    held = {slot_of(one): one for one in today.held}
    overwritten = overwritten_since(identities(versions), today)
    found = [
        bind_one(change, changes.get(slot_of(change)), held.get(slot_of(change)), overwritten, assessment)
        for change in saved
    ]
    return Bound(
        going=tuple(one for one in found if isinstance(one, Change)),
        settled=tuple(one for one in found if isinstance(one, Dropped)),
    )


def bind_one(
    change: Change,
    fresh: Change | None,
    held: Held | None,
    overwritten: set[tuple[str, str]],
    assessment: FleetAssessment,
) -> Change | Dropped[Change]:
    """Return a planned change as it is today, or why it does not go. `fresh` and `held` are what today's plan has."""
    if fresh is None:
        return gone(change, held, assessment)
    why = stale_because(change, fresh, overwritten)
    return fresh if why is None else Dropped(change, Result.STALE, why)


def bind_staged(
    saved: Sequence[Held], versions: Versions, today: FleetPlan, assessment: FleetAssessment
) -> tuple[list[Held], list[Dropped[Held]]]:
    """Hold what a plan puts in later stages against today's plan: what still waits for its turn, and what does not."""
    entries: dict[SlotId, Change | Held] = {slot_of(one): one for one in today.held}
    entries |= {slot_of(one): one for one in today.changes}
    overwritten = overwritten_since(identities(versions), today)
    waiting: list[Held] = []
    settled: list[Dropped[Held]] = []
    for one in saved:
        fresh = entries.get(slot_of(one))
        if fresh is None:
            settled.append(gone(one, None, assessment))
        elif (why := stale_because(one, fresh, overwritten)) is not None:
            settled.append(Dropped(one, Result.STALE, why))
        else:
            waiting.append(one)
    return waiting, settled


def identities(versions: Versions) -> dict[tuple[str, str], str]:
    """Return the content identity of versions, by (workload id, version)."""
    return {(workload, version): identity for workload, version, identity in versions}


def overwritten_since(then: Mapping[tuple[str, str], str], today: FleetPlan) -> set[tuple[str, str]]:
    """Return the versions (workload id, version) whose content is not what these identities say."""
    now = identities(today.basis.versions)
    return {key for key, identity in then.items() if key in now and now[key] != identity}


def slot_of(one: Change | Held) -> SlotId:
    """Return which slot a change is about."""
    return one.unit.id, one.workload.id


def stale_because(change: Change | Held, fresh: Change | Held, overwritten: set[tuple[str, str]]) -> str | None:
    """Return why a planned change is not today's any more; None where it is."""
    if (fresh.to, fresh.settings) != (change.to, change.settings):
        return f"the manifests now ask for {fresh.to or 'absent'} here"
    if (why := content_changed(change, overwritten)) is not None:
        return why
    if fresh.verb is change.verb and fresh.observed == change.observed:
        return None
    if not (isinstance(change, Change) and isinstance(fresh, Change) and _goes_on(change, fresh)):
        return _changed(change, fresh)
    return None


def _changed(change: Change | Held, fresh: Change | Held) -> str:
    """Say what is no longer as it was of a slot: what is assigned, or what else the plan rests on."""
    if change.from_ == fresh.from_:
        still = f"{change.from_ or 'nothing'} is still assigned"
        return f"{still}, but what else the slot had, or the labels and names that decide it, changed since the plan was made"
    return f"the slot changed since the plan was made: {change.from_ or 'nothing'} was assigned, now {fresh.from_ or 'nothing'}"


def content_changed(change: Change | Held, overwritten: set[tuple[str, str]]) -> str | None:
    """Return that the version of a planned change has other content now; None where it has not."""
    if change.to is None or (change.workload.id, change.to) not in overwritten:
        return None
    return f"the content of {change.workload.name} {change.to} was overwritten since the plan was made"


def _goes_on(change: Change, fresh: Change) -> bool:
    return len(change.steps) > 1 and on_the_way(change, fresh)


def on_the_way(change: Change, fresh: Change) -> bool:
    """Return whether a slot is between what a change found and what it leads to: nothing there came from elsewhere.

    Further steps of a change belong to it while this holds.
    """
    found = {change.from_, *change.extra_versions} - {None}
    now = {fresh.from_, *fresh.extra_versions} - {None}
    arrived = change.to is None or change.to in now
    return (fresh.to, fresh.settings) == (change.to, change.settings) and arrived and now <= found | {change.to}


def gone(change: P, held: Held | None, assessment: FleetAssessment) -> Dropped[P]:
    """Say what became of a change that today's plan does not have."""
    snapshot = assessment.snapshot
    unknown = f"held: the state of the slot is unknown: {'; '.join(snapshot.coverage.problems)}"
    row = snapshot.units.index.get(change.unit.id)
    if row is None and not snapshot.coverage.complete:
        return Dropped(change, Result.NOT_TRIED, unknown)
    if row is None:
        return Dropped(change, Result.STALE, "the unit is gone")
    column = assessment.resolution.columns.get(change.workload.id)
    if column is None and not snapshot.coverage.complete:
        return Dropped(change, Result.NOT_TRIED, unknown)
    if column is None and (why := dict(assessment.resolution.missing).get(change.workload.name)):
        return Dropped(change, Result.STALE, why)
    desired = column.rule(row).value if column is not None else UNMANAGED
    if desired.want is Want.UNMANAGED or (desired.version, desired.settings) != (change.to, change.settings):
        return Dropped(change, Result.STALE, f"the manifests now ask for {desired} here")
    if held is not None:
        return Dropped(change, Result.NOT_TRIED, "", held.reasons)
    if row not in assessment.reach or not assessment.filters.workload(assessment.resolution.names(change.workload)):
        return Dropped(change, Result.NOT_TRIED, f"excluded by {assessment.filters.words}")
    if snapshot.state(change.workload.id, row).phase is Phase.UNKNOWN:
        return Dropped(change, Result.NOT_TRIED, unknown)
    return _already(change, desired, row, assessment)


def _already(change: P, desired: Desired, row: int, assessment: FleetAssessment) -> Dropped[P]:
    """Say how a slot fares that is assigned what the change asks for: that alone is no success."""
    snapshot = assessment.snapshot
    state, reach = snapshot.state(change.workload.id, row), Reach(snapshot.units.reach[row])
    found = verdict(desired, state, reach, assessment.patience)
    result = result_of(found, state, reach)
    detail = detail_of(found, state)
    if result is Result.DONE:
        detail = detail or "already as desired"
    if result is None:
        already = "already removed on the platform" if change.to is None else "already assigned"
        stuck = ", for longer than its deadline" if found is Verdict.STUCK else ""
        return Dropped(change, Result.WAITING, f"{already}; the unit is still on its way{stuck}")
    return Dropped(change, result, detail, conditions=state.conditions)
