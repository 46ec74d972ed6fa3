"""Breaking things by hand from another process."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from reconciler.simulators.getapp import control
from tests.unit.simulators.getapp.caller import CHILD, NEW, OLD, ROOT, Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_state_shows_every_device_and_project(fleet: Caller) -> None:
    status, state = fleet.get("/simulator/state")
    assert status == 200
    assert state["rows"] == fleet.world.state()
    assert next(row for row in state["rows"] if row["device"] == CHILD) == {
        "device": CHILD,
        "name": "osaka-000002",
        "project": "radio",
        "told": "1.3.0",
        "runs": "1.3.0",
        "rows": [{"catalogId": OLD, "version": "1.3.0", "state": "installed", "status": "Done", "progress": 100.0}],
    }


def story(fleet: Caller) -> tuple[Any, Any]:
    (row,) = [row for row in fleet.world.state() if (row["device"], row["project"]) == (CHILD, "radio")]
    return row["told"], row["runs"]


def test_what_a_device_is_told_and_runs(fleet: Caller) -> None:
    seen = [story(fleet)]
    fleet.act("DeliveryStart", NEW, CHILD)
    seen.append(story(fleet))
    fleet.clock.advance(6)
    seen.append(story(fleet))
    fleet.act("DeliveryStart", "11.radio@1.0.0", CHILD)
    seen.append(story(fleet))
    fleet.act("DeliveryCancel", "11.radio@1.0.0", CHILD)
    seen.append(story(fleet))
    fleet.world.set_failing(CHILD, failing=True)
    fleet.act("DeployStart", NEW, CHILD)
    fleet.clock.advance(4)
    seen.append(story(fleet))
    fleet.act("DeliveryStart", "11.radio@1.1.0", CHILD)
    seen.append(story(fleet))
    assert seen == [
        ("1.3.0", "1.3.0"),
        ("1.4.0", "1.3.0"),
        ("1.4.0", "1.3.0"),
        ("1.0.0", "1.3.0"),
        ("1.4.0", "1.3.0"),
        ("1.4.0", "1.3.0"),
        ("1.1.0", "1.3.0"),
    ]


def test_a_device_that_has_only_what_is_gone() -> None:
    fleet = Caller(delete_installed="allow")
    fleet.act("DeliveryDelete", OLD, CHILD)
    assert story(fleet) == (None, None)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("set_online", {"device": CHILD, "online": False}),
        ("set_inactive", {"device": CHILD, "inactive": True}),
        ("set_failing", {"device": CHILD, "failing": True}),
        ("console", {"device": CHILD, "project": "radio", "version": "1.0.0"}),
        ("pause", {"device": CHILD, "catalog_id": NEW}),
        ("cancel", {"device": CHILD, "catalog_id": NEW}),
        ("add_device", {"name": "new", "device_type": "drone", "labels": {"site": "moon"}}),
        ("delete_device", {"device": CHILD}),
        ("restart_agent", {"device": ROOT, "seconds": 3}),
        ("set_status", {"project": "radio", "version": "1.0.0", "status": "archived"}),
        ("add_release", {"project": "radio", "version": "1.9.0", "auto_deploy": True, "dependencies": [OLD]}),
        ("add_release", {"project": "fresh", "version": "0.1.0", "status": "in_review"}),
        ("fail_preparation", {"catalog_id": NEW, "error_code": "DELIVERY.invalid"}),
        ("set_field", {"device": CHILD, "catalog_id": OLD, "field": "deviceReleaseStatus", "value": "Sleeping"}),
        ("expire_tokens", {}),
    ],
)
def test_every_verb_has_an_effect(fleet: Caller, verb: str, body: dict[str, Any]) -> None:
    fleet.login()
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(1)

    def shown() -> str:
        devices = [(d.id, d.online, d.seen, d.failing) for d in fleet.fleet.devices.values()]
        paths = ("/api/cdn/device", "/api/cdn/device/releases", "/api/v1/catalog/releases/project/radio")
        catalog = [(r.id, r.status) for r in fleet.fleet.catalog.releases.values()]
        return repr((devices, catalog, fleet.world.preparations.failures, [fleet.raw("GET", p) for p in paths]))

    before = shown()
    status, answer = fleet.post(f"/simulator/{verb}", body)
    assert (status, answer["success"]) == (200, True)
    assert shown() != before


def test_every_verb_is_in_the_documentation() -> None:
    text = (control.__doc__ or "").partition("Verbs: ")[2].partition(".")[0]
    assert [name.strip() for name in text.replace("\n", " ").split(",")] == [v.__name__ for v in control.VERBS]
    assert all(inspect.getdoc(verb) for verb in control.VERBS)


def test_what_verbs_give_back(fleet: Caller) -> None:
    assert fleet.post("/simulator/add_device", {"name": "new"})[1]["id"] == "edge-000021"
    assert fleet.post("/simulator/add_release", {"project": "fresh", "version": "1.0.0"})[1]["id"] == "15.fresh@1.0.0"


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("set_online", {"device": "nobody", "online": True}, 404),
        ("set_online", {"device": ROOT, "online": False}, 400),
        ("delete_device", {"device": ROOT}, 400),
        ("console", {"device": CHILD, "project": "none", "version": "1.0.0"}, 404),
        ("console", {"device": CHILD, "project": "radio", "version": "9.9.9"}, 404),
        ("pause", {"device": CHILD, "catalog_id": NEW}, 404),
        ("pause", {"device": CHILD, "catalog_id": OLD}, 400),
        ("cancel", {"device": CHILD, "catalog_id": OLD}, 400),
        ("add_release", {"project": "radio", "version": "1.0"}, 400),
        ("add_release", {"project": "radio", "version": "1.0.0"}, 400),
        ("add_release", {"project": "radio", "version": "3.0.0", "status": "gone"}, 400),
        ("add_release", {"project": "radio", "version": "3.0.0", "dependencies": ["1.no@1.0.0"]}, 404),
        ("set_status", {"project": "radio", "version": "1.0.0", "status": "gone"}, 400),
        ("set_online", {"colour": 1}, 400),
        ("dance", {}, 404),
    ],
)
def test_mistakes(fleet: Caller, verb: str, body: dict[str, Any], status: int) -> None:
    found, error = fleet.post(f"/simulator/{verb}", body)
    assert (found, set(error)) == (status, {"message", "name", "statusCode"})


def test_planted_values_show_until_the_row_changes(fleet: Caller) -> None:
    fleet.world.set_field(CHILD, OLD, "state", "haunted")
    fleet.world.set_field(CHILD, OLD, "release.status", "withdrawn")
    row = fleet.rows(CHILD)[OLD]
    assert (row["state"], row["release"]["status"]) == ("haunted", "withdrawn")
    assert fleet.row(ROOT, OLD) == ("installed", "Done")
    fleet.world.console(CHILD, "radio", "1.3.0")
    assert fleet.row(CHILD, OLD) == ("installed", "Done")


def test_a_new_release_and_a_new_status_show_in_every_row(fleet: Caller) -> None:
    assert fleet.rows(CHILD)[OLD]["release"]["latest"] is False
    fleet.world.set_status("radio", "1.4.0", "archived")
    assert fleet.rows(CHILD)[OLD]["release"]["latest"] is True
    fleet.world.add_release("radio", "1.10.0")
    assert fleet.rows(CHILD)[OLD]["release"]["latest"] is False
    fleet.world.set_status("radio", "1.3.0", "archived")
    assert fleet.rows(CHILD)[OLD]["release"]["status"] == "archived"


def test_online_twice_is_online(fleet: Caller) -> None:
    fleet.world.set_online(CHILD, online=True)
    for _ in range(2):
        fleet.world.set_online(CHILD, online=False)
    assert not fleet.fleet.devices[CHILD].online
