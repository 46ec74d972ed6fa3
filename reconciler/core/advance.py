"""One step of a run, pure: from what came back and what was read to what goes now, and what came of every slot.

Every reading starts from what is: a change goes on only as today's plan still asks for it. A call whose answer was lost is
settled by the next reading; a refused call of many slots is split by halving the slots that one call may carry, so that
one bad id costs one unit; a later call of a change goes only when the earlier one was accepted. Attempts and splits are
bounded, so a run ends. What calls came to is `core.answers`, what an accepted slot shows is `core.follow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from reconciler.core.answers import ATTEMPTS, take
from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import (
    Dropped,
    bind_one,
    content_changed,
    gone,
    on_the_way,
    overwritten_since,
    slot_of,
    stale_because,
)
from reconciler.core.calls import compiled
from reconciler.core.ending import given_up
from reconciler.core.follow import Step, follow
from reconciler.core.gate import FRESH, closing, opens_in
from reconciler.core.progress import Advance, Answers, Call, Look, Moment, Progress, Sight, Track, Unread
from reconciler.core.working import Working
from reconciler.model.change import Change, Held, SlotId
from reconciler.model.hold import STOPPING
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan

MAX_OLD = 8
"""How many readings may be too old to act on, one after another."""

GATHER = 10.0
"""Seconds that slots ready for their next step wait at most for others, so that one call carries many."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds between readings: from the first to the longest, half as much again each time."""

STOPPED = "the run was asked to stop"

Overwritten = set[tuple[str, str]]
"""Versions (workload id, version) whose content is not what it was when their changes were let in."""


def advance(progress: Progress, moment: Moment, sight: Sight | Unread, answers: Answers = ()) -> Advance:
    """Return what goes now and what came of every slot. `sight` is the last reading, `answers` what calls came to."""
    run = Working(progress, moment, sight)
    take(run, answers)
    if answers and not moment.stopping and all(receipt is None for _, receipt in answers):
        _too_old(run)
    if sight.number > progress.seen:
        _look(run)
    return _result(run)


# --- what was read ----------------------------------------------------------------------------------------------


def _look(run: Working) -> None:
    """Hold every open change against a new reading."""
    run.looks += 1
    run.probed = run.before.revealed
    if run.failure is not None:
        _look_failed(run, run.failure)
    if run.sight is None:
        return
    plan = run.sight.plan
    overwritten = overwritten_since(run.before.identities, plan) if plan is not None else set()
    if plan is not None and run.sight.assessment is not None:
        _bind(run, plan, run.sight.assessment, overwritten)
    fresh = {slot_of(change): change for change in plan.changes} if plan is not None else {}
    held = {slot_of(one): one for one in plan.held} if plan is not None else {}
    ready: list[SlotId] = []
    for slot, track in list(run.tracks.items()):
        if track.next is not None:
            continue
        if track.sent is None:
            if not _already(run, slot, track, fresh, held):
                _let_in(run, slot, track, fresh.get(slot), held.get(slot), overwritten)
            continue
        step = follow(
            track, track.sent, run.sight, fresh.get(slot), held.get(slot), run.moment.now, steps=run.before.steps
        )
        _follow(run, slot, step, overwritten)
        if slot in run.tracks and run.tracks[slot].next is not None:
            ready.append(slot)
    _gather(run, ready)


def _look_failed(run: Working, unread: Unread) -> None:
    """Give up what would have to be read before it is sent; what was accepted may be read later."""
    for slot, track in list(run.tracks.items()):
        if track.next is not None:
            run.end(slot, given_up(track), f"{track.error or 'not sent'}; {unread.error}")
        elif unread.final:
            run.leave(slot)


def _bind(run: Working, plan: FleetPlan, assessment: FleetAssessment, overwritten: Overwritten) -> None:
    """Hold what is to be sent against today's plan: what is done, stale or held leaves."""
    fresh = {slot_of(change): change for change in plan.changes}
    held = {slot_of(one): one for one in plan.held}
    for slot, track in list(run.tracks.items()):
        if track.next is None:
            continue
        today = fresh.get(slot)
        if today is not None and _goes_on(track, today, overwritten):
            found: Change | Dropped[Change] = today
        else:
            found = bind_one(track.next, today, held.get(slot), overwritten, assessment)
        if isinstance(found, Dropped) and (waiting := _waits(run, track, held.get(slot))) is not None:
            run.change(slot, next=None, blocked=waiting, reread=False)
        elif isinstance(found, Dropped):
            _dropped(run, slot, track, found)
        elif track.lost >= ATTEMPTS:
            run.end(slot, Result.UNKNOWN, track.error)
        else:
            run.change(slot, next=found, reread=False)


def _waits(run: Working, track: Track, held: Held | None) -> Held | None:
    """Return what holds a change that was let in, where that may pass while this run waits: nothing is lost then."""
    passes = held is not None and held.passes and run.before.wait and not track.lost
    return held if passes else None


def _goes_on(track: Track, today: Change, overwritten: Overwritten) -> bool:
    """Return whether a slot differs from what was read last only by what our own calls may have made of it."""
    ours = track.lost > 0 or track.sent is not None
    goal = track.goal
    return ours and isinstance(goal, Change) and on_the_way(goal, today) and content_changed(goal, overwritten) is None


def _dropped(run: Working, slot: SlotId, track: Track, found: Dropped[Change]) -> None:
    if found.result is Result.DONE and track.lost:
        run.accept(slot, found.change)
    elif found.result is Result.NOT_TRIED and track.lost:
        run.end(slot, Result.UNKNOWN, f"{track.error}; and now {found.detail or 'held'}", found.holds)
    else:
        run.end(slot, found.result, found.detail, found.holds)


def _already(
    run: Working, slot: SlotId, track: Track, fresh: Mapping[SlotId, Change], held: Mapping[SlotId, Held]
) -> bool:
    """End a change that waits and that somebody else made meanwhile; return whether."""
    sight = run.sight
    if sight is None or sight.plan is None or sight.assessment is None or slot in fresh or slot in held:
        return False
    found = gone(track.goal, None, sight.assessment)
    if found.result is Result.DONE:
        run.end(slot, found.result, found.detail)
    return found.result is Result.DONE


def _let_in(
    run: Working, slot: SlotId, track: Track, fresh: Change | None, held: Held | None, overwritten: Overwritten
) -> None:
    """Let a change of a later stage go once nothing holds it any more."""
    if fresh is None or run.moment.over:
        if held is not None and any(hold.code in STOPPING for hold in held.reasons):
            run.end(slot, Result.NOT_TRIED, holds=held.reasons)
        elif held is not None:
            run.change(slot, blocked=held)
        return
    why = stale_because(track.goal, fresh, overwritten)
    if why is None:
        run.change(slot, goal=fresh, next=fresh, blocked=None)
    else:
        run.end(slot, Result.STALE, why)


def _follow(run: Working, slot: SlotId, step: Step, overwritten: Overwritten) -> None:
    if step.outcome is not None:
        run.end(slot, step.outcome, step.detail, step.holds, step.conditions)
        return
    track = run.tracks[slot]
    following = None if run.moment.over else step.next
    why = content_changed(track.goal, overwritten)
    if following is not None and why is not None:
        run.end(slot, Result.STALE, why)
    else:
        run.change(slot, shown=track.shown or step.shown, blocked=step.blocked, next=following)


def _gather(run: Working, ready: list[SlotId]) -> None:
    """Have slots wait that are ready for their next step, unless nothing else is on its way or they waited long."""
    if not ready:
        run.ready_since = None
        return
    if run.ready_since is None:
        run.ready_since = run.moment.now
    on_the_way = sum(track.sent is not None for track in run.tracks.values())
    if len(ready) < on_the_way and run.moment.now - run.ready_since < GATHER and run.before.wait:
        for slot in ready:
            run.change(slot, next=None)
    else:
        run.ready_since = None


# --- what goes now ----------------------------------------------------------------------------------------------


def _result(run: Working) -> Advance:
    """Return what goes now, and what is to be read otherwise."""
    calls = _calls(run)
    look = Look.NOTHING if calls else _look_next(run)
    interrupted = bool(run.moment.stopping and run.before.wait and run.tracks and look is Look.NOTHING and not calls)
    if not calls and look is Look.NOTHING:
        for slot in list(run.tracks):
            run.leave(slot)
    return Advance(
        progress=run.progress,
        calls=tuple(calls),
        outcomes=tuple(run.outcomes),
        look=look,
        pause=_pause(run, look),
        interrupted=interrupted,
        until=closing(run) if calls else inf,
    )


def _calls(run: Working) -> list[Call]:
    if run.halted or run.moment.stopping:
        run.queue = []
        for slot, track in list(run.tracks.items()):
            if track.next is not None:
                why = run.halted or STOPPED
                run.end(slot, given_up(track), f"{track.error}; {why}" if track.error else why)
        return []
    if run.sight is None or run.moment.now - run.sight.done_at > FRESH or closing(run) <= run.moment.now:
        _too_old(run)
    elif not run.queue:
        run.queue = _compiled(run, run.sight)
    if not run.queue:
        return []
    stage = min(call.action.stage for call in run.queue)
    going = [call for call in run.queue if call.action.stage == stage]
    run.queue = [call for call in run.queue if call.action.stage != stage]
    return going


def _too_old(run: Working) -> None:
    """Have everything read again that is to be sent; give up when readings are too old again and again."""
    run.queue = []
    for slot, track in list(run.tracks.items()):
        if track.next is None:
            continue
        if run.looks < MAX_OLD:
            run.change(slot, reread=True)
        else:
            run.end(slot, given_up(track), f"a reading takes longer than {FRESH:g} s")


def _compiled(run: Working, sight: Sight) -> list[Call]:
    """Return the calls of everything that may be sent on this reading; a change without any call fails."""
    ready = {
        slot: (track, track.next) for slot, track in run.tracks.items() if track.next is not None and not track.reread
    }
    found = compiled(ready, sight, run.refused)
    for slot in ready.keys() - {slot for call in found for slot in call.slots} if sight.plan is not None else ():
        run.end(slot, Result.FAILED, "the platform has no call for this change")
    return found


def _look_next(run: Working) -> Look:
    """Return what must be read before anything more can be done."""
    if not run.tracks or (run.failure is not None and run.failure.final):
        return Look.NOTHING
    if any(track.next is not None for track in run.tracks.values()):
        return Look.WHOLE
    if not run.before.wait:
        return Look.WHOLE if run.revealed != run.probed and not run.moment.stopping else Look.NOTHING
    if run.moment.stopping or (run.moment.over and run.looks) or opens_in(run) > max(run.moment.left, 0.0):
        return Look.NOTHING
    staged = any(track.sent is None for track in run.tracks.values())
    return Look.WHOLE if staged or run.before.steps else Look.OPEN


def _pause(run: Working, look: Look) -> float:
    if look is Look.NOTHING:
        return 0.0
    tried = [track.lost + track.put_off for track in run.tracks.values() if track.next is not None]
    if tried:
        return min(0.25 * 2.0 ** max(tried), 8.0) if max(tried) else 0.0
    if not run.before.wait:
        return 0.0
    return max(min(FIRST_PAUSE * 1.5**run.looks, LONGEST_PAUSE), opens_in(run))
