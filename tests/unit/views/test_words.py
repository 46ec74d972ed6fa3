"""Words by example: numbers, times, lists; and that every name the model knows has words."""

from __future__ import annotations

from enum import Enum
from typing import get_args

import pytest

from reconciler.model.change import Reason, Verb
from reconciler.model.event import AnyEvent, Completed, Finished
from reconciler.model.hold import HoldReason
from reconciler.model.observation import Phase
from reconciler.model.origin import NOWHERE, Origin
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.plan import LimitKind
from reconciler.model.release import PrepareStatus
from reconciler.model.verdict import Health, Sync
from reconciler.views import (
    event_words,
    limit_words,
    plan_rows,
    reason_words,
    releases_text,
    status_text,
    words,
)


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 units"), (1, "1 unit"), (2, "2 units"), (1000, "1,000 units"), (1234567, "1,234,567 units")],
)
def test_counts_have_the_right_form(number: int, said: str) -> None:
    assert words.count(number, "unit") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (12, "12 s"),
        (60, "1 min"),
        (83.4, "1 min 23 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (4 * 86400 + 3 * 3600, "4 d 3 h"),
        (4000 * 86400, "4,000 d"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (12_345_678, "12 MB"),
        (4_100_000_000, "4.1 GB"),
        (5_000_000_000_000_000, "5,000 TB"),
    ],
)
def test_sizes_are_in_powers_of_a_thousand(size: int, said: str) -> None:
    assert words.amount(size) == said


@pytest.mark.parametrize(
    ("number", "said"), [(-1, "0 %"), (0.4, "0 %"), (40, "40 %"), (99.9, "99 %"), (100, "100 %"), (101, "100 %")]
)
def test_nothing_is_done_before_it_is(number: float, said: str) -> None:
    assert words.percent(number) == said


def test_what_is_under_way_says_how_far_it_is() -> None:
    assert not words.underway(None, None, None)
    assert words.underway(40, 40.5, None) == "40 % done"
    assert words.underway(5, 80, 125) == "5 to 80 % done, about 2 min 5 s left"
    assert words.underway(None, None, 30) == "about 30 s left"


def test_devices_of_a_unit() -> None:
    assert not words.ready(None, 1)
    assert words.ready(93, 100) == "93 of 100 devices ready"
    assert words.ready(0, 1) == "0 of 1 device ready"
    assert words.ready(0, 0) == "no devices that could report"


def test_dates_are_to_the_minute() -> None:
    assert words.date("2026-11-18T11:06:40.123Z") == "2026-11-18T11:06Z"
    assert words.date("2026-11-18T13:06:40+02:00") == "2026-11-18T11:06Z"
    assert words.date("last\nweek") == "last\\nweek"


def test_ages_look_both_ways() -> None:
    assert words.age(100, 112) == "12 s ago"
    assert words.age(3700, 100) == "in 1 h"


@pytest.mark.parametrize(
    ("text", "found"),
    [("2026-11-18T11:06:40Z", 1795000000.0), ("2026-11-18T11:06:40", 1795000000.0), ("yesterday", None), ("", None)],
)
def test_moments_of_plans(text: str, found: float | None) -> None:
    assert words.moment(text) == found


def test_lists_say_how_many_they_leave_out() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a", "b", "c"]) == "a, b, c"
    assert words.listed(["a", "b", "c", "d\n"]) == "a, b, c and 1 more"
    assert words.listed(["a", "b", "c", "d\n"], 4) == "a, b, c, d\\n"
    assert [words.joined(part) for part in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_ways_of_a_slot() -> None:
    assert words.from_to(None, "v1") == "nothing → v1"
    assert words.from_to("v1", None) == "v1 → nothing"
    assert words.from_to("v1", "v1") == "v1 again"
    assert words.from_to("v2", "v2", ["v1", "v0"]) == "v1 and v0 → nothing, v2 stays"
    assert words.version("") == '""'


def test_places_name_the_first_line_and_how_many_more() -> None:
    here, there = Origin("a.yaml", 3, 1), Origin("b.yaml", 4, 1)
    assert words.places([]) == ""
    assert words.places([NOWHERE]) == ""
    assert words.places([here, here]) == "a.yaml:3:1"
    assert words.places([here, there]) == "a.yaml:3:1 and 1 more line"
    assert words.places([None]) == ""


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (reason_words.LABELS, HoldReason),
        (reason_words.ADVICE, HoldReason),
        (limit_words.LIMITS, LimitKind),
        (words.SIGNS, Verb),
        (words.REASONS, Reason),
        (words.PHASES, Phase),
        (releases_text.PREPARATION, PrepareStatus),
        (plan_rows.COLOURS, Verb),
        (reason_words.RESULTS, Result),
        (event_words.RECEIPTS, ReceiptKind),
        (status_text.SYNC_STYLES, Sync),
        (status_text.HEALTH_STYLES, Health),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_name_has_words(table: dict[object, object], names: type[Enum]) -> None:
    assert set(table) == set(names)


def test_every_event_but_the_ends_has_words() -> None:
    assert set(event_words.said.registry) - {object} >= set(get_args(AnyEvent)) - {Completed, Finished}
