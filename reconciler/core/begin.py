"""What of a plan a run lets in: saved changes held against today, limits, and the progress it starts with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import Dropped, bind, bind_staged, identities, slot_of
from reconciler.core.ending import ended
from reconciler.core.gate import in_time
from reconciler.core.progress import Progress, Track
from reconciler.model.change import Change, Held, SlotId
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Violation


class Begun(msgspec.Struct, frozen=True):
    """How a fleet's run starts: what is open, what ended before anything was sent, and the limits that forbid it all."""

    progress: Progress
    outcomes: tuple[Outcome, ...] = ()
    blocked: tuple[Violation, ...] = ()


def begin(  # a fleet's plan, and how it is to be carried out
    today: FleetPlan,
    assessment: FleetAssessment,
    saved: FleetPlan | None,
    *,
    allowed: Collection[str],
    wait: bool,
    steps: bool,
    fail_fast: bool,
    ends: float = 0.0,
) -> Begun:
    """Return the start of a run. `saved` is an upper bound; `allowed` names the limits that a person lifts.

    `ends` is when waiting ends, in seconds since 1970: what no window lets go until then is merely held.
    """
    plan = today if saved is None else saved
    going: Sequence[Change] = today.changes
    held = {slot_of(one): one for one in today.held}
    staged = [one for one in plan.held if _follows(one, held.get(slot_of(one)), ends)]
    waiting: dict[SlotId, Track] = {}
    outcomes: list[Outcome] = []
    if saved is not None:
        bound = bind(saved.changes, saved.basis.versions, today, assessment)
        staged, dropped = bind_staged(staged, saved.basis.versions, today, assessment)
        going = bound.going
        waiting = dict(_waiting(bound.settled, held, ends)) if wait else {}
        outcomes = [_dropped(plan.fleet, one) for one in bound.settled if slot_of(one.change) not in waiting]
        outcomes += [_dropped(plan.fleet, one) for one in dropped]
    blocked = tuple(one for one in today.violations if one.kind.value not in allowed)
    progress = Progress(fleet=plan.fleet, wait=wait, steps=steps, fail_fast=fail_fast)
    if blocked:
        detail = f"blocked by a limit: {', '.join(sorted({one.kind.value for one in blocked}))}"
        outcomes += [ended(plan.fleet, one, Result.NOT_TRIED, detail) for one in going]
        return Begun(progress, tuple(outcomes), blocked)
    tracks: dict[SlotId, Track] = {slot_of(change): Track(goal=change, next=change) for change in going}
    tracks |= {slot_of(one): Track(goal=one) for one in staged} | waiting
    versions = identities(plan.basis.versions)
    return Begun(msgspec.structs.replace(progress, tracks=tracks, identities=versions), tuple(outcomes))


def _follows(one: Held, today: Held | None, ends: float) -> bool:
    """Return whether a held change may go in this run once what holds it, in the plan and today, has passed."""
    if not one.follows or today is None:
        return one.follows
    return in_time(today, ends) and (bool(one.stage) or today.follows)


def _waiting(
    settled: Iterable[Dropped[Change]], held: Mapping[SlotId, Held], ends: float
) -> Iterator[tuple[SlotId, Track]]:
    """Yield the planned changes that today merely wait for a window, or for other units."""
    for one in settled:
        today = held.get(slot_of(one.change))
        if one.result is Result.NOT_TRIED and today is not None and today.passes and in_time(today, ends):
            yield slot_of(one.change), Track(goal=one.change, blocked=today)


def _dropped(fleet: str, one: Dropped[Change] | Dropped[Held]) -> Outcome:
    return ended(fleet, one.change, one.result, one.detail, one.holds, one.conditions)
