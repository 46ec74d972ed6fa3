"""Laws of explain: it says what the plan says, names the rule that decides, and every rule that lost, strongest first."""

from __future__ import annotations

from array import array

import msgspec
from hypothesis import given

from reconciler.core.explain import explain, stray
from reconciler.core.judge import CHANGES, Patience, verdict
from reconciler.model.change import Step
from reconciler.model.desired import UNMANAGED
from reconciler.model.fleet import ChannelRef, ChannelSpec, Document, FleetSpec, Manifest, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.model.report import SlotExplanation
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.naive import selects
from tests.laws.strategies import CHANNELS, NOW, WORKLOADS, document, drafted, fleets, locate, planned, snapshots

CHANNEL_DOCUMENTS = {
    name: Document(name, ChannelSpec(versions=versions), "channels.yaml", locate) for name, versions in CHANNELS.items()
}


def explained(fleet: Document, snapshot: Snapshot) -> list[tuple[int, Workload, SlotExplanation]]:
    one = drafted(fleet, snapshot)
    plan = planned(one)
    manifest = Manifest(connections={}, channels=CHANNEL_DOCUMENTS, fleets={fleet.name: fleet}, digest="")
    return [
        (row, workload, explain(one, plan, manifest, row, workload))
        for row in range(len(snapshot.units))
        for workload in snapshot.workloads
    ]


@given(fleets(), snapshots())
def test_an_explanation_says_what_the_plan_says(fleet: Document, snapshot: Snapshot) -> None:
    one = drafted(fleet, snapshot)
    plan = planned(one)
    changes = {(change.unit.id, change.workload.id): change for change in plan.changes}
    held = {(entry.unit.id, entry.workload.id): entry for entry in plan.held}
    for row, workload, said in explained(fleet, snapshot):
        slot = snapshot.units.ids[row], workload.id
        column = one.resolution.columns.get(workload.id)
        value = column.rule(row).value if column is not None else UNMANAGED
        state = snapshot.state(workload.id, row)
        assert said.desired == str(value)
        assert said.verdict is verdict(value, state, Reach(snapshot.units.reach[row]), Patience(now=NOW))
        assert (said.seen is None) == (state == UNSEEN)
        assert (said.planned is not None) == (slot in changes)
        mistakes = one.mistakes.holds(workload.id).get(row, ())
        assert said.held == (held[slot].reasons if slot in held else mistakes)
        assert not (said.planned and said.held)
        if said.verdict in CHANGES:
            assert said.planned or said.held
        if said.planned is not None:
            change = changes[slot]
            assert (said.planned.verb, said.planned.from_, said.planned.to) == (change.verb, change.from_, change.to)
            assert said.planned.calls == (f"test.{change.verb}: POST /{change.unit.id}",)


@given(fleets(), snapshots())
def test_every_rule_that_speaks_of_a_slot_is_named_strongest_first(fleet: Document, snapshot: Snapshot) -> None:
    one = drafted(fleet, snapshot)
    for row, workload, said in explained(fleet, snapshot):
        column = one.resolution.columns.get(workload.id)
        if column is None or not column.winner(row) or column.rule(row).kind == "prune":
            continue
        spec: FleetSpec = fleet.spec
        name = str(column.rules[1].path[2])
        unit = snapshot.units[row]
        speaking = [f"workloads.{name}"]
        for position, override in enumerate(spec.workloads[name].overrides):
            if selects(override.units, unit):
                speaking.append(f"workloads.{name}.overrides[{position}]")
        won, *lost = [said.won.text if said.won else "", *(rule.text for rule in said.lost)]
        if column.rule(row).kind == "pin":
            assert won.startswith("pins.")
        else:
            assert won.startswith(f"{speaking.pop()}: {said.desired}")
        assert [text.split(": ")[0] for text in lost] == speaking[::-1]


@given(fleets(), snapshots())
def test_a_slot_without_a_rule_says_which_line_leaves_it_out(fleet: Document, snapshot: Snapshot) -> None:
    one = drafted(fleet, snapshot)
    for row, workload, said in explained(fleet, snapshot):
        column = one.resolution.columns.get(workload.id)
        if column is not None and column.winner(row):
            assert said.won is not None
        elif row not in one.resolution.scope:
            assert said.won is not None
            assert str(said.won.origin).endswith("/spec/units")
        elif column is not None:
            assert said.won is not None
            assert str(said.won.origin).endswith("/units")
        else:
            assert said.won is None
        lost = stray(snapshot, row, workload)
        assert (lost.fleet, lost.won, lost.desired, lost.seen) == ("", None, "unmanaged", said.seen)


@given(fleets(), snapshots())
def test_the_line_named_is_the_one_that_says_it(fleet: Document, snapshot: Snapshot) -> None:
    """Whoever changed the version is whom a person must ask, not whoever wrote the workload's heading."""
    for _, _, said in explained(fleet, snapshot):
        for rule in [*([said.won] if said.won is not None and said.seen is not None else []), *said.lost]:
            place = str(rule.origin).rpartition("/")[2]
            if rule.text.startswith("workloads.") and "does not match" not in rule.text:
                says = rule.text.split(": ")[1]
                assert place == (says if says in {"absent", "unmanaged"} else "version")


def test_later_steps_are_told_as_later() -> None:
    states = [EMPTY, State(assigned="v2", reported="v2")]
    units = Units.build([Unit(0, "ua", "gw-ua", (), Reach.CONNECTED, 1, None, assignable=True)])
    snapshot = Snapshot(
        identity="test:world",
        units=units,
        workloads=WORKLOADS[:1],
        states=states,
        columns={"w1": array("I", [1])},
        coverage=PROVED,
        read_at=NOW,
    )
    spec = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={"poller": WorkloadSpec(version=ChannelRef(channel="stable"))},
    )
    one = drafted(document(spec), snapshot)
    plan = planned(one)
    change = msgspec.structs.replace(plan.changes[0], steps=(Step("test.replace"), Step("test.deploy", "later")))
    plan = msgspec.structs.replace(plan, changes=(change,))
    manifest = Manifest(connections={}, channels=CHANNEL_DOCUMENTS, fleets={}, digest="")
    said = explain(one, plan, manifest, 0, WORKLOADS[0])
    assert said.planned is not None
    assert said.planned.calls == ("test.replace: POST /ua", "then test.deploy")
    assert said.won is not None
    assert said.won.text == "workloads.poller: 1.10, by channel stable (fleet.yaml#/spec/versions/poller)"
