"""Words by example: numbers, times, lists; and that every name the model knows has words."""

from __future__ import annotations

from enum import Enum
from typing import get_args

import pytest

from reconciler.model.change import HoldReason, Reason, Verb
from reconciler.model.event import AnyEvent
from reconciler.model.origin import NOWHERE, Origin
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.plan import LimitKind
from reconciler.model.verdict import Health, Sync
from reconciler.views import apply_text, event_line, hold_words, plan_text, status_text, words


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
    assert words.way(None, "v1") == "nothing → v1"
    assert words.way("v1", None) == "v1 → nothing"
    assert words.way("v1", "v1") == "v1 again"
    assert words.way("v2", "v2", ["v1", "v0"]) == "v1 and v0 → nothing, v2 stays"
    assert words.version("") == '""'


def test_places_name_the_first_line_and_how_many_more() -> None:
    here, there = Origin("a.yaml", 3, 1), Origin("b.yaml", 4, 1)
    assert words.places([]) == ""
    assert words.places([NOWHERE]) == ""
    assert words.places([here, here]) == "a.yaml:3:1"
    assert words.places([here, there]) == "a.yaml:3:1 and 1 more line"
    assert words.place(NOWHERE) == ""
    assert words.place(here) == "a.yaml:3:1"


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (hold_words.LABELS, HoldReason),
        (hold_words.ADVICE, HoldReason),
        (hold_words.LIMITS, LimitKind),
        (words.SIGNS, Verb),
        (words.REASONS, Reason),
        (plan_text.COLOURS, Verb),
        (apply_text.WORDS, Result),
        (event_line.RESULTS, Result),
        (event_line.RECEIPTS, ReceiptKind),
        (status_text.SYNC_STYLES, Sync),
        (status_text.HEALTH_STYLES, Health),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_name_has_words(table: dict[object, object], names: type[Enum]) -> None:
    assert set(table) == set(names)


def test_every_event_has_words() -> None:
    assert set(event_line._said.registry) - {object} >= set(get_args(AnyEvent))
