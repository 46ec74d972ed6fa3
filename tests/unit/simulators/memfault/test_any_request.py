"""Whatever is asked, there is an answer of the platform's shape, and devices are neither lost nor doubled."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Shape
from reconciler.simulators.memfault.simulator import ROUTES
from reconciler.simulators.memfault.variants import QUESTIONS
from tests.unit.simulators.memfault.caller import TOKEN, Caller

NAMES = [
    "default",
    "beta",
    "SN0000",
    "SN0001",
    "1.3.0",
    "1.4.0",
    "main-fw",
    "main-fw-mp",
    "normal",
    "staged_rollout",
    "",
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 200) | st.sampled_from(NAMES) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["token", "version"]), inner, max_size=2)
    ),
    max_leaves=5,
)
KEYS = [
    "type", "release", "cohort", "rollout_percent", "extra_info", "name", "slug", "devices", "device_serial", "version",
    "hardware_version", "notes", "kind", "file", "software_version", "bypass_version_checks", "min_version",
]  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6) | VALUES | st.binary(max_size=5)
QUERY_KEYS = [
    "page",
    "per_page",
    "sort",
    "since",
    "release",
    "cohort",
    "last_seen_since",
    "hardware_version",
    "device_serial",
]
QUERIES = st.dictionaries(
    st.sampled_from([*QUERY_KEYS, "software_type"]), st.sampled_from([*NAMES, "1", "x", "-name"]), max_size=4
)
SHAPE = Shape(units=2, devices=6, offline=0, failing=0.2)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, str, Any]:
    route = draw(st.sampled_from(ROUTES))
    path = route.path.pattern
    parts = {"organization": "simulated", "project": "fleet-1"}
    for name in route.path.groupindex:
        part = parts.get(name) or draw(st.sampled_from([*NAMES[:-1], "7"]))
        path = path.replace(f"(?P<{name}>[^/]+)", part).replace(f"(?P<{name}>.+)", part)
    query = "&".join(f"{key}={value}" for key, value in draw(QUERIES).items())
    return route.method, path, query, draw(BODIES)


ANSWERS = st.fixed_dictionaries({q.name.replace("-", "_"): st.sampled_from(q.answers) for q in QUESTIONS})


@given(st.lists(calls(), max_size=12), ANSWERS)
def test_any_calls_in_any_variant(asked: list[tuple[str, str, str, Any]], answers: dict[str, str]) -> None:
    fleet = Caller(SHAPE, (), 3.0, **answers)
    for method, path, query, body in asked:
        reply = fleet.raw(method, path, query, body, headers=TOKEN)
        assert reply.status in {200, 201, 202, 204, 400, 403, 404, 405, 409}
        if reply.status >= 400:
            assert json.loads(reply.body)["error"]["http_code"] == reply.status
        fleet.settle()
    members = [device.serial for cohort in fleet.project.cohorts.values() for device in cohort.devices.values()]
    assert sorted(members) == sorted(fleet.project.devices)
    assert all(device.cohort.devices[device.id] is device for device in fleet.project.devices.values())
    assert all(one.cohort in fleet.project.cohorts.values() for one in fleet.project.deployments.values())
    assert len(fleet.rows("/devices")) == len(members)
