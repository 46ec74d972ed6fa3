"""Saved changes by example: what a run that is narrowed says of those it leaves out."""

from __future__ import annotations

from array import array

import pytest

from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.core.bind import bind
from reconciler.core.plan import fleet_plan
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.outcome import Result
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.strategies import NOW, Single, document, drafted, planned
from tests.unit.core.test_require import CATALOG, fleet, judged, snapshot, wants

FOUND = {Release("w1", "2"): ReleaseInfo(found=True)}


@pytest.mark.parametrize("filters", [Filters(units=("elsewhere",)), Filters(workloads=("vision",))], ids=str)
def test_what_filters_leave_out_is_not_tried(filters: Filters) -> None:
    document, read = (
        fleet(poller=wants("1.4"), vision=wants("2")),
        snapshot({("u", "poller"): "1.3", ("u", "vision"): "2"}),
    )
    saved, today = (
        (one, fleet_plan(one, CATALOG, Single(), manifest="", commit=None))
        for one in (judged(document, read, Filters()), judged(document, read, filters))
    )
    (change,) = saved[1].changes
    bound = bind([change], saved[1].basis.versions, today[1], today[0])
    assert not bound.going
    (one,) = bound.settled
    assert (one.change, one.result, one.detail) == (change, Result.NOT_TRIED, f"excluded by {filters.words}")


def test_what_manifests_leave_alone_by_now_has_moved() -> None:
    read = snapshot({("u", "poller"): "1.3"})
    saved, today = (
        (one, fleet_plan(one, CATALOG, Single(), manifest="", commit=None))
        for one in (judged(fleet(poller=wants(version)), read, Filters()) for version in ("1.4", ""))
    )
    bound = bind(saved[1].changes, saved[1].basis.versions, today[1], today[0])
    (one,) = bound.settled
    assert (one.result, one.detail) == (Result.STALE, "the manifests now ask for unmanaged here")


def assessed(
    state: State | None,
    *,
    version: str | None = "2",
    reach: Reach = Reach.CONNECTED,
    workload: str = "poller",
    coverage: Coverage = PROVED,
) -> FleetAssessment:
    """Return a fleet of one unit in this state; None: the unit is not shown."""
    said = WorkloadSpec(absent=True) if version is None else WorkloadSpec(version=version)
    units = [] if state is None else [Unit(0, "u", "gw", (), reach, 1, "2.0.0", True)]
    read = Snapshot(
        identity="test:world",
        units=Units.build(units),
        workloads=(Workload("w1", workload),),
        states=[EMPTY, state or EMPTY],
        columns={"w1": array("I", [1] * len(units))},
        coverage=coverage,
        read_at=NOW,
    )
    spec = FleetSpec(connection="plant", units=Selector(all=True), workloads={"poller": said})
    return drafted(document(spec), read)


def settled(today: FleetAssessment, *, version: str | None = "2") -> tuple[Result, str]:
    """Return what becomes of the saved change from 1 to `version`."""
    saved = planned(assessed(State("1", "1"), version=version), FOUND)
    (one,) = bind(saved.changes, saved.basis.versions, planned(today, FOUND), today).settled
    return one.result, one.detail


@pytest.mark.parametrize(
    ("state", "reach", "expected"),
    [
        (State("2", "2"), Reach.CONNECTED, (Result.DONE, "already as desired")),
        (
            State("2", "1", Phase.FAILED, error="disk full", since=NOW),
            Reach.CONNECTED,
            (Result.FAILED, "disk full"),
        ),
        (
            State("2", "1", Phase.MOVING, since=NOW),
            Reach.CONNECTED,
            (Result.WAITING, "already assigned; the unit is still on its way"),
        ),
        (
            State("2", "1"),
            Reach.CONNECTED,
            (Result.WAITING, "already assigned; the unit is still on its way, for longer than its deadline"),
        ),
        (
            State("2", "1"),
            Reach.DISCONNECTED,
            (Result.WAITING, "assigned; the unit is not connected and takes it when it reconnects"),
        ),
    ],
    ids=["settled", "failed", "moving", "stuck", "away"],
)
def test_what_is_assigned_already_ends_as_the_unit_fares(
    state: State, reach: Reach, expected: tuple[Result, str]
) -> None:
    assert settled(assessed(state, reach=reach)) == expected


def test_what_is_removed_already_ends_as_the_unit_fares() -> None:
    gone, leaving = State(), State(None, "1")
    assert settled(assessed(gone, version=None), version=None) == (Result.DONE, "already as desired")
    assert settled(assessed(leaving, version=None), version=None) == (
        Result.WAITING,
        "already removed on the platform; the unit is still on its way",
    )


MISSED = Coverage(False, ("devices are missing from the list",))


@pytest.mark.parametrize(
    "today",
    [
        assessed(None, coverage=MISSED),
        assessed(State("1", "1"), workload="other", coverage=MISSED),
        assessed(State("1", "1", Phase.UNKNOWN), coverage=MISSED),
    ],
    ids=["unit", "workload", "state"],
)
def test_what_was_not_seen_is_unknown_not_gone(today: FleetAssessment) -> None:
    saved = planned(assessed(State("1", "1")), FOUND)
    (one,) = bind(saved.changes, saved.basis.versions, planned(today, FOUND), today).settled
    assert one.result is Result.NOT_TRIED
    assert "unknown" in one.detail or one.holds


def test_what_is_proved_to_be_gone_is_said() -> None:
    assert settled(assessed(None)) == (Result.STALE, "the unit is gone")
    result, detail = settled(assessed(State("1", "1"), workload="other"))
    assert (result, detail) == (Result.STALE, "the platform has no workload named 'poller'; it has other")
