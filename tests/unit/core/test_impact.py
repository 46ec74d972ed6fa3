"""Which changes go back, and how much of a fleet they hit."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.core.assessment import FleetAssessment
from reconciler.model.fleet import Choice, Override, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import State
from reconciler.model.plan import Share
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref
from tests.laws import strategies
from tests.unit.core.test_core import judged, reading, unit

VERSIONS = ("v1.2.0", "v1.10.0", "v2.0.0-rc.1", "v2.0.0", "build-9", "build-10", "latest")
KNOWN = {Release("w1", name): ReleaseInfo(found=True) for name in VERSIONS}


def said(version: str, order: str | None) -> dict[str, WorkloadSpec]:
    return {"poller": WorkloadSpec(version=version, order=order)}


def goes_back(before: str | None, after: str, *, order: str | None = "semver", platform: bool = False) -> bool:
    one = judged(reading(State(before, before)), workloads=said(after, order))
    one.orders_versions = platform
    (change,) = strategies.planned(one, KNOWN).changes
    return change.downgrade


@pytest.mark.parametrize(
    ("before", "after", "back"),
    [
        ("v1.10.0", "v1.2.0", True),
        ("v1.2.0", "v1.10.0", False),
        ("v2.0.0", "v2.0.0-rc.1", True),
        ("v2.0.0-rc.1", "v2.0.0", False),
        ("v1.2.0", "latest", False),
        ("latest", "v1.2.0", False),
        (None, "v1.2.0", False),
    ],
)
def test_a_workload_that_declares_an_order_tells_what_goes_back(before: str | None, after: str, back: bool) -> None:
    assert goes_back(before, after) is back
    assert not goes_back(before, after, order=None)


def test_a_platform_that_orders_versions_tells_of_all_names() -> None:
    assert goes_back("build-10", "build-9", order=None, platform=True)
    assert not goes_back("build-9", "build-10", order=None, platform=True)
    assert not goes_back("build-10", "build-9", order="semver", platform=True), "what the manifest declares comes first"


def test_manifests_that_no_longer_declare_the_order_of_their_base_hide_no_downgrade() -> None:
    before, one = (
        judged(reading(State("v1.10.0", "v1.10.0")), workloads=said("v1.2.0", order)) for order in ("semver", None)
    )
    one.base = before.resolution
    (change,) = strategies.planned(one, KNOWN).changes
    assert change.downgrade
    one.base = judged(reading(State(None, None)), workloads={}).resolution
    (change,) = strategies.planned(one, KNOWN).changes
    assert not change.downgrade


def test_what_is_held_and_what_is_pinned_goes_back_as_well_and_a_removal_does_not() -> None:
    old = State("v2.0.0", "v2.0.0")
    overrides = [Override(units=Selector(ids=["u1"]), absent=True)]
    workloads = {"poller": WorkloadSpec(version="v3.0.0", order="semver", overrides=overrides)}
    pins = {"u0": {"poller": Choice(version="v1.2.0")}}
    found = strategies.planned(judged(reading(old, old, old), workloads=workloads, pins=pins), KNOWN)
    assert [(one.unit.id, one.downgrade) for one in found.changes] == [("u0", True), ("u1", False)]
    assert [(one.unit.id, one.downgrade) for one in found.held] == [("u2", False)]
    held = strategies.planned(judged(reading(old), workloads=said("v1.9.0", "semver")), KNOWN).held
    assert [(one.downgrade, one.reasons[0].code) for one in held] == [(True, HoldReason.VERSION_UNKNOWN)]


def shares(one: FleetAssessment) -> tuple[Share, ...]:
    return strategies.planned(one, KNOWN).shares


def test_a_share_is_of_what_the_fleet_manages_of_the_workload_weighted_by_devices() -> None:
    poller = Ref("w1", "poller")
    old, new = State("v1.2.0", "v1.2.0"), State("v1.10.0", "v1.10.0")

    def seen(*sizes: int) -> Snapshot:
        rows = [msgspec.structs.replace(unit(f"u{number}"), size=size) for number, size in enumerate(sizes)]
        return reading(old, new, old, old, units=rows)

    workloads = said("v1.10.0", None)
    workloads["poller"].overrides.append(Override(units=Selector(ids=["u3", "u4"]), unmanaged=True))
    assert shares(judged(seen(1, 1, 1, 1, 1), workloads=workloads)) == (Share(poller, 2, 3),)
    assert shares(judged(seen(10, 20, 30, 40, 50), workloads=workloads)) == (Share(poller, 40, 60),)
    assert shares(judged(seen(0, 0, 0, 0, 0), workloads=workloads)) == ()
    assert shares(judged(reading(new), workloads=said("v1.10.0", None))) == ()
