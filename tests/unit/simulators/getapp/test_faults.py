"""The faults that are a fleet's own: shapes of refusals, what lists show, what agents do late or in part."""

from __future__ import annotations

import json

from reconciler.simulators.getapp import Faults
from reconciler.simulators.getapp.simulator import routes
from reconciler.simulators.getapp.variants import QUESTIONS, Variants
from tests.unit.simulators.getapp.caller import CHILD, NEW, OTHER, ROOT, Caller

RELEASES, ACTION = "/api/cdn/device/releases", "/api/cdn/devices/action"
MANY = [f"edge-{number:06d}" for number in range(2, 21)]


class TestBeforeTheEffect:
    def test_agent_and_server_refuse_in_their_own_shapes(self) -> None:
        fleet = Caller(faults=["429=100%"])
        of_agent, of_server = fleet.raw("GET", RELEASES), fleet.raw("POST", "/api/v1/login")
        assert (of_agent.headers["retry-after"], of_server.headers["retry-after"]) == ("1", "1")
        assert set(json.loads(of_agent.body)) == {"message", "name", "statusCode"}
        assert set(json.loads(of_server.body)) == {"message", "name", "statusCode", "data", "timestamp", "path"}


class TestReads:
    def test_short(self) -> None:
        fleet = Caller(faults=["short=100%"])
        fleet.login()
        for path in (RELEASES, "/api/cdn/device", "/api/v1/catalog/releases/project/radio"):
            whole = fleet.simulator.faults.active.pop("short")
            everything = fleet.get(path)[1]
            fleet.simulator.faults.active["short"] = whole
            some = fleet.get(path)[1]
            assert 0 < len(some) < len(everything)
            assert all(entry in everything for entry in some)
        wrapped = Caller(faults=["short=1"], list_wrap="object").get("/api/v2/device/releases")[1]
        assert len(wrapped["data"]) < 4

    def test_empty(self) -> None:
        fleet = Caller(faults=["empty=100%"])
        assert fleet.get(RELEASES) == (200, [])
        assert fleet.get("/api/v2/device") == (200, {})
        assert fleet.get("/api/v1/checkHealth") == (200, "API gateway is well")
        assert fleet.act("DeliveryStart", NEW, CHILD) == (200, None)

    def test_shift(self) -> None:
        fleet = Caller(faults=["shift=100%*1"])
        fleet.world.set_inactive(CHILD, inactive=True)
        before = set(fleet.fleet.devices)
        answer = fleet.get("/api/cdn/device", "filter=all")[1]
        after = {entry["deviceId"] for entry in answer}
        (gone,), (new,) = before - after, after - before
        assert (gone != ROOT, new) == (True, "edge-000021")
        assert {row["release"]["projectName"] for row in fleet.rows(new).values()} >= {"radio", "telemetry"}


class TestWrites:
    def test_lag(self) -> None:
        fleet = Caller(faults=["lag=100%"])
        assert fleet.act("DeliveryStart", NEW, CHILD, OTHER) == (200, None)
        fleet.world.set_online(OTHER, online=False)
        assert fleet.post(f"/deploy/item/{NEW}")[0] == 200, "that it is not allowed shows later"
        assert fleet.row(CHILD, NEW) is None
        fleet.clock.advance(1)
        assert (fleet.row(CHILD, NEW), fleet.row(OTHER, NEW)) == (("delivery", "Start"), None)
        assert fleet.row(ROOT, NEW) is None
        assert [w.fault for w in fleet.simulator.calls.writes] == ["lag", "lag"]

    def test_partial(self) -> None:
        fleet = Caller(faults=["partial=100%"])
        fleet.act("DeliveryStart", NEW, *MANY)
        assert 0 < sum(fleet.row(device, NEW) == ("delivery", "Start") for device in MANY) < 19
        assert fleet.post(f"/delivery/startItem/{NEW}")[0] == 200
        assert fleet.row(ROOT, NEW) is None
        assert [w.fault for w in fleet.simulator.calls.writes] == ["partial", "partial"]

    def test_lag_and_partial_are_of_agents(self) -> None:
        fleet = Caller(faults=["partial=1", "lag=1"])
        fleet.login()
        assert [(w.status, w.fault) for w in fleet.simulator.calls.writes] == [(201, None)]

    def test_gone(self) -> None:
        fleet = Caller(faults=["gone=100%*1"])
        assert fleet.act("DeliveryStart", NEW, ROOT, CHILD, OTHER)[0] == 200
        left = {CHILD, OTHER} & set(fleet.fleet.devices)
        assert len(left) == 1
        assert fleet.row(left.pop(), NEW) == ("delivery", "Start")

    def test_expire(self) -> None:
        fleet = Caller(faults=["expire=100%@server.releases*1"])
        fleet.login()
        path = "/api/v1/catalog/releases/project/radio"
        assert [fleet.get(path)[0] for _ in range(2)] == [401, 401]
        fleet.login()
        assert fleet.get(path)[0] == 200


def test_faults_can_be_narrowed_to_exactly_the_routes_there_are() -> None:
    answers = [Variants({q.name: answer}) for q in QUESTIONS for answer in q.answers]
    assert {route.name for one in answers for route in routes(one)} == set(Faults.routes)
