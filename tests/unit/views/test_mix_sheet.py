"""A fleet by version: what a plan makes of it."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.model.change import Change
from reconciler.model.plan import FleetPlan, VersionCount, VersionMix
from reconciler.views.mix_sheet import PARTS, mixes
from tests.golden import plans

NOW = (VersionCount("v1", 6, 0), VersionCount("v2", 2, 9), VersionCount(None, 1, 1))


def shown(*changes: Change, unknown: int = 0, blocked: bool = False) -> dict[str, tuple[str, str, str]]:
    """The numbers of a workload's versions: now, after the plan, as git says."""
    one = VersionMix(workload=plans.POLLER, versions=NOW, unknown=unknown)
    broken = [plans.removes_too_much("austin")] if blocked else []
    fleet: FleetPlan = msgspec.structs.replace(plans.fleet(changes=changes, violations=broken), mix=(one,))
    (found,) = mixes(plans.plan(fleet))
    return {row.version: (row.now.number, row.after.number, row.desired.number) for row in found.rows}


def move(before: str | None, after: str | None, **more: object) -> Change:
    return msgspec.structs.replace(plans.change(1, plans.POLLER, before, after), **more)


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (move("v1", "v2"), {"v1": "5", "v2": "3", "nothing": "1"}),
        (move("v1", "v2", size=4), {"v1": "2", "v2": "6", "nothing": "1"}),
        (move("v1", "v2", size=4, share=50), {"v1": "4", "v2": "4", "nothing": "1"}),
        (move(None, "v2"), {"v1": "6", "v2": "3", "nothing": "0"}),
        (move("v2", None), {"v1": "6", "v2": "1", "nothing": "2"}),
        (move("v2", "v2"), {"v1": "6", "v2": "2", "nothing": "1"}),
        (move("v1", "v3"), {"v1": "5", "v2": "2", "v3": "1", "nothing": "1"}),
        (plans.change(1, plans.POLLER, "v1", "v1", reason=plans.Reason.LEFTOVER, extra_versions=("v0",)), {"v1": "6", "v2": "2", "nothing": "1"}),
    ],
)  # fmt: skip
def test_changes_move_devices_from_one_version_to_another(change: Change, after: dict[str, str]) -> None:
    assert {version: numbers[1] for version, numbers in shown(change).items()} == after


def test_a_blocked_fleet_stays_as_it_is_and_what_is_unknown_is_said() -> None:
    found = shown(move("v1", "v2"), unknown=1, blocked=True)
    assert found["v1"] == ("6", "6", "0")
    assert found["unknown"] == ("1", "1", "0")


def test_fleets_are_together_by_workload_and_apart_below_that() -> None:
    one = VersionMix(workload=plans.POLLER, versions=NOW)
    many = [msgspec.structs.replace(plans.fleet(f"site-{number}"), mix=(one,)) for number in range(PARTS + 2)]
    elsewhere = msgspec.structs.replace(plans.fleet("north"), platform="memfault", mix=(one,))
    together, alone = mixes(plans.plan(*many, elsewhere))
    assert together.fleet == "52 fleets: site-0, site-1, site-2 and 49 more"
    assert [(row.version, row.now.number) for row in together.rows] == [("v2", "104"), ("v1", "312"), ("nothing", "52")]
    assert (len(together.parts), together.rest) == (PARTS, "2 more fleets in the saved plan")
    assert (alone.fleet, alone.parts) == ("north", ())


def test_what_changes_comes_first_and_what_is_as_git_says_is_counted() -> None:
    calm = VersionMix(workload=plans.VISION, versions=(VersionCount("v9", 4, 4),))
    busy = VersionMix(workload=plans.POLLER, versions=NOW)
    found = mixes(plans.plan(msgspec.structs.replace(plans.fleet(), mix=(calm, busy))))
    assert [(one.workload, one.settled) for one in found] == [("modbus-poller", False), ("vision", True)]
