"""Who assigned a version, as Losant's history of an edge deployment has it: over the simulator, in one process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.drift import Actor, ActorKind
from reconciler.model.snapshot import Query
from reconciler.platforms.losant.attribute import REQUESTS
from reconciler.ports import Attributes
from reconciler.simulators.losant import LosantWorld
from reconciler.simulators.losant.agents import SOURCES
from reconciler.testing.subject import Rig
from tests.contract.subjects_losant import with_world

Slots = dict[tuple[str, str], str | None]
FLOW = "vision"


def changed(world: LosantWorld, *devices: str, version: str | None = "v1.0.0", source: str = "user") -> Slots:
    """Have somebody assign a version to devices; return what they have then."""
    for device in devices:
        world.console(device, FLOW, "v1.1.0")
        world.console(device, FLOW, version, source)
    rows = {(row["deviceId"], row["flowId"]): row for row in world.state()}
    named = {str(row["device"]) for row in rows.values()} & set(devices)
    assert named == set(devices)
    return {
        (str(slot[0]), str(slot[1])): version
        for slot, row in rows.items()
        if row["device"] in devices and row["flow"] == FLOW
    }


def asked(rig: Rig, slots: Slots) -> tuple[dict[tuple[str, str], Actor], int]:
    """Return who assigned what slots have, and how many requests that took."""
    before = rig.platform.observe(Query())
    assert isinstance(rig.platform, Attributes)
    read = len(rig.seen())
    return dict(rig.platform.attribute(slots, before)), len(rig.seen()) - read


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("user", ActorKind.USER),
        ("apiToken", ActorKind.API),
        ("flow", ActorKind.WORKFLOW),
        ("notebook", ActorKind.NOTEBOOK),
    ],
)
@pytest.mark.parametrize("version", ["v1.0.0", None])
def test_who_assigned_a_version_or_none_is_named_with_its_kind_and_the_time(
    source: str, kind: ActorKind, version: str | None
) -> None:
    rig, world = with_world()
    slots = changed(world, "gw-001", version=version, source=source)
    found, requests = asked(rig, slots)
    (actor,) = found.values()
    assert (actor.kind, actor.name) == (kind, SOURCES[source].id)
    assert actor.at == pytest.approx(rig.clock.now(), abs=1.0)
    assert requests == 1


def test_what_is_assigned_by_now_is_not_what_was_asked_about() -> None:
    rig, world = with_world()
    slots = changed(world, "gw-001", version="v1.0.0")
    changed(world, "gw-001", version="v1.2.0")
    assert asked(rig, slots)[0] == {}


def test_many_devices_of_a_workflow_are_one_request() -> None:
    rig, world = with_world(units=40)
    slots = changed(world, *(f"gw-{number:03}" for number in range(20)))
    found, requests = asked(rig, slots)
    assert (set(found), requests) == (set(slots), 1)


def test_of_many_workflows_only_a_few_are_asked_about() -> None:
    rig, world = with_world(units=3, workloads=2)
    slots = changed(world, "gw-001")
    (known,) = slots
    more: Slots = {(known[0], f"f{number:023x}"): "v1" for number in range(50)}
    known_ones, _ = asked(rig, slots)
    assert asked(rig, slots | more) == (known_ones, REQUESTS)


@pytest.mark.parametrize(
    "logs",
    [
        [],
        None,
        "no list",
        [{"changeType": "desired", "date": "yesterday", "newValue": "v1.0.0", "sourceType": "user", "sourceId": "a"}],
        [{"changeType": "desired", "date": "2026-01-01T00:00:00Z", "newValue": "v9", "sourceId": "a"}],
        [{"changeType": "current", "date": "2026-01-01T00:00:00Z", "newValue": "v1.0.0", "sourceId": "a"}],
        [{"changeType": "desired", "date": "2026-01-01T00:00:00Z", "newValue": "v1.0.0", "sourceType": "moon"}],
    ],
    ids=["empty", "null", "no-list", "no-date", "another", "current", "nobody"],
)
def test_a_history_that_does_not_say_who_names_nobody(logs: Any) -> None:
    def rewrite(body: bytes) -> bytes:
        page = json.loads(body)
        for row in page.get("items", ()) if isinstance(page, dict) else ():
            if "desiredVersion" in row:
                row["logs"] = logs
        return json.dumps(page).encode()

    rig, world = with_world(rewrite=rewrite)
    assert asked(rig, changed(world, "gw-001")) == ({}, 1)


def test_a_name_is_one_short_line_whatever_is_in_it() -> None:
    def rewrite(body: bytes) -> bytes:
        page = json.loads(body)
        for row in page.get("items", ()) if isinstance(page, dict) else ():
            for log in row.get("logs", ()):
                log["sourceId"] = "a\x1b[31m\nb" + "x" * 5000
        return json.dumps(page).encode()

    rig, world = with_world(rewrite=rewrite)
    (actor,) = asked(rig, changed(world, "gw-001"))[0].values()
    assert actor.name.isprintable()
    assert len(actor.name) <= 100


@pytest.mark.parametrize("fault", ["expire", "500", "reset"])
def test_what_cannot_be_read_names_nobody(fault: str) -> None:
    rig, world = with_world()
    slots = changed(world, "gw-001")
    before = rig.platform.observe(Query())
    rig.fault(f"{fault}=100%")
    assert isinstance(rig.platform, Attributes)
    assert rig.platform.attribute(slots, before) == {}
