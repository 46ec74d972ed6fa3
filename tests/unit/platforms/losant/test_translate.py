"""From rows to states: the table of the facts by example, and for anything at all that it is total."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Reach
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


@pytest.mark.parametrize(
    ("given_row", "state"),
    [
        (row("v1", "v1"), State("v1", "v1")),
        (row("v1", "v1", etags=("a", "a")), State("v1", "v1", identity="a")),
        (row("v1", "v1", etags=("a", None)), State("v1", "v1", identity="a")),
        (row("v1", "v1", etags=(None, "a")), State("v1", "v1")),
        (row(None, None), State()),
        (row(None, None, etags=("a", "b")), State()),
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
            row("v2", "v1", asked(MONDAY), news(MONDAY, attemptedValue="v2", error="at once")),
            State("v2", "v1", Phase.FAILED, since=AT_MONDAY, error="at once"),
        ),
        (
            row(None, "v1", asked(MONDAY, None), news(TUESDAY, attemptedValue=None, error="stuck")),
            State(None, "v1", Phase.FAILED, since=AT_TUESDAY, error="stuck"),
        ),
        (
            row("v2", "v1", asked(TUESDAY), news(MONDAY, attemptedValue="v2", error="before")),
            State("v2", "v1", Phase.MOVING, since=AT_TUESDAY),
        ),
        (
            row("v3", "v1", asked(MONDAY), news(TUESDAY, attemptedValue="v2", error="other version")),
            State("v3", "v1", Phase.MOVING, since=AT_MONDAY),
        ),
        (
            row("v2", "v1", news(MONDAY, attemptedValue="v2", error="old"), news(TUESDAY, newValue="v1")),
            State("v2", "v1", Phase.MOVING, since=AT_TUESDAY),
        ),
        (
            row("v1", "v1", news(MONDAY, attemptedValue="v1", attemptedEtag="b", error="bad"), etags=("b", "a")),
            State("v1", "v1", Phase.FAILED, identity="b", since=AT_MONDAY, error="bad"),
        ),
        (
            row("v1", "v1", news(MONDAY, attemptedValue="v1", attemptedEtag="x", error="bad"), etags=("b", "a")),
            State("v1", "v1", identity="b", overwritten=True),
        ),
    ],
)
def test_the_table(given_row: Row, state: State) -> None:
    assert state_of(given_row) == state


def test_logs_in_any_order_mean_the_same() -> None:
    logs = [asked(MONDAY), news(TUESDAY, attemptedValue="v2", error="no"), asked("2026-11-15T00:00:00Z"), news(MONDAY)]
    assert state_of(row("v2", "v1", *logs)) == state_of(row("v2", "v1", *reversed(logs)))
    assert state_of(row("v2", "v1", *logs)).phase is Phase.FAILED


@pytest.mark.parametrize(
    "log",
    [
        {"changeType": "surprise", "date": MONDAY},
        {"changeType": "desired", "date": "yesterday"},
        {"changeType": "desired"},
        {"changeType": 1, "date": MONDAY},
    ],
)
def test_a_log_nobody_can_read_makes_the_slot_unknown(log: dict[str, Any]) -> None:
    state = state_of(row("v2", "v1", log))
    assert (state.phase, state.assigned, state.reported) == (Phase.UNKNOWN, "v2", "v1")
    ((code, text),) = [(one.code, one.text) for one in state.conditions]
    assert code is ConditionCode.UNEXPECTED_VALUE
    assert text.startswith("logs: ")


def test_a_settled_slot_needs_no_log() -> None:
    assert state_of(row("v1", "v1", {"changeType": "surprise", "date": MONDAY})) == State("v1", "v1")


def test_other_unexpected_values_are_unknown_and_never_absence() -> None:
    assert state_of(row("", "")).phase is Phase.UNKNOWN
    assert state_of(row("v1", "")).phase is Phase.UNKNOWN
    assert state_of(Row("a", "d", "f", "v2", "v1", last_updated="then")) == State("v2", "v1", Phase.MOVING)
    assert state_of(Row("a", "d", "f", "v2", "v1")) == State("v2", "v1", Phase.MOVING)
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
    for state in [*map(state_of, page.items), *map(state_of_malformed, page.malformed)]:
        hash(state)
        assert state.assigned != "" != state.reported
        assert (state.error is not None) == (state.phase is Phase.FAILED)
        assert bool(state.conditions) == (state.phase is Phase.UNKNOWN)
        assert state.since is None or state.phase in (Phase.MOVING, Phase.FAILED)
        if state.overwritten:
            assert state.assigned is not None
            assert state.assigned == state.reported
        if state.phase is Phase.SETTLED:
            assert state.assigned == state.reported


def test_tags_keep_repeated_keys() -> None:
    raw = b'[{"key":"site","value":"b"},{"key":"ring","value":"x"},{"key":"site","value":"a"}]'
    assert labels_from(raw) == (("ring", "x"), ("site", "a"), ("site", "b"))
    with pytest.raises(msgspec.DecodeError):
        labels_from(b'{"site":"a"}')


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
