"""Which versions a fleet has, and which git gives it."""

from __future__ import annotations

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.model.fleet import Override, Selector, WorkloadSpec
from reconciler.model.observation import UNSEEN, State
from reconciler.model.plan import VersionCount, VersionMix
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref
from tests.laws import strategies
from tests.unit.core.test_core import judged, reading, unit

POLLER = Ref("w1", "poller")
OLD, NEW = State("v1", "v1"), State("v2", "v2")


def mix(one: FleetAssessment) -> tuple[VersionMix, ...]:
    return strategies.planned(one, {}).mix


def workloads(*overrides: Override) -> dict[str, WorkloadSpec]:
    return {"poller": WorkloadSpec(version="v2", overrides=list(overrides))}


def sized(*sizes: int) -> Snapshot:
    rows = [msgspec.structs.replace(unit(f"u{number}"), size=size) for number, size in enumerate(sizes)]
    return reading(OLD, NEW, State(), UNSEEN, OLD, units=rows)


def test_devices_are_counted_by_what_is_assigned_and_by_what_git_gives_them() -> None:
    absent = Override(units=Selector(ids=["u4"]), absent=True)
    (found,) = mix(judged(sized(1, 1, 1, 1, 1), workloads=workloads(absent)))
    counts = (VersionCount("v1", 2, 0), VersionCount("v2", 1, 4), VersionCount(None, 1, 1))
    assert found == VersionMix(workload=POLLER, versions=counts, unknown=1)


def test_a_unit_of_many_devices_counts_as_many_and_what_is_unmanaged_does_not_count() -> None:
    left = Override(units=Selector(ids=["u0"]), unmanaged=True)
    (found,) = mix(judged(sized(1000, 20, 0, 3, 400), workloads=workloads(left)))
    counts = (VersionCount("v1", 400, 0), VersionCount("v2", 20, 423))
    assert found == VersionMix(workload=POLLER, versions=counts, unknown=3)


def test_a_fleet_without_devices_has_no_versions() -> None:
    assert mix(judged(sized(0, 0, 0, 0, 0), workloads=workloads())) == ()
    assert mix(judged(reading(OLD), workloads={"poller": WorkloadSpec(unmanaged=True)})) == ()


def test_filters_leave_nothing_out() -> None:
    one = judged(sized(1, 1, 1, 1, 1), workloads=workloads())
    (whole,) = mix(one)
    one.judged = []
    assert mix(one) == (whole,)
