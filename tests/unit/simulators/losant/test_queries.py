"""The advanced device query: fields, operators, tags, and how they combine."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.simulators.losant.caller import Caller

FLEET = Caller()
FLEET.world.add_device("bare")
FLEET.world.set_online("gw-005", False)


def ask(query: Any) -> tuple[int, Any]:
    return FLEET.get("/devices", f"query={quote(json.dumps(query))}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "gw-003"}, {"gw-003"}),
        ({"name": {"$eq": "gw-003"}}, {"gw-003"}),
        ({"name": {"$startsWith": "hu"}}, {"hub-1"}),
        ({"name": {"$startsWith": "gw", "$endsWith": "-003"}}, {"gw-003"}),
        ({"name": {"$contains": "ens"}}, {"sensor-1"}),
        ({"id": {"$in": [FLEET.device("gw-007")]}}, {"gw-007"}),
        ({"name": {"$nin": ["hub-1"]}, "deviceClass": {"$ne": "edgeCompute"}}, {"sensor-1", "probe-1"}),
        ({"connectionStatus": "disconnected"}, {"gw-005"}),
        ({"tags": {"ring": "canary"}}, {"gw-003"}),
        ({"tags": {"ring": {"$in": ["canary", "lab"]}, "site": "austin"}}, set()),
        ({"$and": [{"name": {"$startsWith": "gw"}}, {"tags": {"ring": "canary"}}]}, {"gw-003"}),
        ({"$or": [{"name": "bare"}, {"name": "hub-1"}]}, {"bare", "hub-1"}),
        ({"$nor": [{"deviceClass": "edgeCompute"}, {"name": "hub-1"}]}, {"sensor-1", "probe-1"}),
    ],
)
def test_what_a_query_finds(query: Any, expected: set[str]) -> None:
    status, page = ask(query)
    assert (status, {item["name"] for item in page["items"]}) == (200, expected)


@pytest.mark.parametrize(
    "query",
    [{"agent": "2"}, {"$and": {}}, {"$and": [3]}, {"name": {"$like": "x"}}, {"name": {"$in": "x"}}, {"tags": "a"}],
)
def test_what_is_no_query(query: Any) -> None:
    status, error = ask(query)
    assert (status, set(error)) == (400, {"type", "message"})
