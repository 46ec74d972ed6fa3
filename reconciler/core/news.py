"""What is new of a fleet since the last pass of a watch: each thing is told when it begins, when it changes, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.core import unavailable
from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import slot_of
from reconciler.core.drift import Memory, drifted
from reconciler.core.ending import desired_of, detail_of, ended, result_of
from reconciler.core.follow import ABSENT, PASSING
from reconciler.core.judge import verdict
from reconciler.model.change import Change, Held, Reason, SlotId, Verb
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.drift import DriftCause
from reconciler.model.event import AnyEvent, Blocked, Differing, Note, Settled
from reconciler.model.hold import STOPPING, Hold, HoldReason
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Violation
from reconciler.model.unit import Reach, Ref


class Moment(msgspec.Struct, frozen=True):
    """When something is told, in seconds since 1970, by which run, and whether it is the first since manifests changed."""

    at: float
    run: str
    git_moved: bool = False

    def note(self, level: str, message: str, fleet: str = "") -> Note:
        """Return a note of this moment."""
        return Note(at=self.at, run=self.run, level=level, message=message, fleet=fleet)


def unread(before: Memory, fleet: FleetPlan, moment: Moment) -> Iterator[Note]:
    """Yield why a fleet could not be read, where that is new."""
    if before.error != fleet.error:
        before.error = fleet.error
        yield moment.note("error", fleet.error, fleet.fleet)


def news(before: Memory, fleet: FleetPlan, one: FleetAssessment, moment: Moment, *, stays: bool) -> Iterator[AnyEvent]:
    """Yield what is new of a fleet that was read, and remember it.

    Where its changes `stay` undone in this pass, those that nobody was told of are named.
    """
    if before.snapshot is not None and before.snapshot.identity != one.snapshot.identity:
        _forget(before)  # another application: nothing of it is known
    if before.error:
        yield moment.note("info", "it can be read again", fleet.fleet)
    yield from _limits(before, fleet, moment)
    diagnostics = _diagnostics(fleet)
    yield from _findings(before, diagnostics, fleet, moment)
    yield from _came_to_an_end(before, one, fleet.fleet, moment)
    moved = set()
    for event in drifted(before, fleet, one, at=moment.at, run=moment.run):
        before.unwell.astray.add((event.unit.id, event.workload.id))
        if event.cause is DriftCause.PLATFORM:
            moved.add((event.unit.id, event.workload.id))
        yield event
    undone: list[Change | Held] = [*(fleet.changes if stays else ()), *filter(_waits_for_somebody, fleet.held)]
    yield from _differing(before, fleet.fleet, undone, moved, moment)
    before.snapshot, before.error = one.snapshot, ""
    before.diagnostics, before.warnings, before.violations = diagnostics, fleet.warnings, fleet.violations
    before.differing = {slot_of(change): change.to for change in undone}
    before.sent, before.doubtful = {}, set()


def _forget(before: Memory) -> None:
    for field, value in zip(Memory.__struct_fields__, msgspec.structs.astuple(Memory()), strict=True):
        setattr(before, field, value)


def _limits(before: Memory, fleet: FleetPlan, moment: Moment) -> Iterator[AnyEvent]:
    """Yield that limits block a fleet, or do no longer. Where a limit is written is nothing new."""
    if not fleet.violations and before.violations:
        yield moment.note("info", "no longer blocked by a limit", fleet.fleet)
    elif [*map(_unplaced, fleet.violations)] != [*map(_unplaced, before.violations)]:
        yield Blocked(at=moment.at, run=moment.run, fleet=fleet.fleet, violations=fleet.violations)


def _unplaced(one: Violation) -> Violation:
    return msgspec.structs.replace(one, origin=None)


def _diagnostics(fleet: FleetPlan) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the manifest of a fleet, versions that are not available included."""
    missing = [msgspec.structs.replace(one, severity=Severity.WARNING) for one in unavailable.findings([fleet])]
    return (*fleet.diagnostics, *_without(missing, fleet.diagnostics))


def _findings(before: Memory, diagnostics: Sequence[Diagnostic], fleet: FleetPlan, moment: Moment) -> Iterator[Note]:
    for one in _without(diagnostics, before.diagnostics):
        yield moment.note(one.severity.value, f"{one.origin}: {one.message}", fleet.fleet)
    for one in _without(before.diagnostics, diagnostics):
        yield moment.note("info", f"resolved: {one.origin}: {one.message}", fleet.fleet)
    for warning in fleet.warnings:
        if warning not in before.warnings:
            yield moment.note("warning", warning, fleet.fleet)


def _without(some: Iterable[Diagnostic], known: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return those that say something else than the known ones, whatever lines they stand at."""
    said = {one.message for one in known}
    return [one for one in some if one.message not in said]


def _came_to_an_end(before: Memory, one: FleetAssessment, fleet: str, moment: Moment) -> Iterator[Settled]:
    """Yield what came of changes that were accepted in earlier passes."""
    for slot, change in list(before.open.items()):
        outcome = _outcome(change, one, fleet)
        if outcome is not None:
            del before.open[slot]
            yield Settled(at=moment.at, run=moment.run, outcome=outcome)


def _outcome(change: Change, one: FleetAssessment, fleet: str) -> Outcome | None:
    row = one.snapshot.units.index.get(change.unit.id)
    if row is None:
        return ended(fleet, change, Result.STALE, "the unit is gone") if one.snapshot.coverage.complete else None
    state, reach = one.snapshot.state(change.workload.id, row), Reach(one.snapshot.units.reach[row])
    found = verdict(desired_of(change), state, reach, one.patience)
    result = result_of(found, state, reach)
    if result is None or result is Result.WAITING:
        return None
    return ended(fleet, change, result, detail_of(found, state), conditions=state.conditions)


OTHERWISE_SAID = PASSING | ABSENT | STOPPING | {HoldReason.IN_FLIGHT, HoldReason.REPEATED}
"""Reasons of holds that pass by themselves, or of which the events of rollouts and calls tell."""


def _waits_for_somebody(held: Held) -> bool:
    """Return whether something keeps a change from going that does not pass by itself."""
    return held.verb is not None and not any(one.code in OTHERWISE_SAID for one in held.reasons)


Kind = tuple[Ref, Verb, str | None, str | None, Reason, tuple[Hold, ...]]


def _differing(
    before: Memory, fleet: str, undone: Sequence[Change | Held], moved: set[SlotId], moment: Moment
) -> Iterator[Differing]:
    """Yield the changes that nobody was told of, those of one kind together."""
    kinds: dict[Kind, list[Change | Held]] = {}
    for change in undone:
        slot, verb = slot_of(change), change.verb
        known = slot in moved or (slot in before.differing and before.differing[slot] == change.to)
        if not known and verb is not None:
            kind = change.workload, verb, change.from_, change.to, change.reason, _holds(change)
            kinds.setdefault(kind, []).append(change)
    for (workload, verb, now, desired, reason, holds), changes in kinds.items():
        yield Differing(
            at=moment.at,
            run=moment.run,
            fleet=fleet,
            workload=workload,
            verb=verb,
            now=now,
            desired=desired,
            reason=reason,
            units=tuple(change.unit for change in changes),
            cause=DriftCause.GIT if moment.git_moved else None,
            holds=holds,
        )


def _holds(change: Change | Held) -> tuple[Hold, ...]:
    return change.reasons if isinstance(change, Held) else ()
