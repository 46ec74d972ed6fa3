"""Following one accepted change from reading to reading: done, failed, waiting, changed by somebody else, or what comes next."""

from __future__ import annotations

import msgspec

from reconciler.core.bind import on_the_way
from reconciler.core.ending import desired_of, detail_of, failure_words, failures_of, result_of
from reconciler.core.judge import verdict
from reconciler.core.progress import MAX_SENDS, RESEND_AFTER, Sent, Sight, Track
from reconciler.model.change import Change, Held, SlotId, Verb
from reconciler.model.condition import Condition
from reconciler.model.hold import PACED, Hold, HoldReason
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Result
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

SETTLES_IN = 10.0
"""Seconds that the effect of a call may take to show where the slot had failed before."""

PASSING = PACED | {
    HoldReason.UNKNOWN,
    HoldReason.NOT_PREPARED,
    HoldReason.REQUIREMENT_NOT_MET,
    HoldReason.ROLLOUT_PAUSED,
}
"""Reasons of holds that may pass within a run."""

ABSENT = frozenset({HoldReason.UNREACHABLE, HoldReason.OWED, HoldReason.PAUSED})
"""Reasons that end where the unit comes back, or the person who stopped it goes on."""

RESUMED = frozenset({Verdict.LEFTOVER, Verdict.RETRY})
"""Verdicts that end a change of one step, but not one of several."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading says of an accepted change: that it ended (`outcome`), or how it goes on."""

    outcome: Result | None = None
    detail: str = ""
    holds: tuple[Hold, ...] = ()
    conditions: tuple[Condition, ...] = ()
    shown: bool = False
    blocked: Held | None = None
    next: Change | None = None


ON_ITS_WAY = Step()


def follow(  # a change, what was sent for it, and what today says
    track: Track, sent: Sent, sight: Sight, fresh: Change | None, held: Held | None, now: float, *, steps: bool
) -> Step:
    """Return what a reading says of an accepted change.

    `fresh` and `held` are what today's plan has for the slot, None where it has nothing or only open slots were read.
    `now` in monotonic seconds. With `steps` the platform may drop what it accepted: a step without effect goes again.
    """
    goal = track.goal
    row = sight.snapshot.units.index.get(goal.unit.id)
    if row is None:
        if sight.snapshot.coverage.complete:
            return Step(outcome=Result.STALE, detail="the unit is gone")
        return ON_ITS_WAY
    state, reach = sight.snapshot.state(goal.workload.id, row), Reach(sight.snapshot.units.reach[row])
    found = verdict(desired_of(goal), state, reach, sight.patience)
    if steps and found is Verdict.SURPLUS and state.phase is Phase.FAILED and sent.before.phase is not Phase.FAILED:
        return Step(outcome=Result.FAILED, detail=state.error or "", conditions=state.conditions)
    failed = failures_of(goal, found, state)
    ours = found is not Verdict.LEFTOVER or sent.before.assigned == goal.to  # else nothing was asked of the others yet
    if steps and ours and set(failed) - set(sent.before.failures):
        return Step(outcome=Result.FAILED, detail=failure_words(failed), conditions=state.conditions)
    if fresh is not None and found is not Verdict.RETRY:
        return _next(track, sent, fresh, sight, found, now, steps=steps)
    if found is Verdict.RETRY and sent.before == plain(sight, _slot(goal)) and now - sent.at < SETTLES_IN:
        return ON_ITS_WAY
    result = result_of(found, state, reach)
    if found is Verdict.LEFTOVER and goal.verb is Verb.REMOVE:
        result = None
    if held is not None and (result is None or found in RESUMED):
        return _blocked(held)
    if result is not None:
        return Step(outcome=result, detail=detail_of(found, state), conditions=state.conditions)
    if state.phase is Phase.UNKNOWN:
        return ON_ITS_WAY
    if state.assigned == goal.to:
        return Step(shown=True)
    return _changed_by_others(state) if track.shown and fresh is None and held is None else ON_ITS_WAY


def _next(  # the change, what was sent for it, and what today says
    track: Track, sent: Sent, fresh: Change, sight: Sight, reached: Verdict, now: float, *, steps: bool
) -> Step:
    """Return the next step of a change that today's plan still asks for."""
    goal, slot = track.goal, _slot(track.goal)
    state = sight.snapshot.state(slot[1], sight.snapshot.units.index[slot[0]])
    there = {state.assigned, *state.extra_versions} - {None}
    before = {goal.from_, *getattr(goal, "extra_versions", ())} - {None}
    removed_first = goal.to not in there and there < before and set(calls_now(fresh)) < set(sent.calls)
    if not (isinstance(goal, Change) and on_the_way(goal, fresh)) and there != before and not removed_first:
        if reached is Verdict.LEFTOVER:
            others = ", ".join(state.extra_versions)
            return Step(outcome=Result.DONE, detail=f"assigned; {others} is present as well: plan again to remove it")
        return _changed_by_others(state)
    shown = goal.to is not None and goal.to in there
    if not removed_first and steps and (sent.calls, sent.before) != (calls_now(fresh), plain(sight, slot)):
        return Step(shown=shown, next=fresh)
    again = steps and now - sent.at >= RESEND_AFTER and sent.times < MAX_SENDS
    return Step(shown=shown, next=fresh if again else None)


def _changed_by_others(state: State) -> Step:
    return Step(outcome=Result.STALE, detail=f"meanwhile {state.assigned or 'nothing'} was assigned by somebody else")


def _blocked(held: Held) -> Step:
    codes = {reason.code for reason in held.reasons}
    if codes & ABSENT:
        return Step(outcome=Result.WAITING, holds=held.reasons)
    if not codes <= PASSING:
        return Step(outcome=Result.FAILED, detail="cannot go on", holds=held.reasons)
    return Step(blocked=held)


def calls_now(change: Change) -> tuple[str, ...]:
    """Return the kinds of call that a change needs in this pass."""
    return tuple(step.call for step in change.steps if step.when == "now")


def plain(sight: Sight, slot: SlotId) -> State:
    """Return a slot as it was read, without what changes by itself."""
    row = sight.snapshot.units.index.get(slot[0])
    state = sight.snapshot.state(slot[1], row) if row is not None else State()
    return msgspec.structs.replace(
        state, progress=None, eta=None, conditions=(), spread=(), ready=None, since=None, facts=()
    )


def _slot(one: Change | Held) -> SlotId:
    return one.unit.id, one.workload.id
