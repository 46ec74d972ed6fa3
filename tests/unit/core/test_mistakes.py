"""What only the inventory shows to be wrong holds the slots that it is about; everything else goes on."""

from __future__ import annotations

from typing import Any

from reconciler.core.assessment import Filters, FleetAssessment, assess
from reconciler.core.mistakes import Mistakes
from reconciler.core.resolve import resolve
from reconciler.model.fleet import Document, FleetSpec, Limits, Override, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import State
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Snapshot
from tests.laws.strategies import NOW, document
from tests.unit.core.test_core import planned, reading, unit

OLD = State("1", "1")


def spec(**fields: Any) -> Document:
    said = {"connection": "plant", "units": Selector(all=True), "workloads": {"poller": WorkloadSpec(version="2")}}
    return document(FleetSpec(**{**said, "limits": Limits(), **fields}), fields.pop("name", "fleet"))


def named(name: str, **fields: Any) -> Document:
    one = spec(**fields)
    return Document(name, one.spec, f"{name}.yaml", one.locate)


def together(snapshot: Snapshot, *documents: Document) -> list[FleetPlan]:
    """Return the plans of the fleets of one connection."""
    resolutions = [resolve(one, {}, snapshot.units, snapshot.workloads) for one in documents]
    mistakes = Mistakes(resolutions, snapshot.units)

    def judged(number: int) -> FleetAssessment:
        return assess(
            documents[number],
            connection="plant",
            platform="test",
            channels={},
            snapshot=snapshot,
            now=NOW,
            retries_itself=True,
            filters=Filters(),
            resolution=resolutions[number],
            mistakes=mistakes,
        )

    return [planned(judged(number)) for number in range(len(documents))]


def going(plan: FleetPlan) -> list[str]:
    return [change.unit.id for change in plan.changes]


def mistaken(plan: FleetPlan) -> list[str]:
    codes = {held.unit.id: {reason.code for reason in held.reasons} for held in plan.held}
    assert all(found == {HoldReason.MISTAKE} for found in codes.values())
    return sorted(codes)


def test_a_pin_whose_unit_left_the_scope_holds_that_unit_wherever_it_is_claimed() -> None:
    here = spec(units=Selector(ids=["u0"]), pins={"u1": {"poller": "1"}})
    there = named("other", units=Selector(ids=["u1", "u2"]))
    mine, others = together(reading(OLD, OLD, OLD), here, there)
    assert (going(mine), mistaken(mine)) == (["u0"], [])
    assert (going(others), mistaken(others)) == (["u2"], ["u1"])
    assert [one.code for one in mine.diagnostics] == ["pin-outside"]
    (held,) = others.held
    assert held.reasons[0].at is not None
    assert held.reasons[0].at.file.endswith("/pins/u1/poller")


def test_a_pin_by_a_name_that_two_units_bear_holds_both() -> None:
    twins = reading(OLD, OLD, OLD, units=[unit("u0", name="twin"), unit("u1", name="twin"), unit("u2")])
    (plan,) = together(twins, spec(pins={"twin": {"poller": "2"}}))
    assert (going(plan), mistaken(plan)) == (["u2"], ["u0", "u1"])


def test_a_selector_by_a_name_that_two_units_bear_holds_both() -> None:
    units = [unit("u0", name="twin"), unit("u1", name="twin"), unit("u2"), unit("u3")]
    twins = reading(OLD, OLD, OLD, OLD, units=units)
    (scope,) = together(twins, spec(units=Selector(names=["twin", "gw-u2"])))
    assert (going(scope), mistaken(scope)) == (["u2"], ["u0", "u1"])
    override = Override(units=Selector(names=["twin"]), version="1")
    (inner,) = together(twins, spec(workloads={"poller": WorkloadSpec(version="2", overrides=[override])}))
    assert (going(inner), mistaken(inner)) == (["u2", "u3"], [])  # both have what the override asks for
    (pruned,) = together(twins, spec(units=Selector(names=["twin"]), workloads={}, prune="all"))
    assert (going(pruned), mistaken(pruned)) == ([], ["u0", "u1"])


def test_two_pins_on_one_unit_hold_it() -> None:
    (plan,) = together(reading(OLD, OLD), spec(pins={"u0": {"poller": "2"}, "gw-u0": {"poller": "3"}}))
    assert (going(plan), mistaken(plan)) == (["u1"], ["u0"])


def test_two_entries_of_one_workload_hold_it_in_their_scope() -> None:
    twice = {"poller": WorkloadSpec(version="2"), "again": WorkloadSpec(id="w1", version="3")}
    mine, others = together(
        reading(OLD, OLD, OLD),
        spec(units=Selector(ids=["u0", "u1"]), workloads=twice),
        named("other", units=Selector(ids=["u2"])),
    )
    assert (going(mine), mistaken(mine)) == ([], ["u0", "u1"])
    assert going(others) == ["u2"]


def test_what_two_fleets_claim_is_held_in_both_and_the_rest_goes() -> None:
    left = spec(units=Selector(ids=["u0", "u1"]))
    right = named("other", units=Selector(ids=["u1", "u2"]))
    for plan, goes in zip(together(reading(OLD, OLD, OLD), left, right), ("u0", "u2"), strict=True):
        assert (going(plan), mistaken(plan)) == ([goes], ["u1"])
        assert [one.code for one in plan.diagnostics] == ["claimed-twice"]


def test_held_mistakes_still_count_against_limits() -> None:
    """What a mistake holds today goes tomorrow: limits judge what is intended."""
    both = spec(limits=Limits(replace="2", minimum=0))
    plans = together(reading(OLD, OLD, OLD), both, named("other", units=Selector(ids=["u1"])))
    assert [one.intended for one in plans[0].violations] == [3]
