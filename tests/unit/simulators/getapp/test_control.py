"""Breaking things by hand from another process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.getapp.caller import CHILD, NEW, ROOT, Caller

CANARY = "edge-000004"


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def story(fleet: Caller) -> tuple[Any, Any]:
    (row,) = [row for row in fleet.world.state() if (row["device"], row["project"]) == (CHILD, "radio")]
    return row["assigned"], row["runs"]


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


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("set_online", {"device": "nobody", "online": True}, 404),
        ("set_online", {"device": ROOT, "online": False}, 400),
        ("delete_device", {"device": ROOT}, 400),
        ("console", {"device": CHILD, "project": "none", "version": "1.0.0"}, 404),
        ("console", {"device": CHILD, "project": "radio", "version": "9.9.9"}, 404),
        ("add_release", {"project": "radio", "version": "1.0"}, 400),
        ("add_release", {"project": "radio", "version": "1.0.0"}, 400),
        ("add_release", {"project": "radio", "version": "3.0.0", "status": "gone"}, 400),
        ("add_release", {"project": "radio", "version": "3.0.0", "dependencies": ["1.no@1.0.0"]}, 404),
        ("set_online", {"colour": 1}, 400),
        ("dance", {}, 404),
    ],
)
def test_mistakes(fleet: Caller, verb: str, body: dict[str, Any], status: int) -> None:
    found, error = fleet.post(f"/simulator/{verb}", body)
    assert (found, set(error)) == (status, {"message", "name", "statusCode"})


def test_a_new_release_shows_in_every_row(fleet: Caller) -> None:
    assert fleet.rows(CANARY)[NEW]["release"]["latest"] is True
    fleet.world.add_release("radio", "1.10.0")
    assert fleet.rows(CANARY)[NEW]["release"]["latest"] is False
