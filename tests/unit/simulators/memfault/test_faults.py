"""Every fault does what its line in the table says, where it says, and as often."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Faults, Shape, faults
from reconciler.simulators.memfault.routes import ROUTES
from tests.unit.simulators.memfault.caller import BASE, CALM, PROJECT_KEY, Caller

BODY = {"type": "normal", "release": "1.2.0", "cohort": "texas-plants"}


def activate_raw(fleet: Caller) -> Any:
    return fleet.raw("POST", f"{BASE}/deployments", body=BODY)


def activated(fleet: Caller) -> bool:
    return "1.2.0" in fleet.row("texas-plants")["active"]


class TestBeforeTheEffect:
    @pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("html", 200), ("reset", 0)])
    def test_nothing_happened(self, kind: str, status: int) -> None:
        fleet = Caller(faults=[f"{kind}=100%"])
        reply = activate_raw(fleet)
        assert (reply.status, reply.cut) == (status, kind == "reset")
        assert not activated(fleet)
        assert [(w.status, w.fault) for w in fleet.simulator.calls.writes] == [(status, kind)]

    def test_too_many_requests_says_when_to_return(self) -> None:
        reply = activate_raw(Caller(faults=["429=1"]))
        assert reply.headers["retry-after"] == "1"
        assert json.loads(reply.body)["error"]["http_code"] == 429


class TestAfterTheEffect:
    def test_lost(self) -> None:
        fleet = Caller(faults=["lost=100%"])
        assert activate_raw(fleet).cut
        assert activated(fleet)

    def test_truncate(self) -> None:
        fleet = Caller(faults=["truncate=100%"])
        reply = activate_raw(fleet)
        assert activated(fleet)
        with pytest.raises(json.JSONDecodeError):
            json.loads(reply.body)

    def test_slow(self) -> None:
        fleet = Caller(faults=["slow=100%", "latency=20ms"], slow_for=0.5)
        assert activate_raw(fleet).delay == pytest.approx(0.52)


class TestListings:
    @pytest.mark.parametrize("path", ["/releases", "/deployments", "/cohorts", "/devices", "/cohorts/beta/devices"])
    def test_short(self, path: str) -> None:
        _, page = Caller(faults=["short=1"]).get(path)
        assert len(page["data"]) == page["paging"]["item_count"] < page["paging"]["total_count"]

    def test_empty(self) -> None:
        fleet = Caller(faults=["empty=100%"])
        assert fleet.get("/devices")[1] == {
            "data": [],
            "paging": {"item_count": 0, "page": 1, "page_count": 0, "per_page": 100, "total_count": 0},
        }
        assert fleet.get("/cohorts/beta")[1] == {"data": {}}
        query = "hardware_version=main-fw-mp&software_type=main-fw&device_serial=x"
        assert fleet.raw("GET", "/api/v0/releases/latest", query, headers=PROJECT_KEY).body == b"{}"
        assert fleet.raw("GET", "/api/v0/releases/latest/url", query, headers=PROJECT_KEY).body.startswith(b"https")
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
        told = [(row["cohort"], row["told"]) for row in fleet.world.state()]
        versions = {row["device_serial"]: row["last_seen_release"]["version"] for row in fleet.rows("/devices")}
        total = fleet.get("/deployments")[1]["paging"]["total_count"]
        fleet.world.faults.configure("shift", 1, "deployments.list")
        assert fleet.get("/deployments")[1]["paging"]["total_count"] == total + 1
        fleet.settle(2)
        assert told == [(row["cohort"], row["told"]) for row in fleet.world.state()]
        assert versions == {row["device_serial"]: row["last_seen_release"]["version"] for row in fleet.rows("/devices")}

    def test_shift_without_a_release_to_deploy_swaps_a_device(self) -> None:
        fleet = Caller(Shape(versions=1, devices=3, offline=0, failing=0), faults=["shift=1"])
        fleet.get("/deployments")
        assert set(fleet.project.devices) != {"SN0000", "SN0001", "SN0002"}

    def test_shift_without_devices(self) -> None:
        assert Caller(Shape(devices=0), faults=["shift=1"]).get("/devices")[1]["data"] == []


class TestWrites:
    def test_lag(self) -> None:
        fleet = Caller(faults=["lag=100%"])
        assert fleet.activate("texas-plants", "1.2.0")[0] == 200
        number = fleet.rows("/deployments", "release=1.4.0&cohort=beta")[0]["id"]
        assert fleet.call("DELETE", f"/deployments/{number}")[0] == 204
        assert (activated(fleet), fleet.row("beta")["told"]) == (False, "1.4.0")
        fleet.clock.advance(1)
        assert (activated(fleet), fleet.row("beta")["told"]) == (True, "1.3.0")
        assert [w.fault for w in fleet.simulator.calls.writes] == ["lag", "lag"]

    def test_partial(self) -> None:
        fleet = Caller(faults=["partial=100%"])
        serials = [row["device_serial"] for row in fleet.rows("/cohorts/texas-plants/devices")]
        assert fleet.call("PATCH", "/cohorts/beta/devices", {"devices": serials})[0] == 204
        assert 1 <= fleet.one("/cohorts/texas-plants")["count_devices"] <= 10
        assert fleet.simulator.calls.writes[0].fault == "partial"
        assert fleet.activate("beta", "1.2.0")[0] == 200
        assert fleet.simulator.calls.writes[1].fault is None

    def test_gone(self) -> None:
        fleet = Caller(faults=["gone=100%"])
        assert activate_raw(fleet).status == 404
        assert fleet.get("/cohorts/texas-plants")[0] == 404
        assert fleet.call("PATCH", "/devices/SN0001", {"cohort": "field-trial"})[0] == 404
        assert fleet.call("PATCH", "/cohorts/beta", {"name": "x"})[0] == 404
        assert [row["slug"] for row in fleet.rows("/cohorts")] == ["default", "internal-testing"]

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


@given(st.sampled_from(sorted(faults.Faults.kinds)), st.lists(st.booleans(), max_size=10))
def test_without_a_rate_nothing_strikes(kind: str, reads: list[bool]) -> None:
    fleet = Caller(Shape(devices=2, offline=0, failing=0), faults=[f"{kind}=0%"], already_active="200")
    for read in reads:
        assert (fleet.get("/devices") if read else fleet.activate("default", "1.2.0"))[0] == 200


def test_the_table_names_every_kind() -> None:
    lines = (faults.__doc__ or "").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    listed = {row[1]: row[2] for row in rows[1:]}
    assert listed == {kind: {"any": "all"}.get(reach, reach) for kind, reach in Faults.kinds.items()}


def test_every_route_can_be_named() -> None:
    assert sorted(route.name for route in ROUTES) == sorted(Faults.routes)
    fleet = Caller(CALM, faults=["500=1@cohorts.list"])
    assert (fleet.get("/cohorts")[0], fleet.get("/devices")[0]) == (500, 200)
