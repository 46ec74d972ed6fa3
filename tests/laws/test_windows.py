"""Windows against a naive clock that is read minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.windows import is_open, next_opening, open_for
from reconciler.model.fleet import Window
from reconciler.model.quantity import seconds

MINUTE = timedelta(minutes=1)
SPAN = 240
"""Minutes that are looked at."""

SET = [
    ("America/Chicago", "2027-03-14T08:00Z"), ("America/Chicago", "2026-11-01T07:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"), ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("America/Havana", "2026-03-08T05:00Z"), ("America/Havana", "2026-11-01T05:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00Z"), ("Europe/London", "2026-10-25T01:00Z"),
    ("Asia/Tokyo", "2026-11-18T15:00Z"), ("UTC", "2026-12-31T22:00Z"),
]  # fmt: skip
"""Zones, and a moment at which their clocks are set, if they are."""


class Naive:
    """The beginnings of a window, found by reading the clock at every minute from `first` on."""

    def __init__(self, cron: str, zone: ZoneInfo, first: datetime, minutes: int) -> None:
        self.fields = cron.split()
        self.fixed = not any(field.startswith("*") for field in self.fields[:2])
        self.begins = set(self._begins(zone, first, minutes))

    def _begins(self, zone: ZoneInfo, first: datetime, minutes: int) -> Iterator[datetime]:
        shown: set[datetime] = set()
        before = (first - MINUTE).astimezone(zone).replace(tzinfo=None)
        for number in range(minutes):
            at = first + number * MINUTE
            clock = at.astimezone(zone).replace(tzinfo=None)
            skipped = [before + step * MINUTE for step in range(1, int((clock - before) / MINUTE))]
            missed = self.fixed and any(map(self._matches, skipped))
            again = self.fixed and clock in shown
            if missed or (self._matches(clock) and not again):
                yield at
            shown |= {clock, *skipped}
            before = max(clock, before) if self.fixed and clock < before else clock

    def _matches(self, clock: datetime) -> bool:
        values = (clock.minute, clock.hour, clock.day, clock.month, clock.isoweekday() % 7)
        return all(map(_matches, self.fields, values))


def _matches(field: str, value: int) -> bool:
    head, _, step = field.partition("/")
    if head == "*":
        return value % int(step or 1) == 0
    return any(_within(item, value) for item in field.split(","))


def _within(item: str, value: int) -> bool:
    low, _, high = item.partition("-")
    return int(low) <= value <= int(high or low)


minutes = st.sampled_from(["*", "*/15", "*/7", "0", "30", "0,45", "15-20"])
hours = st.sampled_from(["*", "*/2", "*/3", "0", "1", "2", "1,2", "0-3", "23"])
days = st.sampled_from(["*", "*", "*", "1", "28-31"])
weekdays = st.sampled_from(["*", "*", "*", "0", "6", "1-5"])
crons = st.tuples(minutes, hours, days, st.just("*"), st.just("*")) | st.tuples(
    minutes, hours, st.just("*"), st.just("*"), weekdays
)
durations = st.sampled_from(["1m", "20m", "30m", "1h", "90m", "5h"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Window], datetime]:
    """Return windows in zones of which some set their clocks, and a moment near that."""
    zone, at = draw(st.sampled_from(SET))
    zones = st.sampled_from([zone, zone, "UTC", "Asia/Tokyo"])
    windows = [
        Window(**{draw(st.sampled_from(["allow", "allow", "deny"])): " ".join(draw(crons))}, duration=draw(durations),
               timezone=draw(zones))
        for _ in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    return windows, datetime.fromisoformat(at) + draw(st.integers(-200, 90)) * MINUTE


def opened(windows: list[Window], start: datetime) -> list[bool]:
    """Return of each minute of the span whether windows are open, from beginnings alone."""
    allowed = [not any(one.allow for one in windows)] * SPAN
    denied = [False] * SPAN
    for one in windows:
        lasts = int(seconds(one.duration) / 60)
        before = lasts + 180  # so that the clock was seen before it was set
        naive = Naive(one.allow or one.deny or "", ZoneInfo(one.timezone), start - before * MINUTE, before + SPAN)
        marks = allowed if one.allow else denied
        for begin in naive.begins:
            first = int((begin - start) / MINUTE)
            for number in range(max(first, 0), min(first + lasts, SPAN)):
                marks[number] = True
    return [yes and not no for yes, no in zip(allowed, denied, strict=True)]


@given(cases())
def test_windows_are_open_as_a_naive_clock_has_it(case: tuple[list[Window], datetime]) -> None:
    windows, start = case
    expected = opened(windows, start)
    for number in range(0, SPAN, 23):
        at = (start + number * MINUTE).timestamp()
        assert is_open(windows, at + 59.0) is expected[number]
        rest = expected[number:]
        if True in rest:
            opening = next_opening(windows, at).at
            assert opening is not None
            assert opening.timestamp() == at + 60.0 * rest.index(True)
        if False in rest:
            assert open_for(windows, at, 60.0 * SPAN) == 60.0 * rest.index(False)


@given(cases(), st.integers(0, 1_000_000), st.integers(1, 3_000))
def test_openings_and_closings_agree(case: tuple[list[Window], datetime], later: int, most: int) -> None:
    windows, start = case
    at = start.timestamp() + later
    lasting = open_for(windows, at, most)
    assert is_open(windows, at) is (lasting > 0)
    assert lasting == most or not is_open(windows, at + lasting)
    opening = next_opening(windows, at)
    if opening.at is None:
        assert not is_open(windows, at)
    else:
        assert is_open(windows, opening.at.timestamp())
        assert opening.at.astimezone(UTC) >= datetime.fromtimestamp(at, UTC)
