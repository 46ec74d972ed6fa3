"""When the windows of a fleet are open. Pure: the moment is an argument, in seconds since 1970.

A fleet is open while one of its `allow` windows is (or it has none) and none of its `deny` windows. A window begins where its
cron expression says, and lasts its duration in elapsed time, whatever clocks are set to meanwhile.

cronsim reads the expressions, on a clock that nobody sets. Which moments a time of the clock is, is decided here, as Debian's
cron does. At fixed times a window that the clock skips begins when the clock goes on, and one that comes twice begins the first
time. Where minute or hour begin with `*`, the clock alone counts: what it skips does not come, what comes twice begins twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from reconciler.model.fleet import Window
from reconciler.model.quantity import seconds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
"""No clock is set by a day or more."""

LOOKED = 2_000
"""How many beginnings and ends of windows are looked at for the next opening."""

AHEAD = timedelta(days=3660)
"""How far ahead the next opening is looked for: a leap day comes in that time."""


class Opening(msgspec.Struct, frozen=True):
    """When windows open next: `at`, in the zone of the window that decides; None where they do not before `searched`."""

    at: datetime | None
    searched: datetime


def is_open(windows: Sequence[Window], now: float) -> bool:
    """Return whether calls may start."""
    at = _moment(now)
    return _allowed(windows, at) and _denied(windows, at) is None


def open_for(windows: Sequence[Window], now: float, most: float) -> float:
    """Return for how many seconds windows stay open, `most` at most; 0 where they are closed."""
    start = at = _moment(now)
    end = start + timedelta(seconds=most)
    allows, denies = _schedules(windows, deny=False), _schedules(windows, deny=True)
    while at < end and _allowed(windows, at) and _denied(windows, at) is None:
        closing = [max(one.end(at) for one in allows)] if allows else []
        starts = [one.next(at) for one in denies]
        at = min([end, *closing, *(one for one in starts if one is not None)])
    return (at - start).total_seconds()


def next_opening(windows: Sequence[Window], now: float) -> Opening:
    """Return when windows open next; now, where they are open."""
    at = start = _moment(now)
    zone: ZoneInfo | None = None
    allows = _schedules(windows, deny=False)
    for _ in range(LOOKED):
        if at - start > AHEAD:
            break
        if not _allowed(windows, at):
            starts = [(found, one.zone) for one in allows if (found := one.next(at)) is not None]
            if not starts:
                at = start + AHEAD
                break
            at, zone = min(starts, key=lambda one: one[0])
        elif (denied := _denied(windows, at)) is not None:
            at, zone = denied
        else:
            return Opening(at.astimezone(zone), at)
    return Opening(None, at)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _allowed(windows: Sequence[Window], at: datetime) -> bool:
    allows = _schedules(windows, deny=False)
    return not allows or any(one.end(at) > at for one in allows)


def _denied(windows: Sequence[Window], at: datetime) -> tuple[datetime, ZoneInfo] | None:
    """Return until when a moment is denied, and the zone of the window that denies it longest; None where none does."""
    ends = [(one.end(at), one.zone) for one in _schedules(windows, deny=True)]
    return max((one for one in ends if one[0] > at), key=lambda one: one[0], default=None)


def _schedules(windows: Sequence[Window], *, deny: bool) -> list[_Schedule]:
    return [_schedule(one) for one in windows if (one.deny is not None) is deny]


@lru_cache(maxsize=1024)
def _schedule(window: Window) -> _Schedule:
    return _Schedule(window)


class _Schedule:
    """One window: when it begins, in moments of UTC."""

    def __init__(self, window: Window) -> None:
        from zoneinfo import ZoneInfo  # slow to load, and windows are rare

        self.cron = window.allow or window.deny or ""
        self.duration = timedelta(seconds=seconds(window.duration))
        self.zone = ZoneInfo(window.timezone)
        minute, hour, *_ = self.cron.split()
        self.fixed = not minute.startswith("*") and not hour.startswith("*")

    def end(self, at: datetime) -> datetime:
        """Return the end of the window that began last, at a moment or before; that moment where none did."""
        began = self.last(at)
        return at if began is None else began + self.duration

    def last(self, at: datetime) -> datetime | None:
        """Return when the window began last, at a moment or before."""
        ahead = max(self._offset(at - DAY) - self._offset(at), timedelta())  # what the clock showed before it went back
        found: datetime | None = None
        for clock in self._clocks(self._clock(at) + ahead + SECOND, reverse=True):
            moments = self._moments(clock)
            if found is not None and moments and moments[-1] <= found:
                break
            found = max([one for one in moments if one <= at] + ([] if found is None else [found]), default=None)
        return found

    def next(self, after: datetime) -> datetime | None:
        """Return when the window begins first after a moment."""
        back = max(self._offset(after) - self._offset(after + DAY), timedelta())  # what it shows once it went back
        found: datetime | None = None
        for clock in self._clocks(self._clock(after) - back - SECOND):
            moments = self._moments(clock)
            if found is not None and moments and moments[0] >= found:
                break
            found = min([one for one in moments if one > after] + ([] if found is None else [found]), default=None)
        return found

    def _clocks(self, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        """Yield the times of the clock at which the window begins, after one, or with `reverse` before it."""
        from cronsim import CronSim

        yield from CronSim(self.cron, start, reverse=reverse)

    def _clock(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self.zone).utcoffset() or timedelta()

    def _moments(self, clock: datetime) -> list[datetime]:
        """Return the moments at which a window begins that begins at a time of the clock."""
        first, second = (clock.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second or (first < second and self.fixed):
            return [first]
        if first < second:
            return [first, second]
        if not self.fixed:
            return []
        while first > second:  # the clock is never there: until it goes on
            clock += MINUTE
            first, second = (clock.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return [first]
