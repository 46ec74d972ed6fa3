"""A fleet by version: what a plan makes of it."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.model.change import Change
from reconciler.model.plan import FleetPlan, VersionCount, VersionMix
from reconciler.views.mix_sheet import mixes
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


def test_what_changes_comes_first_and_what_is_as_git_says_is_counted() -> None:
    calm = VersionMix(workload=plans.VISION, versions=(VersionCount("v9", 4, 4),))
    busy = VersionMix(workload=plans.POLLER, versions=NOW)
    found = mixes(plans.plan(msgspec.structs.replace(plans.fleet(), mix=(calm, busy))))
    assert [(one.workload, one.settled) for one in found] == [("modbus-poller", False), ("vision", True)]
