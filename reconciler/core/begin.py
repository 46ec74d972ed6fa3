"""What of a plan a run lets in: saved changes held against today, limits, and the progress it starts with."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import Dropped, bind, bind_staged, identities, slot_of
from reconciler.core.ending import ended
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
) -> Begun:
    """Return the start of a run. `saved` is an upper bound; `allowed` names the limits that a person lifts."""
    plan = today if saved is None else saved
    going: Sequence[Change] = today.changes
    staged = [held for held in plan.held if held.stage]
    outcomes: list[Outcome] = []
    if saved is not None:
        bound = bind(saved.changes, saved.basis.versions, today, assessment)
        staged, dropped = bind_staged(staged, saved.basis.versions, today, assessment)
        going = bound.going
        outcomes = [_dropped(plan.fleet, one) for one in bound.settled]
        outcomes += [_dropped(plan.fleet, one) for one in dropped]
    blocked = tuple(one for one in today.violations if one.kind.value not in allowed)
    progress = Progress(fleet=plan.fleet, wait=wait, steps=steps, fail_fast=fail_fast)
    if blocked:
        detail = f"blocked by a limit: {', '.join(sorted({one.kind.value for one in blocked}))}"
        outcomes += [ended(plan.fleet, one, Result.NOT_TRIED, detail) for one in going]
        return Begun(progress, tuple(outcomes), blocked)
    tracks: dict[SlotId, Track] = {slot_of(change): Track(goal=change, next=change) for change in going}
    tracks |= {slot_of(held): Track(goal=held) for held in staged}
    versions = identities(plan.basis.versions)
    return Begun(msgspec.structs.replace(progress, tracks=tracks, identities=versions), tuple(outcomes))


def _dropped(fleet: str, one: Dropped[Change] | Dropped[Held]) -> Outcome:
    return ended(fleet, one.change, one.result, one.detail, one.holds, one.conditions)
