"""Every fault does what its line in the table says, where it says, and as often."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from reconciler.simulators.losant import Shape
from tests.unit.simulators.losant.caller import Caller

READ = "/edge/deployments"


def released(fleet: Caller) -> int:
    """How many devices are told v1.0.0 of telemetry."""
    return sum((r["flow"], r["desired"]) == ("telemetry", "v1.0.0") for r in fleet.world.state())


def release_raw(fleet: Caller, *devices: str) -> Any:
    body = {"flowId": fleet.flow("telemetry"), "version": "v1.0.0", "deviceIds": [fleet.device(d) for d in devices]}
    return fleet.raw("POST", f"{fleet.base}{READ}/release", body=body)


class TestBeforeTheEffect:
    @pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("html", 200), ("reset", 0)])
    def test_nothing_happened(self, kind: str, status: int) -> None:
        fleet = Caller(faults=[f"{kind}=100%"])
        reply = release_raw(fleet, "gw-001")
        assert (reply.status, reply.cut) == (status, kind == "reset")
        assert released(fleet) == 0
        assert [(w.status, w.fault) for w in fleet.simulator.calls.writes] == [(status, kind)]


class TestAfterTheEffect:
    def test_lost(self) -> None:
        fleet = Caller(faults=["lost=100%"])
        assert release_raw(fleet, "gw-001").cut
        assert released(fleet) == 1
        assert [(w.status, w.fault) for w in fleet.simulator.calls.writes] == [(0, "lost")]

    def test_truncate(self) -> None:
        fleet = Caller(faults=["truncate=100%"])
        reply = release_raw(fleet, "gw-001")
        assert reply.status == 202
        assert released(fleet) == 1
        with pytest.raises(json.JSONDecodeError):
            json.loads(reply.body)

    def test_slow(self) -> None:
        fleet = Caller(faults=["slow=100%", "latency=20ms"], slow_for=0.5)
        assert fleet.raw("GET", f"{fleet.base}/devices").delay == pytest.approx(0.52)
        assert release_raw(fleet, "gw-001").delay == pytest.approx(0.52)
        assert fleet.simulator.calls.writes[0].fault == "slow"


class TestListings:
    def test_short(self) -> None:
        fleet = Caller()
        total = len(fleet.rows())
        fleet.world.faults.configure("short", 1)
        for path in (READ, "/devices", "/flows"):
            _, page = fleet.get(path)
            assert len(page["items"]) == page["count"] < page["totalCount"]
        assert fleet.get(READ)[1]["totalCount"] == total

    def test_empty(self) -> None:
        fleet = Caller(faults=["empty=100%"])
        _, page = fleet.get(READ)
        assert (page["items"], page["count"], page["totalCount"], page["sortField"]) == ([], 0, 0, "lastUpdated")
        assert fleet.get(f"/flows/{fleet.flow('vision')}/versions/v1.0.0")[1] == {}
        assert fleet.release("telemetry", "v1.0.0", "gw-001") == (202, {"success": True})

    def test_shift_moves_rows_while_totals_agree(self) -> None:
        fleet = Caller()
        before = {row["id"] for row in fleet.rows()}
        inventory = {d["id"] for d in fleet.get("/devices")[1]["items"]}
        fleet.world.faults.configure("shift", 1, "deployments.list", 3)
        pages = [fleet.get(READ, f"sortField=id&perPage=10&page={page}")[1] for page in range(4)]
        rows = [row["id"] for page in pages for row in page["items"]]
        assert before != set(rows)
        after = {d["id"] for d in fleet.get("/devices")[1]["items"]}
        assert len(after) == len(inventory)
        assert after != inventory


class TestWrites:
    def test_partial(self) -> None:
        fleet = Caller(faults=["partial=100%"])
        names = [f"gw-{n:03d}" for n in range(20)]
        assert fleet.release("telemetry", "v1.0.0", *names)[0] == 202
        assert 10 <= released(fleet) < 20
        assert fleet.simulator.calls.writes[0].fault == "partial"

    def test_gone_deletes_one_and_refuses_its_id_from_then_on(self) -> None:
        fleet = Caller(faults=["gone=100%*1"])
        names = ["gw-001", "gw-002", "gw-003"]
        ids = {name: fleet.device(name) for name in names}
        body = {"flowId": fleet.flow("telemetry"), "version": "v1.0.0", "deviceIds": list(ids.values())}
        assert fleet.post(f"{READ}/release", body)[0] == fleet.post(f"{READ}/release", body)[0] == 400
        left = [fleet.app.device_of_id(i) for i in ids.values()]
        assert left.count(None) == 1
        survivors = [d.id for d in left if d is not None]
        assert fleet.post(f"{READ}/release", {**body, "deviceIds": survivors})[0] == 202

    @pytest.mark.parametrize("body", [b"{", [], {"deviceIds": "all"}, {"deviceIds": [3, "65a3ffffffffffffffffffff"]}])
    def test_gone_needs_a_device(self, body: Any) -> None:
        fleet = Caller(faults=["gone=100%"])
        fleet.raw("POST", f"{fleet.base}{READ}/release", body=body)
        assert all(d.deleted is None for d in fleet.app.devices)


class TestExpire:
    def test_the_token_stays_expired_until_the_fault_is_set_anew(self) -> None:
        fleet = Caller(faults=["expire=100%*1"])
        assert [fleet.get("/devices")[0] for _ in range(3)] == [401, 401, 401]
        fleet.world.faults.configure("expire", 0)
        assert fleet.get("/devices")[0] == 200


class TestReach:
    @pytest.mark.parametrize(
        ("on", "read", "write"),
        [("any", 500, 500), ("reads", 500, 202), ("writes", 200, 500), ("devices.list", 500, 202)],
    )
    def test_faults_are_narrowed(self, on: str, read: int, write: int) -> None:
        fleet = Caller(faults=[f"500=100%@{on}"])
        assert fleet.get("/devices")[0] == read
        assert fleet.release("telemetry", "v1.0.0", "gw-001")[0] == write

    def test_a_rate_is_met_and_the_seed_repeats_it(self) -> None:
        def statuses() -> list[int]:
            fleet = Caller(Shape(units=1), faults=["429=20%"])
            return [fleet.get("/devices")[0] for _ in range(500)]

        first = statuses()
        assert first == statuses()
        assert 60 <= Counter(first)[429] <= 140
