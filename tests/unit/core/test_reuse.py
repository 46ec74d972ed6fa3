"""What is taken over from the reading before, and what makes it be worked out anew: either way the same comes out."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from copy import copy
from itertools import product
from typing import Any

import pytest

from reconciler.core.decide import Assessed, PlanRequest, Seen, assess_reading
from reconciler.core.judge import Patience, judge, judged_anew
from reconciler.core.resolve import channels_of
from reconciler.core.reuse import Before
from reconciler.model.fleet import (
    ChannelRef,
    ChannelSpec,
    Document,
    FleetSpec,
    Manifest,
    Override,
    Rollout,
    Selector,
    WorkloadSpec,
)
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.origin import Origin, Path
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler.model.verdict import Verdict

NOW = 1_795_000_000.0
MOVING = State("1", "0", Phase.MOVING, since=NOW - 10)
WORKLOADS = (Workload("w1", "poller"), Workload("w2", "vision"))


def reading(**fields: Any) -> Snapshot:
    units = Units.build(
        Unit(0, f"u{row}", f"gw-{row}", (("site", "a" if row < 3 else "b"),), Reach.CONNECTED, 1, "2", True)
        for row in range(4)
    )
    given: dict[str, Any] = {
        "identity": "plant",
        "units": units,
        "workloads": WORKLOADS,
        "states": [EMPTY, State("1", "1"), MOVING, State("7", "7")],
        "columns": {"w1": array("I", [1, 2, 1, 3]), "w2": array("I", [1, 1, 1, 1])},
        "coverage": PROVED,
        "read_at": NOW,
    }
    return Snapshot(**{**given, **fields})


def request(line: int = 1, version: Any = "1", channel: str = "1", site: str = "b", **spec: Any) -> PlanRequest:
    def locate(path: Path) -> Origin:
        return Origin(f"{path[-1]}.yaml", line, 1)

    def fleet(name: str, units: Selector) -> Document:
        said = {
            "poller": WorkloadSpec(version=version, **spec),
            "vision": WorkloadSpec(version=ChannelRef(channel="stable")),
        }
        rollout = Rollout(deadline="1m")
        return Document(name, FleetSpec(connection="plant", units=units, workloads=said, rollout=rollout), "f", locate)

    fleets = {
        "first": fleet("first", Selector(tags={"site": "a"})),
        "second": fleet("second", Selector(tags={"site": site})),
    }
    stable = Document("stable", ChannelSpec(versions={"vision": channel}), "c", locate)
    return PlanRequest(manifest=Manifest({}, {"stable": stable}, fleets, "d"))


def assessed(asked: PlanRequest, snapshot: Snapshot, now: float, before: Before | None = None) -> Assessed:
    seen = Seen(connection="plant", platform="p", retries_itself=True, steps=False, snapshot=snapshot, done_at=0.0)
    fleets = asked.manifest.fleets
    return assess_reading(asked, seen, set(fleets), now, before=before)


def of(asked: PlanRequest, one: Assessed) -> Before:
    judged = {each.document.name: each.unfiltered for each in one.assessments}
    return Before(one.snapshot, channels_of(asked.manifest), one.resolutions, one.mistakes, judged)


def shown(one: Assessed) -> list[Any]:
    """Return all that a connection was found to be."""
    return [
        (
            each.document.name,
            [(it.column.workload, it.tally, it.intents, it.column.rules) for it in each.unfiltered],
            each.diagnostics,
            [it.diagnostic for it in each.resolution.mistakes],
        )
        for each in one.assessments
    ]


def other_reach(snapshot: Snapshot) -> Snapshot:
    row = snapshot.units[1]
    unit = Unit(1, row.id, row.name, row.labels, Reach.DISCONNECTED, 1, "3", True)
    return replaced(snapshot, units=snapshot.units.replaced([unit]))


def other_labels(snapshot: Snapshot) -> Snapshot:
    row = snapshot.units[1]
    unit = Unit(1, row.id, "renamed", (("site", "b"),), row.reach, 1, row.agent, True)
    return replaced(snapshot, units=snapshot.units.replaced([unit]))


def other_state(snapshot: Snapshot) -> Snapshot:
    columns = {**snapshot.columns, "w1": array("I", [1, 1, 1, 4])}
    return replaced(snapshot, states=[*snapshot.states, State("9", "9")], columns=columns)


def other_numbers(snapshot: Snapshot) -> Snapshot:
    first, second, *rest = snapshot.states[1:]
    return replaced(snapshot, states=[EMPTY, second, first, *rest])


def other_names(snapshot: Snapshot) -> Snapshot:
    return replaced(snapshot, workloads=(Workload("w1", "renamed"), WORKLOADS[1]))


def replaced(snapshot: Snapshot, **fields: Any) -> Snapshot:
    found = copy(snapshot)
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def unchanged(snapshot: Snapshot) -> Snapshot:
    return replaced(snapshot, read_at=NOW + 60)


READINGS = [unchanged, other_reach, other_labels, other_state, other_numbers, other_names]
REQUESTS: list[dict[str, Any]] = [
    {},
    {"line": 9},
    {"version": "2"},
    {"channel": "2"},
    {"site": "a"},
    {"site": "nowhere"},
    {"overrides": [Override(units=Selector(ids=["u9"]), version="3")]},
]


@pytest.mark.parametrize("later", [0.0, 3600.0])
@pytest.mark.parametrize("change", READINGS)
def test_what_is_taken_over_changes_nothing(change: Callable[[Snapshot], Snapshot], later: float) -> None:
    snapshot = reading()
    for first, second in product(REQUESTS, REQUESTS):
        asked, again = request(**first), request(**second)
        before = of(asked, assessed(asked, snapshot, NOW))
        found = assessed(again, change(snapshot), NOW + later, before)
        assert shown(found) == shown(assessed(again, change(snapshot), NOW + later)), (first, second)


def test_what_shows_the_same_is_taken_over_and_means_what_it_means_by_now() -> None:
    snapshot, asked = reading(), request()
    old = assessed(asked, snapshot, NOW)
    found = assessed(request(line=7), unchanged(snapshot), NOW + 3600, of(asked, old))
    for one, before in zip(found.assessments, old.assessments, strict=True):
        assert one.resolution.columns is before.resolution.columns
        assert [it.triples for it in one.unfiltered] == [it.triples for it in before.unfiltered]
        assert one.document.locate(("spec",)).line == 7
    assert found.mistakes is old.mistakes
    assert [old.assessments[0].unfiltered[0].count(one) for one in (Verdict.CONVERGING, Verdict.STUCK)] == [1, 0]
    assert [found.assessments[0].unfiltered[0].count(one) for one in (Verdict.CONVERGING, Verdict.STUCK)] == [0, 1]


def test_units_that_are_other_than_before_share_what_is_not() -> None:
    units = reading().units
    assert units.replaced([units[0], units[2]]) is units
    one = units[1]
    found = units.replaced([Unit(1, one.id, one.name, one.labels, Reach.DISCONNECTED, 1, "9", True)])
    assert (found.names, found.labels) == (units.names, units.labels)
    assert found.names is units.names
    assert found.index is units.index
    assert (found[1].reach, found[1].agent, units[1].reach) == (Reach.DISCONNECTED, "9", Reach.CONNECTED)
    moved = units.replaced([Unit(1, one.id, "other", (("ring", "x"),), one.reach, 1, one.agent, True)])
    assert (moved.named("other"), moved.named("gw-1"), units.named("gw-1")) == ([1], [], [1])
    assert dict(moved.tagged("ring")) == {"x": array("I", [2])}
    assert dict(units.tagged("ring")) == {}


def test_what_means_something_else_by_now_is_judged_by_every_slot() -> None:
    failed = State("1", "0", Phase.FAILED)
    snapshot = reading(states=[EMPTY, State("1", "1"), failed, State("7", "7")])
    one = assessed(request(), snapshot, NOW).assessments[0].unfiltered[0]
    assert one.intents == []
    impatient = Patience(now=NOW, retries_itself=False)
    again = judged_anew(one, snapshot, impatient)
    assert [(it.row, it.verdict) for it in again.intents] == [(1, Verdict.RETRY)]
    assert again == judge(one.column, snapshot, impatient)
