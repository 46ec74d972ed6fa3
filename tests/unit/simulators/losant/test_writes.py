"""What writes do to the rows, what they refuse, and how every open question changes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.losant.caller import Caller

MISSING = "65a3ffffffffffffffffffff"
FLOW = "65a100000000000000000000"
RELEASE, REPLACE, REMOVE = (f"/edge/deployments/{verb}" for verb in ("release", "replace", "remove"))
ACCEPTED = (202, {"success": True})


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def told(fleet: Caller, flow: str, version: str | None) -> set[str]:
    """The names of devices that are told a version of a flow."""
    return {r["deviceName"] for r in fleet.rows() if (r["flowName"], r["desiredVersion"]) == (flow, version)}


class TestRelease:
    def test_by_tags_inclusively_and_together_with_ids(self, fleet: Caller) -> None:
        tags = [{"key": "ring", "value": "canary"}, {"value": "yes"}]
        assert fleet.release("telemetry", "v1.0.0", "gw-001", deviceTags=tags) == ACCEPTED
        assert told(fleet, "telemetry", "v1.0.0") == {"gw-001", "gw-003"}

    def test_null_where_nothing_is_makes_no_row(self, fleet: Caller) -> None:
        assert fleet.release("vision", None, "gw-001") == ACCEPTED
        assert fleet.row("gw-001", "vision") is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{",
            {"version": "v1"},
            {"flowId": FLOW},
            {"flowId": FLOW, "version": ""},
            {"flowId": FLOW, "version": "x" * 256},
            {"flowId": FLOW, "version": 1},
            {"flowId": "vision", "version": "v1.0.0"},
            {"flowId": FLOW, "version": "v1.0.0", "flowVersion": "v1.0.0"},
            {"flowId": FLOW, "version": "v1.0.0", "deviceIds": None},
            {"flowId": FLOW, "version": "v1.0.0", "deviceIds": ["gw-001"]},
            {"flowId": FLOW, "version": "v1.0.0", "deviceIds": [MISSING] * 1001},
            {"flowId": FLOW, "version": "v1.0.0", "deviceTags": "site"},
            {"flowId": FLOW, "version": "v1.0.0", "deviceTags": ["site"]},
            {"flowId": FLOW, "version": "v1.0.0", "deviceTags": [{"name": "site"}]},
            {"flowId": FLOW, "version": "v1.0.0", "deviceTags": [{"key": "not a key"}]},
            {"flowId": FLOW, "version": "v1.0.0", "deviceTags": [{"key": "site", "value": ""}]},
            {"flowId": FLOW, "version": "develop", "deviceIds": []},
        ],
    )
    def test_what_does_not_fit_is_refused_and_changes_nothing(self, fleet: Caller, body: Any) -> None:
        before = fleet.world.state()
        status, error = fleet.post(RELEASE, body)
        assert (status, set(error)) == (400, {"type", "message"})
        assert fleet.world.state() == before

    def test_an_unknown_flow_or_one_that_is_not_edge(self, fleet: Caller) -> None:
        for flow in (MISSING, fleet.flow("hourly-report"), fleet.flow("unit-converter")):
            status, error = fleet.post(RELEASE, {"flowId": flow, "version": None})
            assert (status, error["message"]) == (404, "Flow was not found")

    @pytest.mark.parametrize(("answer", "status"), [("404", 404), ("400", 400), ("accept", 202)])
    def test_an_unknown_version(self, answer: str, status: int) -> None:
        fleet = Caller(unknown_version=answer)
        assert fleet.release("telemetry", "v9", "gw-001")[0] == status
        fleet.clock.advance(2)
        row = fleet.row("gw-001", "telemetry")
        assert row is not None
        assert row["currentVersion"] == "v1.3.0"
        if status == 202:
            assert (row["desiredVersion"], row["logs"][-1]["attemptedValue"]) == ("v9", "v9")
            assert "not found" in row["logs"][-1]["error"]

    @pytest.mark.parametrize(("answer", "count"), [("all", 20), ("none", 0)])
    @pytest.mark.parametrize("selector", [{}, {"deviceIds": []}, {"deviceTags": []}])
    def test_without_a_selector(self, answer: str, count: int, selector: dict[str, Any]) -> None:
        fleet = Caller(release_without_selector=answer)
        assert fleet.release("telemetry", "v1.0.0", **selector) == ACCEPTED
        assert len(told(fleet, "telemetry", "v1.0.0")) == count

    @pytest.mark.parametrize("stranger", [MISSING, "ffffffffffffffffffffffff", "000000000000000000000000"])
    def test_unknown_ids(self, stranger: str) -> None:
        for answer, status, changed in (("ignore", 202, {"gw-001"}), ("refuse", 400, set())):
            fleet = Caller(unknown_ids=answer)
            body = {"flowId": FLOW, "version": "v1.0.0", "deviceIds": [fleet.device("gw-001"), stranger]}
            assert fleet.post(RELEASE, body)[0] == status
            assert told(fleet, "modbus-poller", "v1.0.0") == changed

    def test_ids_in_upper_case(self, fleet: Caller) -> None:
        body = {"flowId": FLOW.upper(), "version": "v1.0.0", "deviceIds": [fleet.device("gw-001").upper()]}
        assert fleet.post(RELEASE, body) == ACCEPTED
        assert told(fleet, "modbus-poller", "v1.0.0") == {"gw-001"}

    @pytest.mark.parametrize(("answer", "status"), [("ignore", 202), ("refuse", 400)])
    def test_devices_of_another_class(self, answer: str, status: int) -> None:
        fleet = Caller(other_class=answer)
        assert fleet.release("telemetry", "v1.0.0", "hub-1", "gw-001")[0] == status
        assert told(fleet, "telemetry", "v1.0.0") == ({"gw-001"} if status == 202 else set())

    @pytest.mark.parametrize(("answer", "more"), [("yes", 1), ("no", 0)])
    def test_a_release_of_what_is_desired_already(self, answer: str, more: int) -> None:
        fleet = Caller(rerelease_log=answer)
        before = fleet.row("gw-001", "telemetry")
        fleet.clock.advance(60)
        fleet.release("telemetry", "v1.3.0", "gw-001")
        fleet.clock.advance(60)
        after = fleet.row("gw-001", "telemetry")
        assert before is not None
        assert after is not None
        assert len(after["logs"]) == len(before["logs"]) + more
        assert (after["lastUpdated"] > before["lastUpdated"]) == bool(more)
        same = {"logs": [], "lastUpdated": ""}
        assert after | same == before | same


class TestReplace:
    @pytest.mark.parametrize(
        ("answer", "moved"),
        [("desired", {"holds", "told"}), ("current", {"holds", "runs"}), ("either", {"holds", "told", "runs"})],
    )
    def test_which_rows_hold_the_old_version(self, answer: str, moved: set[str]) -> None:
        fleet = Caller(replace_matches=answer)
        for name in ("holds", "told", "runs"):
            fleet.world.add_device(name)
        fleet.release("telemetry", "v1.0.0", "holds", "runs")
        fleet.clock.advance(2)
        fleet.world.set_online("told", False)
        fleet.world.set_online("runs", False)
        fleet.release("telemetry", "v1.0.0", "told")
        fleet.release("telemetry", "v1.1.0", "runs")
        body = {"flowId": fleet.flow("telemetry"), "oldVersion": "v1.0.0", "newVersion": "v1.2.0"}
        assert fleet.post(REPLACE, body) == ACCEPTED
        assert told(fleet, "telemetry", "v1.2.0") == moved

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"oldVersion": None}, 400),
            ({"oldVersion": ""}, 400),
            ({"newVersion": 2}, 400),
            ({"deviceIds": []}, 400),
            ({"newVersion": "v9"}, 404),
            ({"flowId": MISSING}, 404),
        ],
    )
    def test_what_is_refused(self, fleet: Caller, change: dict[str, Any], status: int) -> None:
        body = {"flowId": FLOW, "oldVersion": "v1.3.0", "newVersion": "v1.4.0"}
        assert fleet.post(REPLACE, body | change)[0] == status


class TestRemove:
    def test_a_flow_everywhere(self, fleet: Caller) -> None:
        fleet.post(REMOVE, {"flowId": FLOW, "deviceId": None})
        assert len(told(fleet, "modbus-poller", None)) == 20
        assert told(fleet, "telemetry", None) == set()

    def test_everything_from_a_device_but_what_edge_flows_need(self, fleet: Caller) -> None:
        fleet.post(REMOVE, {"flowId": None, "deviceId": fleet.device("gw-000")})
        left = {r["flowName"] for r in fleet.rows() if r["deviceName"] == "gw-000" and r["desiredVersion"]}
        assert left == {"unit-converter"}

    @pytest.mark.parametrize(("answer", "status", "left"), [("all", 202, 0), ("none", 202, 47), ("reject", 400, 47)])
    def test_both_null(self, answer: str, status: int, left: int) -> None:
        fleet = Caller(remove_null_null=answer)
        assert fleet.post(REMOVE, {"flowId": None, "deviceId": None})[0] == status
        assert sum(r["desiredVersion"] is not None for r in fleet.rows() if r["flowClass"] == "edge") == left

    @pytest.mark.parametrize(("answer", "status"), [("ignore", 202), ("refuse", 400)])
    def test_an_unknown_device(self, answer: str, status: int) -> None:
        fleet = Caller(unknown_ids=answer)
        before = fleet.world.state()
        assert fleet.post(REMOVE, {"flowId": FLOW, "deviceId": MISSING})[0] == status
        assert fleet.world.state() == before

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"flowId": FLOW}, 400),
            ({"flowId": 1, "deviceId": None}, 400),
            ({"flowId": FLOW, "deviceId": None, "version": "v1"}, 400),
            ({"flowId": MISSING, "deviceId": None}, 404),
        ],
    )
    def test_what_is_refused(self, fleet: Caller, body: dict[str, Any], status: int) -> None:
        assert fleet.post(REMOVE, body)[0] == status


class TestEmptyRows:
    def test_they_may_be_dropped_once_the_device_has_removed_it(self) -> None:
        fleet = Caller(empty_rows="dropped")
        fleet.release("telemetry", None, "gw-001")
        assert fleet.versions("gw-001", "telemetry") == (None, "v1.3.0")
        fleet.clock.advance(2)
        assert fleet.row("gw-001", "telemetry") is None
        fleet.release("telemetry", "v1.0.0", "gw-001")
        fleet.clock.advance(2)
        assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.0.0")


class TestVersions:
    def path(self, fleet: Caller) -> str:
        return f"/flows/{fleet.flow('telemetry')}/versions"

    @pytest.mark.parametrize(
        "body",
        [{}, {"version": "develop"}, {"version": "default"}, {"version": ""}, {"version": "v1", "notes": 1}, b"x"],
    )
    def test_names_that_are_none(self, fleet: Caller, body: Any) -> None:
        assert fleet.post(self.path(fleet), body)[0] == 400

    def test_a_graph_is_content_and_an_agent_is_kept(self, fleet: Caller) -> None:
        body = {"version": "v9", "minimumAgentVersion": "1.2.3", "nodes": [], "triggers": [], "globals": []}
        status, made = fleet.post(self.path(fleet), body)
        assert (status, made["minimumAgentVersion"], made["notes"]) == (201, "1.2.3", "")

    @pytest.mark.parametrize("answer", ["same", "new"])
    def test_overwriting_needs_permission_and_keeps_the_date(self, answer: str) -> None:
        fleet = Caller(overwrite_id=answer)
        path = self.path(fleet)
        old = fleet.get(f"{path}/v1.3.0")[1]
        assert fleet.post(path, {"version": "v1.3.0"})[0] == 400
        status, new = fleet.post(path, {"version": "v1.3.0"}, "allowReplacement=true")
        assert (status, new["id"] == old["id"]) == (201, answer == "same")
        assert new["lastUpdated"] > old["lastUpdated"]
        assert new["creationDate"] == old["creationDate"]

    @pytest.mark.parametrize("at", ["at-once", "at-release"])
    @pytest.mark.parametrize("push", ["yes", "no"])
    def test_overwritten_content(self, at: str, push: str) -> None:
        fleet = Caller(overwrite_etag=at, overwrite_push=push)
        old = fleet.row("gw-001", "telemetry")
        assert old is not None
        fleet.world.create_version("telemetry", "v1.3.0")
        fleet.clock.advance(9)
        row = fleet.row("gw-001", "telemetry")
        assert row is not None
        assert (row["desiredEtag"] != row["currentEtag"]) == (at == "at-once")
        fleet.release("telemetry", "v1.3.0", "gw-001")
        fleet.clock.advance(9)
        row = fleet.row("gw-001", "telemetry")
        assert row is not None
        assert (row["currentEtag"] != old["currentEtag"]) == (push == "yes")
        assert (row["desiredVersion"], row["currentVersion"]) == ("v1.3.0", "v1.3.0")
