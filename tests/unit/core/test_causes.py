"""Which line changed, and what is behind its base: every kind of rule, by example."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.assessment import Filters, assess
from reconciler.core.resolve import Resolution, resolve
from reconciler.model.change import Change, Held, Reason
from reconciler.model.fleet import (
    ChannelRef,
    Choice,
    Document,
    FleetSpec,
    Limits,
    Override,
    Selector,
    Suspend,
    WorkloadSpec,
)
from reconciler.model.observation import State
from reconciler.model.origin import Origin
from reconciler.model.plan import FleetPlan
from tests.laws.strategies import NOW, document
from tests.unit.core.test_core import POLLER, VISION, planned, reading

ALL, FIRST = Selector(all=True), Selector(ids=["u0"])
STABLE = WorkloadSpec(version=ChannelRef(channel="stable"))
ONE, TWO = WorkloadSpec(version="1"), WorkloadSpec(version="2")
SNAPSHOT = reading(State("1", "1"), State("1", "1"), workloads=(POLLER, VISION))


def spec(poller: WorkloadSpec | None, units: Selector = ALL, **more: Any) -> FleetSpec:
    return FleetSpec(connection="plant", units=units, workloads={} if poller is None else {"poller": poller}, **more)


def said(fleet: FleetSpec, version: str) -> Resolution:
    return resolve(document(fleet), {"stable": {"poller": version}}, SNAPSHOT.units, SNAPSHOT.workloads)


def compared(
    before: FleetSpec | None, now: FleetSpec, versions: tuple[str, str] = ("1", "1"), tip: FleetSpec | None = None
) -> FleetPlan:
    """Plan a fleet against a base, where the channel has the first version there and the second one today."""
    one = assess(
        document(now), connection="plant", platform="test", channels={}, snapshot=SNAPSHOT, now=NOW, retries_itself=True,
        filters=Filters(), resolution=said(now, versions[1]),
    )  # fmt: skip
    one.base = None if before is None else said(before, versions[0])
    one.tip = None if tip is None else said(tip, "2")
    channel = Document(
        "stable", None, "channels.yaml", lambda path: Origin("channels.yaml#/" + "/".join(map(str, path)))
    )
    one.channels = {"stable": channel}
    return planned(one)


def lines(entries: tuple[Change, ...] | tuple[Held, ...]) -> set[tuple[str, str]]:
    return {(one.unit.id, one.origin.file.removeprefix("fleet.yaml#/spec/")) for one in entries}


BOTH = ("u0", "u1")
CHANNEL = "channels.yaml#/spec/versions/poller"


@pytest.mark.parametrize(
    ("before", "now", "versions", "line", "units"),
    [
        (STABLE, STABLE, ("1", "2"), CHANNEL, BOTH),
        (ONE, TWO, ("1", "1"), "workloads/poller/version", BOTH),
        (ONE, STABLE, ("1", "2"), "workloads/poller/version", BOTH),
        (ONE, WorkloadSpec(channel="stable"), ("1", "2"), "workloads/poller/channel", BOTH),
        (None, TWO, ("1", "1"), "workloads/poller/version", BOTH),
        (ONE, WorkloadSpec(absent=True), ("1", "1"), "workloads/poller/absent", BOTH),
        (
            ONE,
            WorkloadSpec(version="1", overrides=[Override(units=FIRST, version="2")]),
            ("1", "1"),
            "workloads/poller/overrides/0/version",
            ("u0",),
        ),
        (
            WorkloadSpec(version="1", overrides=[Override(units=FIRST, version="2")]),
            WorkloadSpec(version="1", overrides=[Override(units=Selector(ids=["u1"]), version="2")]),
            ("1", "1"),
            "workloads/poller/overrides/0/units",
            ("u1",),
        ),
        (
            WorkloadSpec(version="2", units=FIRST),
            WorkloadSpec(version="2"),
            ("1", "1"),
            "workloads/poller/units",
            ("u1",),
        ),
        (
            WorkloadSpec(version="2", overrides=[Override(units=FIRST, version="1")]),
            WorkloadSpec(version="2"),
            ("1", "1"),
            "workloads/poller",
            ("u0",),
        ),
        (
            WorkloadSpec(version="1", overrides=[Override(units=FIRST, version=ChannelRef(channel="stable"))]),
            WorkloadSpec(
                version="1",
                overrides=[Override(units=FIRST, absent=True), Override(units=FIRST, version=ChannelRef(channel="stable"))],
            ),
            ("1", "2"),
            CHANNEL,
            ("u0",),
        ),
    ],
)  # fmt: skip
def test_the_line_that_changed(
    before: WorkloadSpec | None, now: WorkloadSpec, versions: tuple[str, str], line: str, units: tuple[str, ...]
) -> None:
    plan = compared(spec(before), spec(now), versions)
    changed = tuple(one for one in plan.changes if one.reason is Reason.CHANGE)
    assert lines(changed) == {(unit, line) for unit in units}


def test_a_wider_scope_is_the_line_and_what_was_so_before_is_where_it_stands() -> None:
    plan = compared(spec(TWO, FIRST), spec(TWO))
    assert lines(plan.changes) == {("u0", "workloads/poller"), ("u1", "units")}
    assert {one.unit.id: one.reason for one in plan.changes} == {"u0": Reason.DRIFT, "u1": Reason.CHANGE}


def test_pins_and_settings_and_pruning() -> None:
    pinned = compared(spec(ONE), spec(ONE, pins={"u0": {"poller": "2"}}))
    assert lines(pinned.changes) == {("u0", "pins/u0/poller")}
    longer = compared(spec(ONE), spec(ONE, pins={"u0": {"poller": Choice(version="2")}}))
    assert lines(longer.changes) == {("u0", "pins/u0/poller/version")}
    narrow = WorkloadSpec(version="1", units=FIRST)
    pruned = compared(spec(narrow), spec(narrow, prune="listed"))
    assert lines(pruned.changes) == {("u1", "prune")}
    wider = compared(spec(narrow, FIRST, prune="listed"), spec(narrow, prune="listed"))
    assert lines(wider.changes) == {("u1", "units")}
    settings = WorkloadSpec(version=ChannelRef(channel="stable"), settings={"percent": 20})
    assert lines(compared(spec(STABLE), spec(settings), ("1", "2")).changes) == {
        ("u0", "workloads/poller"),
        ("u1", "workloads/poller"),
    }


def test_a_held_change_says_where_it_comes_from() -> None:
    plan = compared(spec(STABLE), spec(STABLE, suspend=Suspend(reason="audit")), ("1", "2"))
    assert {(one.reason, one.origin.file) for one in plan.held} == {(Reason.CHANGE, CHANNEL)}


@pytest.mark.parametrize(
    ("tip", "held"),
    [(None, ()), (spec(TWO), ()), (spec(ONE), BOTH), (spec(None), BOTH), (spec(TWO, FIRST), ("u1",))],
)
def test_what_the_base_moved_on_since_is_held(tip: FleetSpec | None, held: tuple[str, ...]) -> None:
    plan = compared(spec(TWO), spec(TWO), tip=tip)
    assert {one.unit.id for one in plan.held} == set(held)
    assert {hold.code.value for one in plan.held for hold in one.reasons} <= {"behind-base"}
    assert {one.unit.id for one in plan.changes} == set(BOTH) - set(held)


def test_what_lags_behind_counts_against_no_limit() -> None:
    strict: dict[str, Any] = {"limits": Limits(replace="0%", minimum=0)}
    (broken,) = compared(spec(TWO, **strict), spec(TWO, **strict)).violations
    assert broken.intended == 2
    assert not compared(spec(TWO, **strict), spec(TWO, **strict), tip=spec(ONE)).violations
    (rest,) = compared(spec(TWO, **strict), spec(TWO, **strict), tip=spec(TWO, FIRST)).violations
    assert rest.intended == 1


def test_what_a_request_changes_itself_is_not_behind() -> None:
    assert not compared(None, spec(TWO), tip=spec(ONE)).held  # the part of the base it may stand in could not be read
    assert not compared(spec(ONE), spec(TWO), tip=spec(ONE)).held
    assert not compared(spec(None), spec(TWO), tip=spec(ONE)).held
