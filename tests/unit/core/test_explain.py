"""Examples of what an explanation calls the lines that speak of a slot."""

from __future__ import annotations

from array import array

from reconciler.core.explain import explain
from reconciler.model.fleet import (
    ChannelRef,
    ChannelSpec,
    Choice,
    Document,
    FleetSpec,
    Manifest,
    Override,
    Pin,
    Selector,
    WorkloadSpec,
)
from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.model.report import SlotExplanation
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.strategies import NOW, document, drafted, locate, planned

POLLER = Workload("w1", "poller")
STABLE = {"stable": Document("stable", ChannelSpec(versions={"poller": "1.10"}), "channels.yaml", locate)}
ASSIGNED = State(assigned="v2", reported="v2")


def said(
    workload: WorkloadSpec | None, pin: Pin | None = None, prune: str = "none", state: State = ASSIGNED
) -> SlotExplanation:
    snapshot = Snapshot(
        identity="test:world",
        units=Units.build([Unit(0, "ua", "gw-ua", (), Reach.CONNECTED, 1, None, assignable=True)]),
        workloads=(POLLER,),
        states=[EMPTY, state],
        columns={"w1": array("I", [1])},
        coverage=PROVED,
        read_at=NOW,
    )
    spec = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={"poller": workload} if workload is not None else {},
        pins={"gw-ua": {"poller": pin}} if pin is not None else {},
        prune=prune,
    )
    one = drafted(document(spec), snapshot)
    return explain(one, planned(one), Manifest({}, STABLE, {}, ""), 0, POLLER)


def lines(found: SlotExplanation) -> list[tuple[str, str]]:
    rules = [*([found.won] if found.won is not None else []), *found.lost]
    return [(str(rule.origin).removeprefix("fleet.yaml#/spec/"), rule.text) for rule in rules]


def test_a_pin_beats_overrides_in_their_order_and_those_the_workload() -> None:
    workload = WorkloadSpec(
        version="v2",
        settings={"percent": 10},
        overrides=[
            Override(units=Selector(all=True), absent=True),
            Override(units=Selector(ids=["ub"]), version="v9"),
            Override(units=Selector(ids=["ua"]), version=ChannelRef(channel="stable")),
        ],
    )
    assert lines(said(workload, pin="v1")) == [
        ("pins/gw-ua/poller", "pins.gw-ua: v1"),
        (
            "workloads/poller/overrides/2/version",
            "workloads.poller.overrides[2]: 1.10, by channel stable (fleet.yaml#/spec/versions/poller)",
        ),
        ("workloads/poller/overrides/0/absent", "workloads.poller.overrides[0]: absent"),
        ("workloads/poller/version", "workloads.poller: v2 (percent 10)"),
    ]


def test_a_pin_may_follow_a_channel() -> None:
    text = "pins.gw-ua: 1.10, by channel stable (fleet.yaml#/spec/versions/poller)"
    won = lines(said(WorkloadSpec(unmanaged=True), pin=Choice(channel="stable")))[0]
    assert won == ("pins/gw-ua/poller/channel", text)
    won = lines(said(WorkloadSpec(unmanaged=True), pin=Choice(version=ChannelRef(channel="stable"))))[0]
    assert won == ("pins/gw-ua/poller/version", text)
    won = lines(said(WorkloadSpec(version="v2"), pin=Choice(unmanaged=True)))[0]
    assert won == ("pins/gw-ua/poller/unmanaged", "pins.gw-ua: unmanaged")


def test_pruning_is_a_rule_too() -> None:
    assert lines(said(None, prune="all")) == [("prune", "prune: absent")]
    filters = WorkloadSpec(version="v2", units=Selector(ids=["ub"]))
    assert lines(said(filters, prune="listed")) == [("prune", "prune: absent")]
    assert lines(said(filters)) == [("workloads/poller/units", "workloads.poller.units: does not match this unit")]
    assert lines(said(None)) == []


def test_what_was_not_seen_is_told_as_such() -> None:
    assert said(WorkloadSpec(version="v2"), state=UNSEEN).seen is None
    seen = said(WorkloadSpec(version="v2")).seen
    assert seen is not None
    assert (seen.assigned, seen.reported) == ("v2", "v2")
