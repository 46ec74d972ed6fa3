"""Limits by example: for each workload and for the fleet, whatever the filters, with what is unknown counted as intended."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec
import pytest

from reconciler.core.assessment import Filters
from reconciler.model.fleet import FleetSpec, Limits, Override, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, State
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler.views.limit_words import violation_words
from tests.laws.strategies import document, drafted, planned

MISSED = Coverage(False, ("the list changed while it was read",))
EVERYWHERE = Selector(all=True)


def reading(
    units: int, holders: dict[str, Sequence[int]], *, unseen: dict[str, Sequence[int]] | None = None, sizes: int = 1
) -> Snapshot:
    """Return a reading of workloads by name, each with version 1 on the units of these numbers."""
    workloads = tuple(Workload(f"id-{name}", name) for name in holders)
    columns = {}
    for workload in workloads:
        column = array("I", bytes(4 * units))
        for number in holders[workload.name]:
            column[number] = 1
        for number in (unseen or {}).get(workload.name, ()):
            column[number] = 0
        columns[workload.id] = column
    rows = [
        Unit(0, f"u{number:03}", f"gw-{number:03}", (), Reach.CONNECTED, sizes, "2.0.0", True)
        for number in range(units)
    ]
    return Snapshot(
        identity="test:world",
        units=Units.build(rows),
        workloads=workloads,
        states=[EMPTY, State("1", "1")],
        columns=columns,
        coverage=MISSED if unseen else PROVED,
        read_at=1.0,
    )


def gone(count: int) -> WorkloadSpec:
    """Return a workload that stays on all units but the first so many."""
    ids = [f"u{number:03}" for number in range(count)]
    return WorkloadSpec(version="1", overrides=[Override(units=Selector(ids=ids), absent=True)])


def plan(
    snapshot: Snapshot,
    workloads: dict[str, WorkloadSpec],
    limits: Limits | None = None,
    filters: Filters | None = None,
) -> FleetPlan:
    spec = FleetSpec(connection="plant", units=EVERYWHERE, workloads=workloads, limits=limits or Limits())
    return planned(drafted(document(spec), snapshot, filters or Filters()))


def words(found: FleetPlan) -> list[str]:
    return [violation_words(one) for one in found.violations]


def test_a_limit_is_held_against_each_workload() -> None:
    names = [f"w{number}" for number in range(6)]
    snapshot = reading(100, {name: range(100) for name in names})
    found = plan(snapshot, {name: gone(47 if name == "w0" else 0) for name in names})
    assert words(found) == ["would remove w0 on 47 of 100 assigned; remove is limited to 10% (10)"]
    assert not plan(snapshot, {name: gone(10) for name in names}).violations


def test_a_number_is_held_against_the_fleet_as_well() -> None:
    snapshot = reading(100, {"a": range(100), "b": range(100)})
    found = plan(snapshot, {"a": gone(3), "b": gone(3)}, Limits(remove="5"))
    assert words(found) == ["would remove 6 of 200 assigned; remove is limited to 5"]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(units=("u000",)),
        Filters(workloads=("vision",)),
        Filters(exclude=("gw-00*",)),
        Filters(units=("u000",), workloads=("poller",)),
    ],
)
def test_filters_do_not_narrow_what_is_judged(filters: Filters) -> None:
    snapshot = reading(40, {"poller": range(40), "vision": range(40)})
    found = plan(snapshot, {"poller": gone(20), "vision": gone(0)}, filters=filters)
    assert words(found) == ["would remove poller on 20 of 40 assigned; remove is limited to 10% (4)"]
    assert len(found.changes) < 20


def test_slots_that_were_not_seen_count_as_removals() -> None:
    snapshot = reading(40, {"poller": range(40)}, unseen={"poller": range(17)})
    found = plan(snapshot, {"poller": gone(20)})
    assert words(found) == [
        "would remove poller on 20 of 40 assigned, counting 17 of unknown state; remove is limited to 10% (4)"
    ]
    assert len(found.changes) == 3


def test_slots_that_were_not_seen_forbid_nothing_where_no_removal_is_known() -> None:
    snapshot = reading(40, {"poller": range(40)}, unseen={"poller": range(20)})
    assert not plan(snapshot, {"poller": gone(20)}).violations


def test_a_single_removal_is_no_percentage_where_few_units_hold_the_workload() -> None:
    snapshot = reading(40, {"poller": range(40), "vision": range(3)})
    assert not plan(snapshot, {"vision": gone(1)}).violations
    assert words(plan(snapshot, {"vision": gone(2)})) == [
        "would remove vision on 2 of 3 assigned; remove is limited to 10% (0)"
    ]
    unseen = reading(40, {"poller": range(40), "vision": range(3)}, unseen={"vision": [1]})
    assert words(plan(unseen, {"vision": gone(2)})) == [
        "would remove vision on 2 of 3 assigned, counting 1 of unknown state; remove is limited to 10% (0)"
    ]


def test_units_that_were_not_shown_count_as_removals() -> None:
    snapshot = reading(36, {"poller": range(36)})
    assert not plan(snapshot, {"poller": gone(3)}).violations
    snapshot.coverage = msgspec.structs.replace(MISSED, unseen=4)
    assert words(plan(snapshot, {"poller": gone(3)})) == [
        "would remove poller on 7 of 40 assigned, counting 4 of unknown state; remove is limited to 10% (4)"
    ]
    assert not plan(snapshot, {"poller": gone(0)}).violations


def test_removing_every_holder_counts_what_was_not_seen() -> None:
    snapshot = reading(9, {"poller": range(2)}, unseen={"poller": [0]})
    found = plan(snapshot, {"poller": WorkloadSpec(absent=True)}, Limits(remove="100%"))
    assert words(found) == [
        "would remove poller from every unit of the fleet that has it (9, counting 8 of unknown state)"
    ]


def test_a_share_of_releases_is_one_of_the_units_that_should_have_the_workload() -> None:
    snapshot = reading(100, {"poller": range(100), "vision": ()})
    workloads = {"poller": WorkloadSpec(version="1"), "vision": WorkloadSpec(version="1")}
    assert words(plan(snapshot, workloads, Limits(release="10%"))) == [
        "would release vision on 100 of 100 to have it; release is limited to 10% (10)"
    ]
    few = WorkloadSpec(units=Selector(ids=["u001"]), version="1")
    assert words(plan(snapshot, {**workloads, "vision": few}, Limits(release="100%"))) == []


def test_devices_are_counted_where_units_hold_several() -> None:
    snapshot = reading(10, {"poller": range(10)}, sizes=7)
    assert words(plan(snapshot, {"poller": gone(2)})) == [
        "would remove poller on 14 of 70 assigned; remove is limited to 10% (7)"
    ]
