"""The agent of the master's own device: reads, actions of both generations, its own description."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulators.getapp import Shape
from tests.unit.simulators.getapp.caller import CHILD, NEW, OLD, ROOT, Caller

DEPLOY_ERROR = "the device has nothing of 1.no@1.0.0"


class TestReads:
    def test_identity(self) -> None:
        fleet = Caller()
        entry = fleet.get("/api/cdn/device", f"device_id={ROOT}")[1][0]["data"]
        assert fleet.get("/api/v2/device") == (200, entry)

    def test_what_the_device_has_not(self) -> None:
        fleet = Caller()
        error = {"message": DEPLOY_ERROR, "name": "NotFound", "statusCode": 404}
        assert fleet.get("/api/v2/device/releases/1.no@1.0.0") == (404, error)

    def test_settings(self) -> None:
        path = "/api/v2/agent/configs"
        assert Caller().get(path)[1] == {
            "deliveryAutoTrigger": False, "maxParallelDeliveries": 1, "deliveryTimeoutMins": 30, "downloadRetryCount": 2,
            "deliveryRetryDelaySecs": 5, "deployAutoOnPull": False, "deployTimeoutSec": 60,
            "discoveryPeriodicIntervalMin": 60,
        }  # fmt: skip
        assert Caller(auto_deploy="always").get(path)[1]["deployAutoOnPull"] is True
        assert Caller(auto_deploy="always", settings="sections").get(path)[1]["deploy"]["deploy_auto_on_pull"] is True

    @pytest.mark.parametrize(
        ("prefix", "statuses"), [("root", (200, 404)), ("api-v1", (404, 200)), ("both", (200, 200))]
    )
    def test_v1_reads_stand_where_v1_actions_do(self, prefix: str, statuses: tuple[int, int]) -> None:
        fleet = Caller(v1_prefix=prefix)
        paths = ("/delivery/getReadyList", "/api/v1/delivery/getReadyList")
        assert tuple(fleet.get(path)[0] for path in paths) == statuses
        if statuses[1] == 200:
            assert fleet.get("/api/v1/device") == fleet.get("/api/v2/device")
        fleet.upgrade(ROOT, NEW)
        fleet.act("DeliveryStart", "11.radio@1.0.0", ROOT)
        fleet.clock.advance(6)
        answers = [fleet.get(path)[1] for path, status in zip(paths, statuses, strict=True) if status == 200]
        assert [[one["versionNumber"] for one in answer] for answer in answers] == [["1.0.0"]] * len(answers)


class TestActions:
    @pytest.mark.parametrize("generation", ["", "/api/v1", "/api/v2"])
    def test_a_release_from_start_to_end(self, generation: str) -> None:
        fleet = Caller(v1_prefix="both")
        v2 = generation == "/api/v2"

        def path(v1: str, new: str) -> str:
            return f"{generation}/{new if v2 else v1}/{NEW}"

        reply = fleet.raw("POST", path("delivery/startItem", "delivery/start"))
        assert (reply.status, reply.body, reply.headers["content-type"]) == (
            200,
            NEW.encode(),
            "text/plain; charset=utf-8",
        )
        assert fleet.post(path("delivery/cancelItem", "delivery/cancel")) == (200, None)
        assert fleet.row(ROOT, NEW) == ("delivery", "Cancel")
        assert fleet.do("DELETE", path("delivery/deleteItem", "delivery")) == (200, None)
        assert fleet.row(ROOT, NEW) == ("deleted", None)
        status, error = fleet.post(path("deploy/item", "deploy/start"))
        assert (status, error) == (
            405, {"message": f"{NEW} is not downloaded", "name": "NotAllowed", "statusCode": 405},
        )  # fmt: skip
        fleet.post(path("delivery/startItem", "delivery/start"))
        fleet.clock.advance(6)
        assert fleet.post(path("deploy/item", "deploy/start")) == (200, None)
        fleet.clock.advance(4)
        assert fleet.row(ROOT, NEW) == ("installed", "Done")
        assert fleet.row(CHILD, NEW) is None

    @pytest.mark.parametrize(
        "body", [{"deviceId": ROOT, "requestedStatus": "Uninstall"}, {"deployChangeState": "Uninstall"}]
    )
    def test_uninstall(self, body: dict[str, str]) -> None:
        fleet = Caller()
        status, record = fleet.post(f"/deploy/changeItemState/{OLD}", body)
        assert status == 200
        assert (record["catalogId"], record["deviceId"], record["requestedStatus"]) == (OLD, ROOT, "Uninstall")
        fleet.clock.advance(2)
        assert fleet.row(ROOT, OLD) == ("uninstalled", "Uninstall")
        assert fleet.do("DELETE", f"/delivery/deleteItem/{OLD}") == (200, None)
        assert fleet.row(ROOT, OLD) == ("deleted", None)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (None, "requestedStatus must be Uninstall"),
            ({"requestedStatus": "Done"}, "requestedStatus must be Uninstall"),
            ({"requestedStatus": "Uninstall", "deviceId": CHILD}, f"this agent is {ROOT}"),
        ],
    )
    def test_changes_that_are_none(self, body: Any, says: str) -> None:
        status, error = Caller().post(f"/deploy/changeItemState/{OLD}", body)
        assert (status, error["name"]) == (500, "InternalServerError")
        assert says in error["message"]


class TestRoutes:
    @pytest.mark.parametrize(
        ("prefix", "root", "below"), [("root", 200, 404), ("api-v1", 404, 200), ("both", 200, 200)]
    )
    def test_the_prefix_of_v1(self, prefix: str, root: int, below: int) -> None:
        fleet = Caller(v1_prefix=prefix)
        for path in (f"/delivery/startItem/{NEW}", f"/deploy/item/{OLD}"):
            assert fleet.post(path)[0] == root
            assert fleet.post(f"/api/v1{path}")[0] == below

    def test_without_the_actions_that_nobody_confirmed(self) -> None:
        fleet = Caller(v2_actions="absent")
        assert fleet.post(f"/api/v2/delivery/start/{NEW}") == (
            404,
            {"message": f"there is nothing at /api/v2/delivery/start/{NEW}", "name": "NotFound", "statusCode": 404},
        )
        assert fleet.do("DELETE", f"/api/v2/delivery/{NEW}")[0] == 404
        assert fleet.post(f"/api/v2/deploy/start/{OLD}") == (200, None)

    def test_what_is_nowhere(self) -> None:
        fleet = Caller()
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert fleet.do(method, "/api/v3/anything/else")[0] == 404
        assert fleet.do("TRACE", "/api/v2/device")[0] == 405


class TestDescription:
    def operations(self, fleet: Caller, part: str) -> dict[str, tuple[str, str]]:
        status, document = fleet.get(f"/api-docs/{part}/openapi.json")
        assert (status, document["openapi"]) == (200, "3.0.3")
        return {
            operation["operationId"]: (method.upper(), path)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def test_the_operations_of_v1(self) -> None:
        for prefix, below in (("root", ""), ("api-v1", "/api/v1")):
            assert self.operations(Caller(v1_prefix=prefix), "v1") == {
                "start_delivery": ("POST", f"{below}/delivery/startItem/{{catalog_id}}"),
                "cancel_delivery": ("POST", f"{below}/delivery/cancelItem/{{catalog_id}}"),
                "delete_delivery": ("DELETE", f"{below}/delivery/deleteItem/{{catalog_id}}"),
                "deploy_item": ("POST", f"{below}/deploy/item/{{catalog_id}}"),
                "deploy_change_state": ("POST", f"{below}/deploy/changeItemState/{{catalog_id}}"),
            }

    @pytest.mark.parametrize("answers", [{}, {"v2-actions": "absent"}, {"v1-prefix": "both"}])
    def test_every_operation_it_tells_of_is_served(self, answers: dict[str, str]) -> None:
        fleet = Caller(Shape(units=2, offline=0, failing=0), answers=answers)
        for part in ("v1", "v2", "cdn"):
            for method, path in self.operations(fleet, part).values():
                assert fleet.do(method, path.replace("{catalog_id}", OLD))[0] != 404
        assert len(self.operations(fleet, "v2")) == (1 if "v2-actions" in answers else 4)

    def test_the_body_of_the_action(self) -> None:
        for names in ("catalogId+deviceIds", "catalog_id+device_ids"):
            document = Caller(cdn_action_body=names).get("/api-docs/cdn/openapi.json")[1]
            operation = document["paths"]["/api/cdn/devices/action"]["post"]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert schema["required"] == ["action", *names.split("+")]
            assert "DeployStart" in schema["properties"]["action"]["enum"]

    def test_it_can_be_turned_off(self) -> None:
        assert Caller(swagger="off").get("/api-docs/v1/openapi.json")[0] == 404
        assert Caller().get("/api-docs/v9/openapi.json")[0] == 404
