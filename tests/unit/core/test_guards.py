"""Examples of what holds a change: what the catalogue says of its release, and what makes pruning unsafe."""

from __future__ import annotations

from array import array

import msgspec
import pytest

from reconciler.core.assessment import Filters
from reconciler.model.fleet import FleetSpec, Quarantine, Selector, Suspend, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import EMPTY, State
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler.views.reason_words import hold_words
from tests.laws.strategies import NOW, WHOLE, document, drafted, planned

POLLER, VISION = Workload("w1", "poller"), Workload("w2", "vision")
OLD = State(assigned="v1", reported="v1")


def snapshot(
    poller: State = EMPTY, *, vision: State = EMPTY, agent: str | None = None, coverage: Coverage = PROVED
) -> Snapshot:
    """One unit with what it has of two workloads."""
    return Snapshot(
        identity="test:world",
        units=Units.build([Unit(0, "ua", "gw-ua", (), Reach.CONNECTED, 1, agent, assignable=True)]),
        workloads=(POLLER, VISION),
        states=[EMPTY, poller, vision],
        columns={"w1": array("I", [1]), "w2": array("I", [2])},
        coverage=coverage,
        read_at=NOW,
    )


def held(
    seen: Snapshot, info: ReleaseInfo, *names: str, prune: str = "none", filters: Filters = WHOLE
) -> set[tuple[str, HoldReason]]:
    """Plan version v2 of the workloads of these names; return what is held, and why. Nothing held may go."""
    workloads = {name: WorkloadSpec(version="v2") for name in names}
    spec = FleetSpec(connection="plant", units=Selector(all=True), workloads=workloads, prune=prune)
    catalog = {Release(one.id, "v2"): info for one in (POLLER, VISION)}
    plan = planned(drafted(document(spec), seen, filters), catalog)
    assert not {one.workload.name for one in plan.changes} & {one.workload.name for one in plan.held}
    return {(one.workload.name, hold.code) for one in plan.held for hold in one.reasons}


FOUND = ReleaseInfo(found=True)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (ReleaseInfo(found=None, detail="timed out"), HoldReason.VERSION_UNKNOWN),
        (ReleaseInfo(found=False), HoldReason.VERSION_NOT_FOUND),
        (ReleaseInfo(found=True, released=False), HoldReason.VERSION_NOT_RELEASED),
        (ReleaseInfo(found=True, forbidden="a draft"), HoldReason.VERSION_FORBIDDEN),
        (ReleaseInfo(found=True, minimum_agent="1.10"), HoldReason.AGENT_TOO_OLD),
    ],
)
def test_what_the_catalogue_says_of_a_release_holds_it(info: ReleaseInfo, reason: HoldReason) -> None:
    assert held(snapshot(agent="1.9"), info, "poller") == {("poller", reason)}


@pytest.mark.parametrize("agent", ["1.10", "2.0", None])
def test_an_agent_that_is_new_enough_or_not_known_holds_nothing(agent: str | None) -> None:
    assert held(snapshot(agent=agent), ReleaseInfo(found=True, minimum_agent="1.10"), "poller") == set()


def test_pruning_is_held_where_a_listed_workload_is_missing() -> None:
    missing = ("gone", HoldReason.VERSION_NOT_FOUND)
    seen = snapshot(vision=OLD)
    assert held(seen, FOUND, "poller", "gone", prune="all") == {missing, ("vision", HoldReason.PRUNING_UNSAFE)}
    assert held(seen, FOUND, "poller", "gone") == {missing}


def test_pruning_is_held_for_what_the_platform_protects() -> None:
    protected = msgspec.structs.replace(OLD, protected="radio 2 needs it")
    assert held(snapshot(vision=protected), FOUND, "poller", prune="all") == {("vision", HoldReason.PRUNING_UNSAFE)}
    assert held(snapshot(vision=OLD), FOUND, "poller", prune="all") == set()


def test_pruning_is_held_where_the_reading_is_incomplete() -> None:
    coverage = Coverage(complete=False, problems=("a page is short",))
    found = held(snapshot(vision=OLD, coverage=coverage), FOUND, "poller", prune="all")
    assert ("vision", HoldReason.PRUNING_UNSAFE) in found


def test_a_missing_workload_that_a_filter_leaves_out_is_not_spoken_of() -> None:
    assert held(snapshot(), FOUND, "poller", "gone", filters=Filters(workloads=("poller",))) == set()


@pytest.mark.parametrize("name", ["w2", "vision", "camera"])
@pytest.mark.parametrize("brought", ["w2 v7", "vision v7"])
def test_a_version_that_brings_a_quarantined_one_along_is_held(name: str, brought: str) -> None:
    def holds(version: str) -> list[str]:
        spec = FleetSpec(
            connection="plant",
            units=Selector(all=True),
            workloads={"poller": WorkloadSpec(version="v2"), "camera": WorkloadSpec(id="w2", unmanaged=True)},
            quarantine=[Quarantine(workload=name, version=version, reason="boot loop", until="2027-01-01")],
        )
        catalog = {Release("w1", "v2"): msgspec.structs.replace(FOUND, dependencies=("lib v1", brought))}
        plan = planned(drafted(document(spec), snapshot(OLD, vision=OLD), WHOLE), catalog)
        return [hold_words(hold, "poller", "v2") for one in plan.held for hold in one.reasons]

    assert holds("v7") == [f"poller v2 brings along {brought}: {brought} is quarantined until 2027-01-01: boot loop"]
    assert not holds("v8")


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        ("2026-11-18", False),
        ("2026-11-19", True),
        ("2026-11-18T11:06:40Z", False),
        ("2026-11-18T11:06:41Z", True),
        ("2026-11-18T12:06:40+01:00", False),
        (None, True),
    ],
)
def test_what_held_a_change_until_it_ended_is_said_and_that_moment_is_not_included(
    until: str | None, holds: bool
) -> None:
    spec = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={"poller": WorkloadSpec(version="v2"), "vision": WorkloadSpec(version="v1")},
        quarantine=[
            Quarantine(workload="poller", version="v2", reason="boot loop", until=until),
            Quarantine(workload="poller", version="v3", reason="another version", until=until),
            Quarantine(workload="vision", version="v1", reason="nothing to do there", until=until),
        ],
        suspend=Suspend(reason="audit", until=until),
    )
    seen, catalog = snapshot(OLD, vision=OLD), {Release("w1", "v2"): FOUND}
    plan = planned(drafted(document(spec), seen, WHOLE), catalog)
    assert len(plan.held) == holds
    end = f"lasted until {until}, not included; it would have held 1 change"
    told = [f"the suspension (audit) {end}", f"a quarantine (boot loop) {end}"]
    assert list(plan.warnings) == ([] if holds else told)
