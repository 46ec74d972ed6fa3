"""How a change ends: what a verdict comes to, and what to say of a change that is still open when a run ends."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.judge import verdict
from reconciler.core.progress import RESEND_AFTER, Moment, Progress, Sent, Sight, Track, Unread
from reconciler.model.change import Change, Held, Verb
from reconciler.model.condition import Condition
from reconciler.model.desired import ABSENT, Desired, version
from reconciler.model.hold import Hold
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

RESULTS = {
    Verdict.SYNCED: Result.DONE,
    Verdict.LEFTOVER: Result.DONE,
    Verdict.AHEAD: Result.DONE,
    Verdict.WAITING: Result.WAITING,
    Verdict.PAUSED: Result.WAITING,
    Verdict.FAILED: Result.FAILED,
    Verdict.RETRY: Result.FAILED,
}
"""What a change that was sent has come to, by the verdict on its slot; the others are on their way."""


def ended(
    fleet: str,
    change: Change | Held,
    result: Result,
    detail: str = "",
    holds: tuple[Hold, ...] = (),
    conditions: tuple[Condition, ...] = (),
) -> Outcome:
    """Return what came of a change."""
    return Outcome(
        fleet=fleet,
        unit=change.unit,
        workload=change.workload,
        verb=change.verb or Verb.RELEASE,
        to=change.to,
        result=result,
        detail=detail,
        holds=holds,
        conditions=conditions,
    )


def result_of(found: Verdict, state: State, reach: Reach) -> Result | None:
    """Return what a sent change has come to; None while it is on its way."""
    if found is not Verdict.REMOVING:
        return RESULTS.get(found)
    if state.phase is Phase.FAILED:
        return Result.FAILED
    return None if reach is Reach.CONNECTED else Result.WAITING


def detail_of(found: Verdict, state: State) -> str:
    """Return what people should know beside the result of a verdict."""
    if found in {Verdict.FAILED, Verdict.RETRY, Verdict.REMOVING} and state.error:
        return state.error
    if found is Verdict.REMOVING:
        return "removed on the platform; the unit is not connected and removes it when it reconnects"
    if found is Verdict.WAITING:
        return "assigned; the unit is not connected and takes it when it reconnects"
    if found is Verdict.SYNCED and state.assigned is not None and not state.size:
        return "assigned; the unit has no devices that could report it"
    if found is Verdict.AHEAD:
        return "assigned" if state.spread else f"assigned; the unit reports the later {state.reported}"
    return ""


def desired_of(change: Change | Held) -> Desired:
    """Return what a slot is to be once a change is done."""
    return ABSENT if change.verb is Verb.REMOVE and change.to is None else version(change.to or "", change.settings)


def failures_of(goal: Change | Held, found: Verdict, state: State) -> tuple[tuple[str, str], ...]:
    """Return what failed of the versions that a change still moves beside the assigned one, as (version, why)."""
    leaving = found in {Verdict.LEFTOVER, Verdict.SURPLUS}
    moved = state.extra_versions if leaving else () if state.assigned == goal.to else (goal.to,)
    return tuple(one for one in state.failures if one[0] in moved)


def failure_words(failures: Iterable[tuple[str, str]]) -> str:
    """Return failures of versions on one line."""
    return "; ".join(f"{one}: {why}" for one, why in failures)


def given_up(track: Track) -> Result:
    """Return what is known of a change that is not sent and not read any more."""
    if track.lost:
        return Result.UNKNOWN
    return Result.FAILED if track.error else Result.NOT_TRIED


def unfinished(progress: Progress, track: Track, sight: Sight | Unread, moment: Moment) -> Outcome | None:
    """Return where a change stands that is still open when its run ends; None for a later stage of a run that does not wait."""
    goal, blocked = track.goal, track.blocked
    if track.sent is None:
        return _never_sent(progress, track, sight if isinstance(sight, Sight) else None, moment)
    reasons = blocked.reasons if blocked is not None else ()
    if not progress.wait:
        detail = f"accepted; not waited for{_not_sent(goal, track.sent)}"
        return ended(progress.fleet, goal, Result.WAITING, detail, reasons)
    if reasons:
        return ended(progress.fleet, goal, Result.WAITING, f"still blocked when {_end_of(moment)}", reasons)
    if failed := _still_failing(goal, sight):
        return ended(progress.fleet, goal, Result.FAILED, failure_words(failed))
    if track.shown:
        taken = "removed on the platform" if goal.verb is Verb.REMOVE else "assigned"
        detail = f"{taken}; the unit was still on its way when {_end_of(moment)}"
        return ended(progress.fleet, goal, Result.WAITING, detail)
    return ended(progress.fleet, goal, *_unseen(goal, track.sent, sight, moment))


def _end_of(moment: Moment) -> str:
    return "the run was interrupted" if moment.stopping else "waiting ended"


def _still_failing(goal: Change | Held, sight: Sight | Unread) -> tuple[tuple[str, str], ...]:
    """Return what fails since before the call was sent, and was not mended by it."""
    row = sight.snapshot.units.index.get(goal.unit.id) if isinstance(sight, Sight) else None
    if row is None or isinstance(sight, Unread):
        return ()
    state, reach = sight.snapshot.state(goal.workload.id, row), Reach(sight.snapshot.units.reach[row])
    return failures_of(goal, verdict(desired_of(goal), state, reach, sight.patience), state)


def _not_sent(goal: Change | Held, sent: Sent) -> str:
    """Return the calls of a change that follow those that were sent: nothing was waited for, so another run sends them."""
    calls = [step.call for step in goal.steps] if isinstance(goal, Change) else []
    gone = max((calls.index(call) + 1 for call in sent.calls if call in calls), default=0)
    return f"; another run sends {', '.join(calls[gone:])}" if calls[gone:] else ""


def _unseen(goal: Change | Held, sent: Sent, sight: Sight | Unread, moment: Moment) -> tuple[Result, str]:
    """Return what is known of an accepted call of which nothing was seen.

    Unknown is what could not be read, or had its time and does not show.
    """
    taken = "the platform accepted the call"
    if moment.stopping if isinstance(sight, Unread) else sight.done_at <= sent.at:
        return Result.WAITING, f"accepted; it was not read back{_not_sent(goal, sent)}"
    if isinstance(sight, Unread):
        return Result.UNKNOWN, f"{taken}; it could not be read back: {sight.error}"
    row = sight.snapshot.units.index.get(goal.unit.id)
    if row is None or sight.snapshot.state(goal.workload.id, row).phase is Phase.UNKNOWN:
        return Result.UNKNOWN, f"{taken}; the last reading does not show what came of it"
    if moment.now - sent.at < RESEND_AFTER:
        return Result.WAITING, f"accepted; the platform did not show it yet{_not_sent(goal, sent)}"
    return Result.UNKNOWN, f"{taken} but does not show its effect"


def _never_sent(progress: Progress, track: Track, sight: Sight | None, moment: Moment) -> Outcome | None:
    if not progress.wait:
        return None
    held = track.blocked or track.goal
    holds = held.reasons if isinstance(held, Held) else ()
    if sight is not None:
        row = sight.snapshot.units.index.get(track.goal.unit.id)
        if row is not None and Reach(sight.snapshot.units.reach[row]) is Reach.DISCONNECTED:
            return ended(progress.fleet, track.goal, Result.WAITING, "", holds)
    detail = "" if holds else f"{_end_of(moment)} before its stage came"
    return ended(progress.fleet, track.goal, Result.NOT_TRIED, detail, holds)
