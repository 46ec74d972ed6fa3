"""The advanced device query, field by field and operator by operator."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.simulators.losant.caller import Caller

FLEET = Caller()
FLEET.world.add_device("bare")
FLEET.world.set_online("gw-005", False)
ALL = 24


def found(query: Any) -> set[str]:
    status, page = FLEET.get("/devices", f"query={quote(json.dumps(query))}")
    assert status == 200, page
    return {item["name"] for item in page["items"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "gw-003"}, {"gw-003"}),
        ({"name": {"$eq": "gw-003"}}, {"gw-003"}),
        ({"name": {"$startsWith": "hu"}}, {"hub-1"}),
        ({"name": {"$endsWith": "-003"}}, {"gw-003"}),
        ({"name": {"$contains": "ens"}}, {"sensor-1"}),
        ({"name": {"$contains": "ENS", "$ci": True}}, {"sensor-1"}),
        ({"name": {"$in": ["HUB-1", "gw-001"], "$ci": True}}, {"hub-1", "gw-001"}),
        ({"name": {"$contains": "ENS", "$ci": False}}, set()),
        ({"name": {"$in": ["gw-001", "gw-002", "x"]}}, {"gw-001", "gw-002"}),
        ({"name": {"$gt": "gw-018", "$lt": "hub-1"}}, {"gw-019"}),
        ({"name": {"$gte": "sensor-1"}}, {"sensor-1"}),
        ({"name": {"$lte": "bare"}}, {"bare"}),
        ({"id": {"$in": [FLEET.device("gw-007")]}}, {"gw-007"}),
        ({"deviceClass": "gateway"}, {"hub-1"}),
        ({"connectionStatus": "disconnected"}, {"gw-005"}),
        ({"connectionStatus": "never"}, {"hub-1", "sensor-1", "probe-1"}),
        ({"disconnectedAt": {"$ne": None}}, {"gw-005"}),
        ({"connectedAt": {"$gt": "2000"}, "name": "bare"}, {"bare"}),
        ({"disconnectedAt": {"$lt": "2000"}}, set()),
        ({"parentId": {"$ne": None}}, set()),
        ({"tags": None}, {"bare"}),
        ({"tags": {"ring": "canary"}}, {"gw-003"}),
        ({"tags": {"ring": {"$in": ["canary", "lab"]}, "site": "austin"}}, set()),
        ({"tags": {"site": None}}, {"bare"}),
        ({"tags": {"$tagKey": "ring", "$tagValue": "canary"}}, {"gw-003"}),
        ({"tags": {"$tagValue": "canary"}}, {"gw-003"}),
        ({"tags": {"$tagKey": {"$nin": ["site", "ring", "camera"]}}}, set()),
        ({"$and": [{"name": {"$startsWith": "gw"}}, {"tags": {"ring": "canary"}}]}, {"gw-003"}),
        ({"$or": [{"name": "bare"}, {"name": "hub-1"}]}, {"bare", "hub-1"}),
        ({"$nor": [{"deviceClass": "edgeCompute"}, {"name": "hub-1"}]}, {"sensor-1", "probe-1"}),
        ({"name": "gw-001", "deviceClass": "gateway"}, set()),
        ({"creationDate": {"$gt": "3000"}}, set()),
    ],
)
def test_what_a_query_finds(query: Any, expected: set[str]) -> None:
    assert found(query) == expected


def test_everything() -> None:
    assert len(found({})) == len(found({"deletedAt": None})) == len(found({"lastUpdated": {"$gt": "2000"}})) == ALL
    assert len(found({"tags": {"$tagKey": None}})) == ALL - 1
    assert len(found({"name": {"$nin": ["bare"]}})) == ALL - 1


@pytest.mark.parametrize(
    "query",
    [
        {"agent": "2"},
        {"$and": {}},
        {"$or": [{}] * 101},
        {"$and": [3]},
        {"name": {"$like": "x"}},
        {"name": {"$in": "x"}},
        {"id": {"$in": ["65a3ffffffffffffffffffff"] * 101}},
        {"name": {"$gt": None}},
        {"tags": "site"},
        {"tags": {}},
        {"tags": {"site": 3}},
        {"tags": {"site": {"$gt": "a"}}},
    ],
)
def test_what_is_no_query(query: Any) -> None:
    status, error = FLEET.get("/devices", f"query={quote(json.dumps(query))}")
    assert (status, set(error)) == (400, {"type", "message"})


NAMES = st.sampled_from(["gw-000", "gw-001", "hub-1", "bare"])
QUERIES = st.recursive(
    st.one_of(
        NAMES.map(lambda name: {"name": name}),
        st.lists(NAMES).map(lambda names: {"name": {"$in": names}}),
        st.just({"tags": {"site": "austin"}}),
    ),
    lambda inner: st.lists(inner, max_size=3).flatmap(lambda parts: st.sampled_from([{"$and": parts}, {"$or": parts}])),
    max_leaves=6,
)


@given(QUERIES)
def test_nor_is_the_rest(query: dict[str, Any]) -> None:
    assert found({"$nor": [query]}) == found({}) - found(query)
    assert found({"$and": [query, query]}) == found({"$or": [query]}) == found(query)
