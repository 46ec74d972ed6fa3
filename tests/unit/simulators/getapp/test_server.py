"""The delivery server: login, preparations, the catalog."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulators.getapp import Shape
from tests.unit.simulators.getapp.caller import CHILD, NEW, Caller

PREPARE, PREPARED = "/api/v1/delivery/prepareDelivery", "/api/v1/delivery/preparedDelivery"
PROJECTS = "/api/v1/catalog/releases/project"


@pytest.fixture
def server() -> Caller:
    """A server that knows the caller."""
    fleet = Caller(Shape(units=2, offline=0, failing=0, prepare=4.0))
    fleet.login()
    return fleet


def ask(server: Caller, catalog_id: str = NEW, **more: Any) -> dict[str, Any]:
    status, answer = server.post(PREPARE, {"catalogId": catalog_id, "deviceId": CHILD, "itemType": "software", **more})
    assert status == 201
    found: dict[str, Any] = answer
    return found


class TestLogin:
    def test_without_a_token_the_server_refuses_in_its_own_shape(self) -> None:
        fleet = Caller()
        path = f"{PREPARED}/{NEW}"
        assert fleet.get(path) == (
            401,
            {
                "name": "UnauthorizedException",
                "statusCode": 401,
                "message": "Unauthorized",
                "data": None,
                "timestamp": "2026-11-18T11:06:40.000Z",
                "path": path,
            },
        )
        assert fleet.get(f"{PROJECTS}/radio")[0] == 401
        assert fleet.post(PREPARE, {})[0] == 401

    def test_a_token_expires(self) -> None:
        fleet = Caller(Shape(units=1, token_life=60))
        tokens = fleet.login()
        assert fleet.get(f"{PROJECTS}/radio")[0] == 200
        assert tokens["expireAt"] < tokens["refreshExpireAt"]
        fleet.clock.advance(60)
        assert fleet.get(f"{PROJECTS}/radio")[0] == 401
        status, fresh = fleet.post("/api/v1/login/refresh", {"refreshToken": tokens["refreshToken"]})
        assert (status, set(fresh)) == (201, set(tokens))
        fleet.token = fresh["accessToken"]
        assert fleet.get(f"{PROJECTS}/radio")[0] == 200
        fleet.clock.advance(600)
        assert fleet.post("/api/v1/login/refresh", {"refreshToken": tokens["refreshToken"]})[0] == 401

    @pytest.mark.parametrize("body", [None, {}, {"username": "operator", "password": "guess"}])
    def test_a_wrong_login(self, body: Any) -> None:
        assert Caller().post("/api/v1/login", body)[0] == 401
        assert Caller().post("/api/v1/login/refresh", body)[0] == 401


class TestPreparation:
    def test_it_takes_time(self, server: Caller) -> None:
        assert ask(server) == {"catalogId": NEW, "status": "start", "progress": 0}
        assert ask(server)["status"] == "pending"
        seen = []
        for _ in range(4):
            server.clock.advance(1)
            answer = server.get(f"{PREPARED}/{NEW}")[1]
            seen.append((answer["status"], answer["progress"]))
        assert seen == [("inProgress", 25), ("inProgress", 50), ("inProgress", 75), ("done", 100)]
        assert ask(server)["status"] == "done"

    def test_reading_what_nobody_asked_for(self) -> None:
        for variant in ("starts", "not-found"):
            server = Caller(unprepared_read=variant)
            server.login()
            status, answer = server.get(f"{PREPARED}/{NEW}")
            if variant == "starts":
                assert (status, answer["status"]) == (200, "start")
                server.clock.advance(1)
                assert server.get(f"{PREPARED}/{NEW}")[1]["status"] == "done"
            else:
                assert (status, answer["errorCode"]) == (404, "DELIVERY.notFound")

    def test_what_is_not_released_or_not_there(self, server: Caller) -> None:
        draft = "11.radio@2.0.0-rc.1+build.7"
        for catalog_id, code in ((draft, "DELIVERY.downloadNotAvailable"), ("1.no@1.0.0", "DELIVERY.notFound")):
            ask(server, catalog_id)
            assert server.get(f"{PREPARED}/{catalog_id}")[1]["error"]["errorCode"] == code

    @pytest.mark.parametrize(
        ("body", "query"),
        [
            (b"{", ""),
            ({"deviceId": CHILD}, ""),
            ({"catalogId": NEW}, ""),
            ({"catalogId": NEW, "deviceId": CHILD, "itemType": "song"}, ""),
            ({"catalogId": NEW, "deviceId": CHILD}, "source=moon"),
        ],
    )
    def test_requests_that_are_none(self, server: Caller, body: Any, query: str) -> None:
        status, error = server.post(PREPARE, body, query)
        assert (status, error["name"], error["path"]) == (400, "BadRequestException", PREPARE)
        assert server.get(f"{PREPARED}/{NEW}", "source=moon")[0] == 400


class TestCatalog:
    def test_project_and_version_become_a_catalog_id(self, server: Caller) -> None:
        status, release = server.get(f"{PROJECTS}/vision/version/1.4.0")
        assert (status, release["id"], release["status"], release["latest"]) == (
            200,
            "12.vision@1.4.0",
            "released",
            True,
        )
        assert [one["id"] for one in release["dependencies"]] == ["13.gpu-runtime@5.1.0"]
        assert release["artifacts"][0]["itemKey"] == "vision.rpm"
        assert server.get(f"{PROJECTS}/12/version/1.4.0") == (200, release)

    @pytest.mark.parametrize(
        "path", [f"{PROJECTS}/none", f"{PROJECTS}/none/version/1.0.0", f"{PROJECTS}/11/version/9.9.9"]
    )
    def test_what_is_not_there(self, server: Caller, path: str) -> None:
        status, error = server.get(path)
        assert (status, error["name"], error["path"]) == (404, "NotFoundException", path)
