"""The vendor's own Python client, unchanged, against the simulator over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from losant_rest import Client, LosantError

from reconciler.simulators.losant import Served, Shape, serve


@pytest.fixture
def losant() -> Iterator[Served]:
    with serve(Shape(units=12, workloads=2, settle=0.05, offline=0, failing=0)) as served:
        yield served


@pytest.fixture
def client(losant: Served) -> Any:
    return Client(auth_token=losant.token, url=losant.url)


def flows(client: Any, app: str) -> dict[str, str]:
    """Ids of the edge flows by name."""
    return {flow["name"]: flow["id"] for flow in client.flows.get(applicationId=app, flowClass="edge")["items"]}


def versions(client: Any, app: str, flow: str) -> dict[str, tuple[str | None, str | None]]:
    """Desired and current by device name, page by page."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for page in range(100):
        answer = client.edge_deployments.get(
            applicationId=app, flowId=flow, sortField="id", page=str(page), perPage="5"
        )
        found |= {row["deviceName"]: (row["desiredVersion"], row["currentVersion"]) for row in answer["items"]}
        if not answer["items"]:
            assert len(found) == answer["totalCount"]
            return found
    raise AssertionError("the pages never end")


def reached(client: Any, app: str, flow: str, version: str | None, names: set[str]) -> bool:
    """Whether these devices alone come to have a version, within five seconds: what is accepted shows later."""
    for _ in range(250):
        if {name for name, held in versions(client, app, flow).items() if held == (version, version)} == names:
            return True
        time.sleep(0.02)
    return False


def test_release_replace_and_remove(losant: Served, client: Any) -> None:
    app = losant.application
    flow = flows(client, app)["modbus-poller"]
    ids = {device["name"]: device["id"] for device in client.devices.get(applicationId=app, perPage="1000")["items"]}
    told = {"flowId": flow, "version": "v1.0.0", "deviceIds": [ids["gw-001"], ids["gw-002"]]}
    assert client.edge_deployments.release(applicationId=app, deployment=told) == {"success": True}
    assert reached(client, app, flow, "v1.0.0", {"gw-001", "gw-002"})

    moved = {"flowId": flow, "oldVersion": "v1.0.0", "newVersion": "v1.1.0"}
    assert client.edge_deployments.replace(applicationId=app, deployment=moved) == {"success": True}
    assert reached(client, app, flow, "v1.1.0", {"gw-001", "gw-002"})

    gone = {"flowId": flow, "deviceId": ids["gw-001"]}
    assert client.edge_deployments.remove(applicationId=app, deployment=gone) == {"success": True}
    assert reached(client, app, flow, None, {"gw-001"})
    full = client.edge_deployments.get(applicationId=app, flowId=flow, filterEmpty=True)
    assert full["totalCount"] == 11
    row = full["items"][0]
    assert client.edge_deployment.get(applicationId=app, edgeDeploymentId=row["id"]) == row


def test_devices(losant: Served, client: Any) -> None:
    app = losant.application
    found = client.devices.get(applicationId=app, sortField="id", perPage="4")
    assert ([device["name"] for device in found["items"]][3], found["totalCount"]) == ("gw-003", 15)
    canary = client.devices.get(
        applicationId=app, deviceClass=["edgeCompute", "gateway"], tagFilter=[{"key": "ring", "value": "canary"}]
    )
    assert [device["name"] for device in canary["items"]] == ["gw-003"]
    one = canary["items"][0]
    assert client.device.get(applicationId=app, deviceId=one["id"]) == one
    assert client.devices.get(applicationId=app, filterField="name", filter="gw-*", perPage="4")["totalCount"] == 12


def test_workflows(losant: Served, client: Any) -> None:
    app = losant.application
    assert client.application.get(applicationId=app)["id"] == app
    flow = flows(client, app)["vision"]
    assert client.flow.get(applicationId=app, flowId=flow)["name"] == "vision"
    listed = client.flow_versions.get(applicationId=app, flowId=flow, sortField="version")["items"]
    assert [version["version"] for version in listed] == [f"v1.{n}.0" for n in range(5)]
    by_name = client.flow_version.get(applicationId=app, flowId=flow, flowVersionId="v1.2.0")
    assert by_name == listed[2]


def test_a_new_version(losant: Served, client: Any) -> None:
    app = losant.application
    flow = flows(client, app)["vision"]
    told = {"applicationId": app, "flowId": flow, "flowVersion": {"version": "v2 beta", "notes": "a try"}}
    made = client.flow_versions.post(**told)
    assert (made["version"], made["notes"]) == ("v2 beta", "a try")
    assert client.flow_version.get(applicationId=app, flowId=flow, flowVersionId=made["id"]) == made
    with pytest.raises(LosantError) as refused:
        client.flow_versions.post(**told)
    assert refused.value.status == 400
    again = client.flow_versions.post(**told, allowReplacement=True)
    assert again["lastUpdated"] > made["lastUpdated"]
    listed = client.flow_versions.get(applicationId=app, flowId=flow)["items"]
    assert [version for version in listed if version["version"] == "v2 beta"] == [again]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"flowId": "x", "version": "v1.0.0"}, 400), ({"flowId": "65a1ffffffffffffffffffff", "version": "v1"}, 404)],
)
def test_refusals_reach_the_client_as_documented(
    losant: Served, client: Any, body: dict[str, str], status: int
) -> None:
    with pytest.raises(LosantError) as refused:
        client.edge_deployments.release(applicationId=losant.application, deployment=body)
    assert (refused.value.status, set(refused.value.data)) == (status, {"type", "message"})


def test_a_wrong_token(losant: Served) -> None:
    with pytest.raises(LosantError) as refused:
        Client(auth_token="nonsense", url=losant.url).devices.get(applicationId=losant.application)
    assert refused.value.status == 401
