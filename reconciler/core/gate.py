"""How windows gate a run that is under way: until when its calls may start, and for how long it waits for the next opening."""

from __future__ import annotations

from datetime import datetime
from math import inf

from reconciler.core.guards.window import gated
from reconciler.core.progress import Track
from reconciler.core.windows import open_for
from reconciler.core.working import Working
from reconciler.model.change import Held
from reconciler.model.hold import Hold, HoldReason

FRESH = 60.0
"""Seconds: nothing is sent on a reading older than this."""


def closing(run: Working) -> float:
    """Return until when calls may start, in monotonic seconds: nothing is sent on an older reading anyway, so none looks further."""
    one = run.sight.assessment if run.sight is not None else None
    if one is None or not gated(one.resolution.spec, one.lifted):
        return inf
    return run.moment.now + open_for(one.resolution.spec.windows, run.moment.date, FRESH)


def opens_in(run: Working) -> float:
    """Return in how many seconds the first window opens that open changes wait for; 0 where one of these waits for anything else."""
    return min((_opens_in(track, run.moment.date) for track in run.tracks.values()), default=0.0)


def _opens_in(track: Track, date: float) -> float:
    held = track.blocked or track.goal
    if track.sent is not None or track.next is not None or not isinstance(held, Held):
        return 0.0
    return max((_opening(one) - date for one in held.reasons if one.code is HoldReason.OUTSIDE_WINDOW), default=0.0)


def in_time(held: Held, ends: float) -> bool:
    """Return whether no window keeps a change from going until a run ends that waits, in seconds since 1970."""
    return all(_opening(one) <= ends for one in held.reasons if one.code is HoldReason.OUTSIDE_WINDOW)


def _opening(hold: Hold) -> float:
    return datetime.fromisoformat(hold.opens).timestamp() if hold.opens else inf
