"""What the simulator answers and accepts, held to the JSON Schemas that the vendor publishes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from reconciler.simulators.losant import Shape
from tests.unit.simulators.losant.caller import Caller

SPECS = Path(os.environ.get("RECONCILER_SPECS") or Path(__file__).parents[4].parent / "shared" / "specs") / "losant"

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(),
    reason=f"the vendor's schemas are not at {SPECS}; set RECONCILER_SPECS to hold the simulator to them",
)


def schema(name: str) -> Draft7Validator:
    return Draft7Validator(json.loads((SPECS / f"{name}.json").read_text()), format_checker=FormatChecker())


def check(name: str, payload: Any) -> None:
    errors = [f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in schema(name).iter_errors(payload)]
    assert errors == []


@pytest.fixture
def fleet() -> Caller:
    """A fleet in which everything has happened: errors, removals, devices that come and go."""
    fleet = Caller(Shape(units=60, offline=0.2, failing=0.2))
    fleet.world.add_device("new", {"site": "austin"}, agent=None, online=None)
    fleet.release("telemetry", None, "gw-001", "gw-002")
    fleet.release("vision", "v1.0.0", "gw-001", "new")
    fleet.world.console("gw-004", "telemetry", "v1.0.0")
    fleet.world.create_version("telemetry", "v1.3.0", notes="again")
    fleet.world.delete_device("gw-005")
    fleet.clock.advance(60)
    return fleet


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("edgeDeployments", "/edge/deployments", "perPage=1000"),
        ("edgeDeployments", "/edge/deployments", "version=v1.0.0&flowId=65a100000000000000000002&sortField=id"),
        ("devices", "/devices", "perPage=1000"),
        ("devices", "/devices", "deviceClass=edgeCompute&sortField=id"),
        ("devices", "/devices", "filter=gw*&tagFilter[0][key]=site&tagFilter[0][value]=austin"),
        ("device", "/devices/65a300000000000000000001", ""),
        ("edgeDeployment", "/edge/deployments/65a400000000000000000001", ""),
        ("flow", "/flows/65a100000000000000000002", ""),
        ("flows", "/flows", "flowClass=edge"),
        ("flows", "/flows", ""),
        ("flowVersions", "/flows/65a100000000000000000002/versions", "sortField=id"),
        ("flowVersion", "/flows/65a100000000000000000002/versions/v1.3.0", ""),
    ],
)
def test_reads(fleet: Caller, name: str, path: str, query: str) -> None:
    status, payload = fleet.get(path, query)
    assert status == 200
    assert payload.get("totalCount") != 0
    check(name, payload)


def test_writes_and_refusals(fleet: Caller) -> None:
    check("success", fleet.release("telemetry", "v1.0.0", "gw-003")[1])
    check("flowVersion", fleet.post("/flows/65a100000000000000000002/versions", {"version": "v7"})[1])
    for path in ("/devices/nonsense", "/nowhere", "/edge/deployments?x"):
        check("error", fleet.get(path)[1])
    check("error", fleet.get("/devices", "perPage=x")[1])


IDS = st.sampled_from(["65a300000000000000000001", "65A300000000000000000002", "gw-001", "", None, 3])
VERSIONS = st.one_of(st.none(), st.sampled_from(["v1.0.0", "v1.3.0", "", 1, "x" * 255, "x" * 256]))
FLOWS = st.sampled_from(["65a100000000000000000000", "65A100000000000000000000", "modbus-poller", None, 5])
TAGS = st.one_of(
    st.none(),
    st.just("site"),
    st.lists(
        st.one_of(
            st.just("site"),
            st.dictionaries(
                st.sampled_from(["key", "value", "name"]), st.sampled_from(["site", "a b", "", None, 1, "x" * 256])
            ),
        ),
        max_size=3,
    ),
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of these keys, and now and then one that nobody knows."""
    return st.fixed_dictionaries({}, optional={**fields, "colour": st.just("red")})


@given(some(flowId=FLOWS, version=VERSIONS, deviceIds=st.one_of(st.none(), st.lists(IDS, max_size=3)), deviceTags=TAGS))
def test_a_release_is_malformed_exactly_when_the_schema_says_so(body: dict[str, Any]) -> None:
    _agree("edgeDeploymentRelease", "release", body)


@given(some(flowId=FLOWS, oldVersion=VERSIONS, newVersion=VERSIONS))
def test_a_replace_is_malformed_exactly_when_the_schema_says_so(body: dict[str, Any]) -> None:
    _agree("edgeDeploymentReplace", "replace", body)


@given(some(flowId=FLOWS, deviceId=IDS))
def test_a_remove_is_malformed_exactly_when_the_schema_says_so(body: dict[str, Any]) -> None:
    _agree("edgeDeploymentRemove", "remove", body)


FLEET = Caller(remove_null_null="none", unknown_version="accept")


def _agree(name: str, verb: str, body: dict[str, Any]) -> None:
    status, _ = FLEET.post(f"/edge/deployments/{verb}", body)
    assert (status == 400) == (not schema(name).is_valid(body))
