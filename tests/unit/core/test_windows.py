"""Windows by example: on the days on which clocks are set, across midnight, and where none ever opens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.core.windows import is_open, next_opening, open_for
from reconciler.model.fleet import Window

CHICAGO, LORD_HOWE, TOKYO, HAVANA = "America/Chicago", "Australia/Lord_Howe", "Asia/Tokyo", "America/Havana"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def allow(cron: str, duration: str = "1h", timezone: str = "UTC") -> Window:
    return Window(allow=cron, duration=duration, timezone=timezone)


def deny(cron: str, duration: str = "1h", timezone: str = "UTC") -> Window:
    return Window(deny=cron, duration=duration, timezone=timezone)


NIGHT = allow("0 2 * * *", "3h", CHICAGO)
CHRISTMAS = deny("0 0 24-26 12 *", "24h")


def openings(windows: list[Window], since: str, until: str) -> list[str]:
    """Return when windows open in a span, by going from each closing to the next opening."""
    now, end, found = at(since), at(until), list[str]()
    while True:
        now += open_for(windows, now, end - now)
        opening = next_opening(windows, now).at
        if opening is None or opening.timestamp() >= end:
            return found
        found.append(opening.isoformat())
        now = opening.timestamp()


def test_without_windows_nothing_is_closed() -> None:
    assert is_open([], at("2026-11-18T11:00Z"))
    assert open_for([], at("2026-11-18T11:00Z"), 60.0) == 60.0
    assert next_opening([], at("2026-11-18T11:00Z")).at == datetime(2026, 11, 18, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-11-18T01:59:59-06:00", False),
        ("2026-11-18T02:00:00-06:00", True),
        ("2026-11-18T04:59:59.5-06:00", True),
        ("2026-11-18T05:00:00-06:00", False),
        ("2026-12-24T02:00:00-06:00", False),  # denied
        ("2026-12-26T18:00:00-06:00", False),
        ("2026-12-27T02:00:00-06:00", True),
    ],
)
def test_a_window_is_open_from_its_beginning_to_its_end_and_deny_wins(moment: str, opened: bool) -> None:
    assert is_open([NIGHT, CHRISTMAS], at(moment)) is opened


def test_several_windows_are_open_where_one_of_them_is() -> None:
    both = [NIGHT, allow("0 12 * * 6", "2h", CHICAGO)]
    assert openings(both, "2026-11-20T06:00-06:00", "2026-11-22T06:00-06:00") == [
        "2026-11-21T02:00:00-06:00",
        "2026-11-21T12:00:00-06:00",
        "2026-11-22T02:00:00-06:00",
    ]


def test_a_window_may_cross_midnight() -> None:
    late = [allow("30 22 * * *", "4h", TOKYO)]
    assert is_open(late, at("2026-11-19T02:29+09:00"))
    assert not is_open(late, at("2026-11-19T02:30+09:00"))
    assert open_for(late, at("2026-11-18T23:30+09:00"), 86400.0) == 3 * 3600.0


def test_a_denial_that_ends_within_a_window_opens_it_in_its_own_zone() -> None:
    found = next_opening([NIGHT, deny("0 7 * * *", "2h")], at("2026-11-18T08:30Z"))
    assert found.at is not None
    assert found.at.isoformat() == "2026-11-18T09:00:00+00:00"


def test_the_longest_of_several_denials_decides() -> None:
    both = [deny("0 7 * * *", "2h"), deny("0 8 * * *", "3h", TOKYO), deny("0 8 * * *", "4h")]
    found = next_opening(both, at("2026-11-18T08:30Z"))
    assert found.at is not None
    assert found.at.isoformat() == "2026-11-18T12:00:00+00:00"


def test_it_stays_open_until_it_closes_or_is_denied() -> None:
    assert open_for([NIGHT], at("2026-11-18T04:59:30-06:00"), 60.0) == 30.0
    assert open_for([NIGHT], at("2026-11-18T04:59:00-06:00"), 60.0) == 60.0
    assert open_for([NIGHT, deny("0 9 * * *")], at("2026-11-18T08:59:15Z"), 60.0) == 45.0
    assert open_for([allow("* * * * *", "1m")], at("2026-11-18T08:59:15Z"), 600.0) == 600.0
    assert open_for([NIGHT], at("2026-11-18T12:00Z"), 60.0) == 0.0


# --- the days on which clocks are set -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "span", "begins"),
    [
        # Chicago, 2027-03-14: from 02:00 to 03:00
        (allow("30 2 * * *", "10m", CHICAGO), ("2027-03-13T12:00Z", "2027-03-15T12:00Z"),
         ["2027-03-14T03:00:00-05:00", "2027-03-15T02:30:00-05:00"]),
        (allow("0,30 2,3 * * *", "10m", CHICAGO), ("2027-03-14T06:00Z", "2027-03-14T12:00Z"),
         ["2027-03-14T03:00:00-05:00", "2027-03-14T03:30:00-05:00"]),
        (allow("30 * * * *", "10m", CHICAGO), ("2027-03-14T07:00Z", "2027-03-14T09:00Z"),
         ["2027-03-14T01:30:00-06:00", "2027-03-14T03:30:00-05:00"]),
        (allow("*/30 2 * * *", "10m", CHICAGO), ("2027-03-13T12:00Z", "2027-03-15T08:00Z"),
         ["2027-03-15T02:00:00-05:00", "2027-03-15T02:30:00-05:00"]),
        # Chicago, 2026-11-01: from 02:00 back to 01:00
        (allow("30 1 * * *", "10m", CHICAGO), ("2026-11-01T05:00Z", "2026-11-02T12:00Z"),
         ["2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-06:00"]),
        (allow("30 */1 * * *", "10m", CHICAGO), ("2026-11-01T06:00Z", "2026-11-01T09:00Z"),
         ["2026-11-01T01:30:00-05:00", "2026-11-01T01:30:00-06:00", "2026-11-01T02:30:00-06:00"]),
        # Lord Howe, half an hour: 2026-04-05 from 02:00 back to 01:30, 2026-10-04 from 02:00 to 02:30
        (allow("0 */2 * * *", "10m", LORD_HOWE), ("2026-04-05T00:30+11:00", "2026-04-05T05:00+10:30"),
         ["2026-04-05T02:00:00+10:30", "2026-04-05T04:00:00+10:30"]),
        (allow("45 * * * *", "10m", LORD_HOWE), ("2026-04-05T01:00+11:00", "2026-04-05T03:00+10:30"),
         ["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-05T02:45:00+10:30"]),
        (allow("45 1 * * *", "10m", LORD_HOWE), ("2026-04-05T01:00+11:00", "2026-04-06T03:00+10:30"),
         ["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"]),
        (allow("15 2 * * *", "10m", LORD_HOWE), ("2026-10-04T00:00+10:30", "2026-10-05T03:00+11:00"),
         ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"]),
        # Havana, at midnight: 2026-03-08 from 00:00 to 01:00, 2026-11-01 from 01:00 back to 00:00
        (allow("30 0 * * *", "10m", HAVANA), ("2026-03-07T12:00Z", "2026-03-09T12:00Z"),
         ["2026-03-08T01:00:00-04:00", "2026-03-09T00:30:00-04:00"]),
        (allow("0 0 1 11 *", "10m", HAVANA), ("2026-10-30T12:00Z", "2026-11-03T12:00Z"),
         ["2026-11-01T00:00:00-04:00"]),
        # Tokyo sets no clock
        (allow("30 2 * * *", "10m", TOKYO), ("2026-03-29T00:00+09:00", "2026-03-31T00:00+09:00"),
         ["2026-03-29T02:30:00+09:00", "2026-03-30T02:30:00+09:00"]),
    ],
)  # fmt: skip
def test_windows_begin_as_cron_has_it_where_clocks_are_set(
    window: Window, span: tuple[str, str], begins: list[str]
) -> None:
    assert openings([window], *span) == begins


def test_a_window_across_a_transition_lasts_its_duration_in_elapsed_time() -> None:
    night = [allow("0 0 * * *", "4h", CHICAGO)]
    assert open_for(night, at("2027-03-14T00:00-06:00"), 86400.0) == 4 * 3600.0  # until 05:00
    assert open_for(night, at("2026-11-01T00:00-05:00"), 86400.0) == 4 * 3600.0  # until 03:00
    assert is_open(night, at("2027-03-14T04:59-05:00"))
    assert not is_open(night, at("2026-11-01T03:00-06:00"))


def test_the_second_of_two_equal_hours_knows_what_began_in_the_first() -> None:
    fixed = [allow("30 1 * * *", "45m", CHICAGO)]
    assert is_open(fixed, at("2026-11-01T01:14-06:00"))
    assert not is_open(fixed, at("2026-11-01T01:15-06:00"))
    assert not is_open(fixed, at("2026-11-01T01:45-06:00"))
    found = next_opening(fixed, at("2026-11-01T01:20-06:00")).at
    assert found is not None
    assert found.isoformat() == "2026-11-02T01:30:00-06:00"


# --- what never opens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "searched"),
    [
        ([deny("0 0 * * *", "24h")], "2032-"),
        ([NIGHT, deny("0 * * * *", "1h")], "2028-"),
        ([NIGHT, deny("0 6 * * *", "8h")], "2029-"),
        ([allow("0 0 1 * *"), deny("0 0 * * *", "24h")], "2036-"),
        ([allow("0 0 */30 2 5L")], "2036-"),  # the first of a month is never its last Friday
        ([allow("* * * * *", "1m"), deny("* * * * *", "1m")], "2026-11-19"),
    ],
)
def test_a_denial_of_every_window_is_found_out(windows: list[Window], searched: str) -> None:
    found = next_opening(windows, at("2026-11-18T12:00Z"))
    assert found.at is None
    assert found.searched.isoformat().startswith(searched)


def test_what_never_comes_denies_nothing() -> None:
    assert open_for([deny("0 0 */30 2 5L")], at("2026-11-18T12:00Z"), 60.0) == 60.0


def test_a_leap_day_is_found() -> None:
    leap = [allow("0 0 29 2 *", "24h")]
    found = next_opening(leap, at("2026-11-18T12:00Z")).at
    assert found is not None
    assert found.isoformat() == "2028-02-29T00:00:00+00:00"
