"""What the simulated platform shows, by the parameters of the recorded facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.simulators.losant import Shape
from tests.unit.simulators.losant.caller import Caller

MISSING = "65a3ffffffffffffffffffff"


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def names(page: dict[str, Any], key: str = "name") -> list[str]:
    return [item[key] for item in page["items"]]


class TestDeployments:
    def test_the_defaults_are_lastupdated_ascending_and_a_hundred(self) -> None:
        fleet = Caller(Shape(units=60, workloads=3, offline=0, failing=0))
        fleet.release("telemetry", "v1.0.0", "gw-003")
        _, page = fleet.get("/edge/deployments")
        assert (page["count"], page["perPage"], page["page"]) == (100, 100, 0)
        assert (page["sortField"], page["sortDirection"]) == ("lastUpdated", "asc")
        assert page["totalCount"] > 100
        updated = names(page, "lastUpdated")
        assert updated == sorted(updated)
        _, last = fleet.get("/edge/deployments", "sortDirection=desc&perPage=1")
        assert last["items"][0]["deviceName"] == "gw-003"

    @pytest.mark.parametrize("field", ["id", "creationDate", "lastUpdated"])
    def test_every_sort_field_orders(self, fleet: Caller, field: str) -> None:
        fleet.release("telemetry", "v1.0.0", "gw-003", "gw-001")
        fleet.clock.advance(5)
        _, page = fleet.get("/edge/deployments", f"sortField={field}&perPage=1000")
        values = [item[field] or "" for item in page["items"]]
        assert values == sorted(values)

    def test_filters_by_device_flow_and_either_version(self, fleet: Caller) -> None:
        fleet.release("telemetry", "v1.0.0", "gw-003")
        device, flow = fleet.device("gw-003"), fleet.flow("telemetry")
        assert {row["deviceId"] for row in fleet.rows(f"deviceId={device}")} == {device}
        assert {row["flowName"] for row in fleet.rows(f"flowId={flow}")} == {"telemetry"}
        both = fleet.rows(f"deviceId={device}&flowId={flow}")
        assert [(row["desiredVersion"], row["currentVersion"]) for row in both] == [("v1.0.0", "v1.4.0")]
        assert fleet.rows(f"version=v1.4.0&deviceId={device}&flowId={flow}") == both
        assert fleet.rows(f"version=v1.0.0&flowId={flow}") == both
        assert fleet.rows(f"flowId={MISSING}") == fleet.rows(f"deviceId={MISSING}") == []
        _, page = fleet.get("/edge/deployments", f"flowId={flow}&version=v1.0.0")
        assert (page["flowId"], page["version"]) == (flow, "v1.0.0")

    def test_removed_pairs_stay_as_rows_that_filterempty_hides(self, fleet: Caller) -> None:
        before = len(fleet.rows())
        fleet.release("telemetry", None, "gw-003")
        fleet.clock.advance(2)
        assert fleet.versions("gw-003", "telemetry") == (None, None)
        assert len(fleet.rows()) == before
        assert len(fleet.rows("filterEmpty=true")) == before - 1
        assert "desiredEtag" not in (fleet.row("gw-003", "telemetry") or {})

    @pytest.mark.parametrize(
        "query",
        [
            "sortField=name",
            "sortDirection=up",
            "page=-1",
            "page=x",
            "perPage=0",
            "deviceId=gw-003",
            "flowId=1",
            "filterEmpty=maybe",
        ],
    )
    def test_what_does_not_fit_is_refused(self, fleet: Caller, query: str) -> None:
        status, error = fleet.get("/edge/deployments", query)
        assert (status, set(error)) == (400, {"type", "message"})
        assert query.partition("=")[0] in error["message"]

    def test_a_single_row(self, fleet: Caller) -> None:
        row = fleet.rows()[3]
        assert fleet.get(f"/edge/deployments/{row['id']}") == (200, row)
        fleet.world.delete_device(row["deviceId"])
        for unknown in (row["id"], MISSING, "nonsense"):
            status, error = fleet.get(f"/edge/deployments/{unknown}")
            assert (status, error["type"]) == (404, "NotFound")

    @pytest.mark.parametrize(("answer", "count"), [("clamp", 1000), ("unlimited", 1500)])
    def test_more_than_the_ceiling_a_page(self, answer: str, count: int) -> None:
        fleet = Caller(Shape(units=1600, workloads=1, offline=0, failing=0), max_per_page=answer)
        _, page = fleet.get("/edge/deployments", "perPage=1500")
        assert page["count"] == page["perPage"] == count

    def test_more_than_the_ceiling_a_page_refused(self) -> None:
        assert Caller(max_per_page="reject").get("/edge/deployments", "perPage=1001")[0] == 400


class TestPagesAreFresh:
    def test_many_different_listings_do_not_pile_up(self, fleet: Caller) -> None:
        for number in range(100):
            fleet.get("/edge/deployments", f"version=v{number}")
        assert len(fleet.app._listings) <= 65


class TestDevices:
    def test_class_one_or_several(self, fleet: Caller) -> None:
        assert fleet.get("/devices", "deviceClass=edgeCompute")[1]["totalCount"] == 20
        several = "deviceClass[0]=gateway&deviceClass[1]=peripheral"
        assert names(fleet.get("/devices", several)[1]) == ["hub-1", "sensor-1"]
        assert fleet.get("/devices", "deviceClass=toaster")[0] == 400

    def test_name_globs(self, fleet: Caller) -> None:
        assert names(fleet.get("/devices", "filterField=name&filter=GW-01?")[1]) == [f"gw-01{n}" for n in range(10)]
        assert fleet.get("/devices", "filterField=color&filter=x")[0] == 400

    def test_tag_filters_are_inclusive_unless_told(self, fleet: Caller) -> None:
        two = "tagFilter[0][key]=ring&tagFilter[0][value]=canary&tagFilter[1][value]=front"
        canaries = fleet.get("/devices", "tagFilter[0][key]=ring&tagFilter[0][value]=canary")[1]["totalCount"]
        cameras = fleet.get("/devices", "tagFilter[0][key]=camera")[1]["totalCount"]
        either = fleet.get("/devices", two)[1]["totalCount"]
        both = Caller(tag_filter="and").get("/devices", two)[1]["totalCount"]
        assert 0 < canaries < either
        assert either == canaries + cameras - both

    def test_a_tag_filter_that_is_none(self, fleet: Caller) -> None:
        for one in ("[color]=red", "[key]=", "=red"):
            assert fleet.get("/devices", f"tagFilter[0]{one}")[0] == 400
        many = "&".join(f"tagFilter[{n}][key]=a" for n in range(101))
        assert fleet.get("/devices", many)[0] == 400

    @pytest.mark.parametrize(
        ("path", "query"),
        [("/devices", 'query={"name":"gw-1"}'), ("/flows", "filter=v*"), ("/edge/deployments", "tagFilter[0][key]=a")],
    )
    def test_a_filter_that_is_not_simulated_is_refused(self, fleet: Caller, path: str, query: str) -> None:
        assert fleet.get(path, query)[0] == 400

    def test_deleted_devices_are_gone(self, fleet: Caller) -> None:
        gone = fleet.device("gw-004")
        fleet.world.delete_device("gw-004")
        assert "gw-004" not in names(fleet.get("/devices")[1])
        assert fleet.get(f"/devices/{gone}")[0] == fleet.get("/devices/nonsense")[0] == 404
        assert all(row["deviceId"] != gone for row in fleet.rows())

    def test_rows_of_deleted_devices_may_stay(self) -> None:
        fleet = Caller(deleted_rows="kept")
        gone = fleet.device("gw-004")
        fleet.world.delete_device("gw-004")
        assert len(fleet.rows(f"deviceId={gone}")) == 2


class TestWorkflows:
    def test_without_a_class_only_cloud_flows_show(self, fleet: Caller) -> None:
        assert names(fleet.get("/flows")[1]) == ["hourly-report"]
        assert names(fleet.get("/flows", "flowClass=edge")[1]) == ["modbus-poller", "telemetry", "vision"]
        assert fleet.get("/flows", "flowClass=lake")[0] == 400

    def test_a_version_by_id_or_by_any_name(self, fleet: Caller) -> None:
        path = f"/flows/{fleet.flow('vision')}/versions"
        by_name = fleet.get(f"{path}/v1.2.0")[1]
        assert fleet.get(f"{path}/{by_name['id']}")[1] == by_name
        fleet.world.create_version("vision", "rc 1/2")
        assert fleet.get(f"{path}/rc 1/2")[1]["version"] == "rc 1/2"
        assert fleet.get(f"{path}/v9")[0] == fleet.get(f"{path}/{MISSING}")[0] == 404


def test_another_application_is_not_found(fleet: Caller) -> None:
    reply = fleet.raw("GET", f"/applications/{MISSING}/devices")
    assert (reply.status, json.loads(reply.body)) == (404, {"type": "NotFound", "message": "Application was not found"})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("DELETE", "/devices"), ("GET", "/edge/deployments/release/x")]
)
def test_unmapped_paths(fleet: Caller, method: str, path: str) -> None:
    reply = fleet.raw(method, fleet.base + path)
    assert (reply.status, json.loads(reply.body)["type"]) == (405, "MethodNotAllowed")


def test_an_empty_fleet() -> None:
    fleet = Caller(Shape(units=0, workloads=0))
    assert fleet.rows() == []
    assert fleet.get("/flows", "flowClass=edge")[1]["totalCount"] == 0
    assert Caller(Shape(units=3, versions=0)).get("/edge/deployments")[1]["count"] == 1
