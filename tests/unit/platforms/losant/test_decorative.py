"""Only identity, version, state and status may make anything unknown: every field of the wire types, by what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from reconciler.model.observation import Phase, State
from reconciler.model.release import Release, ReleaseQuery
from reconciler.model.snapshot import Query
from reconciler.platforms.losant import wire
from tests.unit.platforms.losant.application import Application

DECIDING: dict[type[msgspec.Struct], set[str]] = {
    wire.Row: {
        "id", "deviceId", "flowId", "desiredVersion", "currentVersion", "desiredEtag", "currentEtag", "flowClass"
    },
    wire.Named: {"flowId"},
    wire.Log: set(),
    wire.Link: set(),
    wire.Device: {"id"},
    wire.Tag: {"key", "value"},
    wire.Flow: {"id"},
    wire.Version: {"id", "version"},
    wire.Newest: {"id"},
}  # fmt: skip
"""By type what it cannot do without; a tag and an entry of a log cost nothing but themselves."""

ODD: list[Any] = [None, True, 7, 1.5, 1_700_000_000_000, "", "odd", [], [7], [None], {}, {"odd": 1}]


def fields(kind: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def decorative(kind: type[msgspec.Struct]) -> list[str]:
    return [name for name in fields(kind) if name not in DECIDING[kind]]


def test_every_type_and_field_is_in_the_table() -> None:
    for kind, deciding in DECIDING.items():
        assert deciding <= set(fields(kind))
        assert all(not one.required for one in msgspec.structs.fields(kind) if one.encode_name not in deciding)


def two() -> Application:
    """Return two devices with two workflows; of the first slot v2 is asked and has an error."""
    app = Application().fill(2, 2)
    log = {"changeType": "current", "date": "2026-11-20T08:00:00.000Z", "attemptedValue": "v2", "error": "bad"}
    app.rows[0] |= {"desiredVersion": "v2", "logs": [log]}
    app.flows[0]["minimumAgentVersion"] = "1.20.0"
    return app


PLACES: list[tuple[type[msgspec.Struct], Callable[[Application], dict[str, Any]]]] = [
    (wire.Row, lambda app: app.rows[0]),
    (wire.Named, lambda app: app.rows[0]),
    (wire.Log, lambda app: app.rows[0]["logs"][0]),
    (wire.Device, lambda app: app.devices[0]),
    (wire.Link, lambda app: app.devices[0]["connectionInfo"]),
    (wire.Flow, lambda app: app.flows[0]),
    (wire.Newest, lambda app: app.devices[0]),
]


@pytest.mark.parametrize(("place", "name"), [(place, name) for kind, place in PLACES for name in decorative(kind)])
def test_a_field_that_decides_nothing_costs_itself_alone(
    place: Callable[[Application], dict[str, Any]], name: str
) -> None:
    app = two()
    item, platform = place(app), app.platform()
    for value in ODD:
        item[name] = value
        snapshot = platform.observe(Query())
        assert snapshot.coverage.complete, snapshot.coverage.problems
        assert snapshot.units.ids == [device["id"] for device in app.devices]
        assert {workload.id for workload in snapshot.workloads} == {flow["id"] for flow in app.flows}
        states = [snapshot.state(flow["id"], row) for row in range(2) for flow in app.flows]
        assert (states[0].assigned, states[0].reported) == ("v2", "v1")
        assert states[0].phase in (Phase.FAILED, Phase.MOVING)
        assert states[1:] == [State("v1", "v1")] * 3


def test_what_is_left_out_is_noted() -> None:
    app = two()
    app.rows[0]["logs"] = None
    app.rows[1] |= {"lastUpdated": 1_700_000_000}
    app.devices[0] |= {"name": 5, "edgeAgentVersion": 5, "deviceClass": 5}
    for device in app.devices:
        device["tags"] = [{"key": "line", "value": 12}]
    app.devices[1]["connectionInfo"] = "yes"
    app.flows[0]["name"] = None
    assert app.platform().observe(Query()).coverage.notes == (
        "connectionInfo: Expected `object | null`, got `str`",
        f"device {app.devices[0]['id']}: tags: the value 12 of line is no text; it is read as one",
        f"device {app.devices[1]['id']}: tags: the value 12 of line is no text; it is read as one",
        "deviceClass: Expected `str`, got `int`",
        f"edge deployment {app.rows[0]['id']}: logs: Expected `array`, got `null`",
        "edgeAgentVersion: Expected `str | null`, got `int`",
        "lastUpdated: Expected `str | null`, got `int`",
        "name: Expected `str`, got `int`",
        "name: Expected `str`, got `null`",
    )


@pytest.mark.parametrize("name", decorative(wire.Version))
def test_a_version_is_found_whatever_else_it_says(name: str) -> None:
    app = two()
    flow, platform = app.flows[0]["id"], app.platform()
    for value in ODD:
        app.versions[flow][0][name] = value
        (info,) = platform.catalog([Release(flow, "v1")]).values()
        assert info.found is True
        found = platform.releases(ReleaseQuery())
        assert [one.version for one in found.releases] == ["v1", "v1"]
        noted = type(value) not in expected(name)
        assert (bool(info.detail), bool(found.notes)) == (noted, noted)


def expected(name: str) -> tuple[type, ...]:
    """Return the types of a version's field that are as documented."""
    return {"enabled": (bool, type(None)), "notes": (str, type(None)), "minimumAgentVersion": (str, type(None))}.get(
        name, (str,)
    )


@pytest.mark.parametrize("value", [7, {}, None])
@pytest.mark.parametrize("name", sorted(DECIDING[wire.Version]))
def test_a_version_that_does_not_say_which_it_is_is_unknown(name: str, value: Any) -> None:
    app = two()
    flow = app.flows[0]["id"]
    app.versions[flow][0][name] = value
    app.hook("/v1", lambda _: httpx.Response(200, json=app.versions[flow][0]))
    (info,) = app.platform().catalog([Release(flow, "v1")]).values()
    assert info.found is None
    assert name in info.detail


@pytest.mark.parametrize("value", [7, {}, [], True])
@pytest.mark.parametrize("name", sorted(DECIDING[wire.Row] - {"id", "deviceId", "flowId"}))
def test_a_version_or_etag_or_class_that_cannot_be_read_costs_its_slot(name: str, value: Any) -> None:
    app = two()
    app.rows[1][name] = value
    snapshot = app.platform().observe(Query())
    assert snapshot.coverage.complete
    assert snapshot.state(app.flows[1]["id"], 0).phase is Phase.UNKNOWN
    assert snapshot.state(app.flows[1]["id"], 1) == State("v1", "v1")
