"""From rows to states: the table of the facts by example, and for anything at all that it is total."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Labels, Reach
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.translate import labels_from, reach_of, state_of, state_of_malformed
from reconciler.platforms.losant.wire import Link, Row
from reconciler.platforms.reading.pages import Malformed

MONDAY, TUESDAY = "2026-11-16T00:00:00.000Z", "2026-11-17T00:00:00.000Z"
AT_MONDAY, AT_TUESDAY = 1794787200.0, 1794873600.0


def row(wanted: str | None, there: str | None, *logs: dict[str, Any], etags: tuple[Any, Any] = (None, None)) -> Row:
    """Return a row that was last updated on Tuesday."""
    raw = msgspec.Raw(json.dumps(logs).encode())
    return Row("a", "d", "f", wanted, there, etags[0], etags[1], last_updated=TUESDAY, logs=raw)


def asked(date: str, version: str | None = "v2") -> dict[str, Any]:
    return {"changeType": "desired", "date": date, "newValue": version, "sourceType": "user"}


def news(date: str, **fields: Any) -> dict[str, Any]:
    return {"changeType": "current", "date": date, "sourceType": "device", **fields}


def read(given_row: Row, notes: list[str] | None = None) -> State:
    return state_of(given_row, [] if notes is None else notes)


@pytest.mark.parametrize(
    ("given_row", "state"),
    [
        (row("v1", "v1"), State("v1", "v1")),
        (row("v1", "v1", etags=("a", "a")), State("v1", "v1", identity="a")),
        (row("v1", "v1", etags=("a", None)), State("v1", "v1", identity="a")),
        (row("v1", "v1", etags=(None, "a")), State("v1", "v1")),
        (row(None, None), State()),
        (row(None, None, etags=("a", "b")), State()),
        (row(None, None, news(MONDAY, error="bad")), State()),
        (row("v1", "v1", etags=("b", "a")), State("v1", "v1", identity="b", overwritten=True)),
        (
            row("v1", "v1", asked(MONDAY), news(TUESDAY), etags=("b", "a")),
            State("v1", "v1", identity="b", overwritten=True),
        ),
        (
            row("v1", "v1", asked(TUESDAY), news(MONDAY), etags=("b", "a")),
            State("v1", "v1", Phase.MOVING, identity="b", since=AT_TUESDAY),
        ),
        (row("v2", "v1"), State("v2", "v1", Phase.MOVING, since=AT_TUESDAY)),
        (row("v2", "v1", asked(MONDAY)), State("v2", "v1", Phase.MOVING, since=AT_MONDAY)),
        (row("v2", None, asked(MONDAY)), State("v2", None, Phase.MOVING, since=AT_MONDAY)),
        (row(None, "v1", asked(MONDAY, None)), State(None, "v1", Phase.MOVING, since=AT_MONDAY)),
        (
            row("v2", "v1", asked(MONDAY), news(TUESDAY, attemptedValue="v2", error="too\n old")),
            State("v2", "v1", Phase.FAILED, since=AT_TUESDAY, error="too old"),
        ),
        (
            row("v3", "v1", asked(MONDAY), news(TUESDAY, attemptedValue="v2", error="other version")),
            State("v3", "v1", Phase.FAILED, since=AT_TUESDAY, error="v2: other version"),
        ),
        (
            row("v2", "v1", asked(MONDAY), news(TUESDAY, error={"code": 7})),
            State("v2", "v1", Phase.FAILED, since=AT_TUESDAY, error="code 7"),
        ),
        (
            row("v1", "v1", news(MONDAY, attemptedValue="v1", attemptedEtag="b", error="bad"), etags=("b", "a")),
            State("v1", "v1", Phase.FAILED, identity="b", since=AT_MONDAY, error="bad"),
        ),
        (
            row("v1", "v1", news(MONDAY, attemptedValue="v1", attemptedEtag="x", error="bad"), etags=("b", "a")),
            State("v1", "v1", Phase.FAILED, identity="b", overwritten=True, since=AT_MONDAY, error="bad"),
        ),
        (
            row("v1", "v1", asked(MONDAY), news(TUESDAY, newValue="v1", newEtag="b"), etags=("b", "a")),
            State(
                "v1",
                "v1",
                Phase.FAILED,
                identity="b",
                since=AT_TUESDAY,
                conditions=(Condition(ConditionCode.FELL_BACK, ("v1",)),),
            ),
        ),
        (
            row("v2", "v1", asked(MONDAY), news(TUESDAY, newValue="v2", newEtag="x"), etags=("b", "a")),
            State("v2", "v1", Phase.MOVING, identity="b", since=AT_MONDAY),
        ),
    ],
)
def test_the_table(given_row: Row, state: State) -> None:
    assert read(given_row) == state


ASKED, OLD = asked("", "v2"), {"changeType": "desired", "newValue": "v1"}
ERROR = news("", attemptedValue="v2", error="bad")
BARE = news("", error="bad")
FOREIGN = news("", attemptedValue="v1", error="bad")
SURPRISE = {"changeType": "surprise", "error": "bad"}
TOOK = news("", newValue="v2", previousValue="v1")
TOOK_BADLY = news("", newValue="v2", error="bad")
BACK = news("", newValue="v1", previousValue="v1")
LEFT = news("", newValue="v1", previousValue="v2")
SAID = news("")

ORDERS: list[tuple[list[dict[str, Any]], str, str]] = [
    ([ASKED], "v1", "moving"),
    ([ASKED, BACK], "v1", "moving"),
    ([ASKED, SAID], "v1", "moving"),
    ([ASKED, ERROR], "v1", "failed"),
    ([ASKED, BARE], "v1", "failed"),
    ([ASKED, FOREIGN], "v1", "failed"),
    ([ASKED, SURPRISE], "v1", "failed"),
    ([ASKED, ERROR, BACK], "v1", "failed"),
    ([ASKED, BARE, BACK], "v1", "failed"),
    ([ASKED, ERROR, SAID], "v1", "failed"),
    ([ASKED, ERROR, BACK, BACK], "v1", "failed"),
    ([ASKED, BACK, ERROR], "v1", "failed"),
    ([ASKED, TOOK, ERROR, BACK], "v1", "failed"),
    ([ASKED, TOOK, BACK], "v1", "left"),
    ([ASKED, LEFT], "v1", "left"),
    ([ASKED, TOOK], "v1", "left"),
    ([ASKED, ERROR, TOOK, BACK], "v1", "left"),
    ([TOOK, BACK], "v1", "left"),
    ([OLD, ASKED, LEFT], "v1", "left"),
    ([ASKED, OLD, ASKED, LEFT], "v1", "moving"),
    ([OLD, ASKED, TOOK, BACK], "v1", "left"),
    ([TOOK, OLD, BACK, ASKED, LEFT], "v1", "left"),
    ([TOOK, OLD, ASKED, LEFT], "v1", "moving"),
    ([TOOK, OLD, ASKED, TOOK, LEFT], "v1", "moving"),
    ([TOOK, OLD, ASKED, ERROR, LEFT], "v1", "failed"),
    ([ERROR, BACK], "v1", "failed"),
    ([ERROR, ASKED], "v1", "moving"),
    ([ASKED, ERROR, ASKED], "v1", "moving"),
    ([ASKED, TOOK, OLD, BACK, ASKED], "v1", "moving"),
    ([ASKED, TOOK], "v2", "settled"),
    ([ASKED, SAID], "v2", "settled"),
    ([ASKED, ERROR, TOOK], "v2", "settled"),
    ([ASKED, ERROR, SAID], "v2", "settled"),
    ([ERROR, ASKED], "v2", "settled"),
    ([ASKED, ERROR], "v2", "failed"),
    ([ASKED, BARE], "v2", "failed"),
    ([ASKED, TOOK, ERROR], "v2", "failed"),
    ([ASKED, TOOK_BADLY], "v2", "failed"),
    ([ASKED, ERROR, BACK], "v2", "failed"),
]
"""What happened, in order of time; what the device has now, v2 being asked for; what that means."""

REMOVED = {"changeType": "desired", "newValue": None}
GONE, THERE = news("", newValue=None), news("", newValue="v1")
REMOVALS: list[tuple[list[dict[str, Any]], str, str]] = [
    ([REMOVED], "v1", "moving"),
    ([REMOVED, THERE], "v1", "moving"),
    ([REMOVED, SAID], "v1", "moving"),
    ([REMOVED, BARE], "v1", "failed"),
    ([REMOVED, BARE, THERE], "v1", "failed"),
    ([REMOVED, GONE, THERE], "v1", "left"),
    ([GONE, OLD, REMOVED, GONE, THERE], "v1", "moving"),
]


@pytest.mark.parametrize(("happened", "there", "meaning"), [*ORDERS, *REMOVALS])
def test_what_happened_means_the_same_in_whatever_order_it_is_listed(
    happened: list[dict[str, Any]], there: str, meaning: str
) -> None:
    wanted = None if REMOVED in happened else "v2"
    dated = [{**one, "date": f"2026-11-16T00:0{minute}:00Z"} for minute, one in enumerate(happened)]
    for logs in permutations(dated):
        state = read(row(wanted, there, *logs))
        assert (state.assigned, state.reported) == (wanted, there)
        if meaning == "left":
            code = ConditionCode.CAME_BACK if wanted is None else ConditionCode.FELL_BACK
            assert (state.phase, state.error, [one.code for one in state.conditions]) == (Phase.FAILED, None, [code])
        else:
            assert state.phase.value == meaning
            assert (state.error or "").endswith("bad" if meaning == "failed" else "")
            assert bool(state.error) == (meaning == "failed")
            assert not state.conditions


def test_what_happened_in_the_moment_of_asking_was_asked_for_before() -> None:
    date = "2026-11-16T00:01:00Z"
    logs = [{**one, "date": date} for one in (ASKED, LEFT)]
    assert read(row("v2", "v1", *logs)).phase is Phase.MOVING
    assert read(row("v2", "v1", *logs, {**ERROR, "date": date})).phase is Phase.FAILED


@pytest.mark.parametrize(("happened", "there", "meaning"), [one for one in ORDERS if one[2] == "failed"])
@pytest.mark.parametrize("date", [1_700_000_000, "yesterday", None, {}])
def test_no_error_is_lost_with_its_date(happened: list[dict[str, Any]], there: str, meaning: str, date: Any) -> None:
    assert meaning == "failed"
    dated = [{**one, "date": f"2026-11-16T00:0{minute}:00Z"} for minute, one in enumerate(happened)]
    for one in dated:
        one["date"] = date if one.get("error") else one["date"]
    state = read(row("v2", there, *dated))
    assert (state.phase, state.since) == (Phase.FAILED, None)


@pytest.mark.parametrize(
    "log",
    [
        {"changeType": "surprise", "date": MONDAY},
        {"changeType": "desired", "date": "yesterday"},
        {"changeType": "desired"},
        {"changeType": 1, "date": MONDAY},
        7,
        None,
    ],
)
def test_a_log_nobody_can_read_is_left_out(log: Any) -> None:
    assert read(row("v2", "v1", log)) == State("v2", "v1", Phase.MOVING, since=AT_TUESDAY)
    assert read(row("v1", "v1", log)) == State("v1", "v1")


def test_other_unexpected_values_are_unknown_and_never_absence() -> None:
    assert read(row("", "")).phase is Phase.UNKNOWN
    assert read(row("v1", "")).phase is Phase.UNKNOWN
    assert read(Row("a", "d", "f", "v2", "v1", last_updated="then")) == State("v2", "v1", Phase.MOVING)
    assert read(Row("a", "d", "f", "v2", "v1")) == State("v2", "v1", Phase.MOVING)
    one = state_of_malformed(Malformed({"desired_version": "v1", "current_version": None}, "what it is"))
    condition = Condition(ConditionCode.UNEXPECTED_VALUE, text="what it is")
    assert one == State("v1", None, Phase.UNKNOWN, conditions=(condition,))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "v1", "v2", "current", "desired", MONDAY]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["date", "error"]), inner, max_size=2),
    max_leaves=4,
)
VERSIONS = st.none() | st.sampled_from(["", "v1", "v2", "v3"])
LOGS = st.fixed_dictionaries(
    {"changeType": st.sampled_from(["current", "desired", "other"]), "date": st.sampled_from([MONDAY, TUESDAY, "no"])},
    optional={"attemptedValue": VERSIONS, "error": st.sampled_from(["", "bad"]), "attemptedEtag": VERSIONS},
)
ROWS = st.fixed_dictionaries(
    {"id": st.just("a"), "deviceId": st.just("d"), "flowId": st.just("f")},
    optional={
        "desiredVersion": VERSIONS | ANY_JSON,
        "currentVersion": VERSIONS | ANY_JSON,
        "desiredEtag": VERSIONS | ANY_JSON,
        "currentEtag": VERSIONS | ANY_JSON,
        "flowClass": st.sampled_from(["edge", "customNode", "quantum"]) | ANY_JSON,
        "lastUpdated": st.just(MONDAY) | ANY_JSON,
        "logs": st.lists(LOGS, max_size=4) | ANY_JSON,
    },
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ROWS, max_size=3))
def test_every_row_means_something_whatever_it_holds(given_rows: list[dict[str, Any]]) -> None:
    page = wire.rows(json.dumps({"items": given_rows, "totalCount": len(given_rows)}).encode())
    assert page.size == len(given_rows)
    assert all(one.text("id") for one in page.malformed)
    for state in [*map(read, page.items), *map(state_of_malformed, page.malformed)]:
        hash(state)
        assert state.assigned != "" != state.reported
        assert (state.error is None) or state.phase is Phase.FAILED
        assert (state.error is not None or bool(state.conditions)) == (state.phase in (Phase.FAILED, Phase.UNKNOWN))
        assert state.since is None or state.phase in (Phase.MOVING, Phase.FAILED)
        if state.overwritten:
            assert state.assigned is not None
            assert state.assigned == state.reported
        if state.phase is Phase.SETTLED:
            assert state.assigned == state.reported


@pytest.mark.parametrize(
    ("tags", "labels", "noted"),
    [
        ([("site", "b"), ("ring", "x"), ("site", "a")], (("ring", "x"), ("site", "a"), ("site", "b")), 0),
        ([("line", 12), ("ring", "x")], (("line", "12"), ("ring", "x")), 1),
        ([("line", 1.5), ("on", True)], (("line", "1.5"), ("on", "true")), 2),
        ([("site", None), ("ring", "x"), (7, "y")], (("ring", "x"),), 2),
        ([("site", ["a"]), ("ring", "x")], (("ring", "x"),), 1),
    ],
)
def test_tags(tags: list[tuple[Any, Any]], labels: Labels, noted: int) -> None:
    notes: list[str] = []
    raw = json.dumps([{"key": key, "value": value} for key, value in tags]).encode()
    assert labels_from(raw, notes) == labels
    assert len(notes) == noted
    assert all(note.startswith("tags: ") for note in notes)


@pytest.mark.parametrize("raw", [b"null", b"7", b'{"site":"a"}', b'"a"', b"[7, null]"])
def test_tags_of_another_shape_are_none(raw: bytes) -> None:
    notes: list[str] = []
    assert labels_from(raw, notes) == ()
    assert notes


@pytest.mark.parametrize(
    ("link", "reach"),
    [
        (None, Reach.UNKNOWN),
        (Link(None), Reach.UNKNOWN),
        (Link(1), Reach.CONNECTED),
        (Link(0), Reach.DISCONNECTED),
        (Link(2), Reach.UNKNOWN),
        (Link(True), Reach.UNKNOWN),
        (Link("yes"), Reach.UNKNOWN),
        (Link([1]), Reach.UNKNOWN),
    ],
)
def test_reach(link: Link | None, reach: Reach) -> None:
    assert reach_of(link) is reach
