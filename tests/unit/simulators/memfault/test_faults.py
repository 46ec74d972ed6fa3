"""The faults that are a project's own: what listings show, what is deleted or made meanwhile, late effects."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulators.memfault import Shape
from tests.unit.simulators.memfault.caller import BASE, Caller
from tests.unit.simulators.memfault.test_access import USER

BODY = {"type": "normal", "release": "1.2.0", "cohort": "texas-plants"}


def activate_raw(fleet: Caller) -> Any:
    return fleet.raw("POST", f"{BASE}/deployments", body=BODY)


def activated(fleet: Caller) -> bool:
    return "1.2.0" in fleet.row("texas-plants")["active"]


class TestListings:
    def test_empty(self) -> None:
        fleet = Caller(faults=["empty=100%"])
        assert fleet.get("/devices")[1] == {
            "data": [],
            "paging": {"item_count": 0, "page": 1, "page_count": 0, "per_page": 100, "total_count": 0},
        }
        assert fleet.get("/releases/1.2.0")[1] == {"data": {}}
        assert fleet.raw("GET", "/auth/me", headers=USER).body == b"{}"
        assert fleet.activate("texas-plants", "1.2.0")[1]["data"]["status"] == "done"

    def test_shift_moves_devices_while_totals_agree(self) -> None:
        fleet = Caller()
        before = {row["id"] for row in fleet.rows("/devices")}
        fleet.world.faults.configure("shift", 1, "devices.list", 3)
        pages = [fleet.get("/devices", f"per_page=30&page={page}")[1] for page in range(1, 5)]
        assert {page["paging"]["total_count"] for page in pages} == {100}
        assert {row["id"] for page in pages for row in page["data"]} != before
        assert sum(row["devices"] for row in fleet.world.state()) == 100

    def test_shift_makes_deployments_that_no_device_takes(self) -> None:
        fleet = Caller()
        told = [(row["cohort"], row["assigned"]) for row in fleet.world.state()]
        versions = {row["device_serial"]: row["last_seen_release"]["version"] for row in fleet.rows("/devices")}
        total = fleet.get("/deployments")[1]["paging"]["total_count"]
        fleet.world.faults.configure("shift", 1, "deployments.list")
        assert fleet.get("/deployments")[1]["paging"]["total_count"] == total + 1
        fleet.settle(2)
        assert told == [(row["cohort"], row["assigned"]) for row in fleet.world.state()]
        assert versions == {row["device_serial"]: row["last_seen_release"]["version"] for row in fleet.rows("/devices")}

    def test_shift_without_a_release_to_deploy_swaps_a_device(self) -> None:
        fleet = Caller(Shape(versions=1, devices=3, offline=0, failing=0), faults=["shift=1"])
        fleet.get("/deployments")
        assert set(fleet.project.devices) != {"SN0000", "SN0001", "SN0002"}


class TestWrites:
    def test_lag(self) -> None:
        fleet = Caller(faults=["lag=100%"])
        assert fleet.activate("texas-plants", "1.2.0")[0] == 200
        number = fleet.rows("/deployments", "release=1.4.0&cohort=beta")[0]["id"]
        assert fleet.call("DELETE", f"/deployments/{number}")[0] == 204
        assert (activated(fleet), fleet.row("beta")["assigned"]) == (False, "1.4.0")
        fleet.clock.advance(1)
        assert (activated(fleet), fleet.row("beta")["assigned"]) == (True, "1.3.0")
        assert [w.fault for w in fleet.simulator.calls.writes] == ["lag", "lag"]

    def test_gone(self) -> None:
        fleet = Caller(faults=["gone=100%"])
        assert activate_raw(fleet).status == 404
        assert "texas-plants" not in {row["slug"] for row in fleet.rows("/cohorts")}
        assert [w.fault for w in fleet.simulator.calls.writes] == [None], "the endpoint refused"

    @pytest.mark.parametrize("body", [b"{", [], {"cohort": "default"}, {"cohort": "none"}, {}])
    def test_gone_needs_a_cohort_that_can_go(self, body: Any) -> None:
        fleet = Caller(faults=["gone=100%"])
        fleet.raw("POST", f"{BASE}/deployments", body=body)
        assert len(fleet.rows("/cohorts")) == 5


class TestExpire:
    def test_tokens_stay_expired_until_the_fault_is_set_anew(self) -> None:
        fleet = Caller(faults=["expire=100%*1"])
        assert [fleet.get("/devices")[0] for _ in range(3)] == [401, 401, 401]
        fleet.world.faults.configure("expire", 0)
        assert fleet.get("/devices")[0] == 200
