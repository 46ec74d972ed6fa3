"""The API over real HTTP: what it answers, what it refuses, and that its document says the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.errors import JournalError
from reconciler.model.change import Verb
from reconciler.model.event import Acted, AnyEvent, Approved, Drifted, Halted, Proposed, Ruled
from reconciler.model.ruling import Act, Command, RolloutId
from reconciler.model.unit import Ref
from reconciler.web.guarding import LONGEST_BODY
from reconciler.web.openapi import document
from reconciler.web.operations import OPERATIONS, PREFIX
from tests.unit.engine.memory import NOW, gone
from tests.unit.web.served import OPERATOR, VIEWER, World, bearer, serving

DOCUMENT = document()


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.turn()
    return found


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving(world) as one:
        yield one


def get(client: httpx.Client, path: str, token: str = VIEWER, **params: Any) -> httpx.Response:
    return client.get(f"{PREFIX}{path}", params=params, headers=bearer(token))


def post(client: httpx.Client, path: str, token: str = OPERATOR, **body: Any) -> httpx.Response:
    return client.post(f"{PREFIX}{path}", json=body, headers=bearer(token))


def checked(name: str, answer: httpx.Response) -> Any:
    """The JSON of an answer, which is as the document says."""
    one = next(one for one in OPERATIONS if one.name == name)
    said = DOCUMENT["paths"][f"{PREFIX}{one.path}"][one.method.lower()]["responses"]
    assert str(answer.status_code) in said, answer.text
    schema = said[str(answer.status_code)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json())
    return answer.json()


# --- looking --------------------------------------------------------------------------------------------------------------


def test_everything_that_is_shown_is_answered_as_the_document_says(client: httpx.Client) -> None:
    overview = checked("overview", get(client, "/overview"))
    (one,) = overview["fleets"]
    assert (overview["source"], overview["mode"], one["fleet"], one["sync"]) == (
        "watch",
        "apply",
        "fleet",
        "out of sync",
    )
    assert (one["changes"], one["held"], one["reasons"]) == (1, 3, {"wave-not-open": 3})
    assert one["spread"] == [{"workload": "poller", "version": "1", "assigned": 4, "reported": 4, "devices": None}]
    assert one["rollouts"] == [
        {"workload": {"id": "w1", "name": "poller"}, "version": "2", "state": "progressing", "met": []}
    ]
    fleet = checked("fleet", get(client, "/fleets/fleet"))
    assert (fleet["status"]["units"], [wave["state"] for wave in fleet["rollouts"][0]["waves"]]) == (
        4,
        ["open", "closed"],
    )
    units = checked("units", get(client, "/fleets/fleet/units", standing="out-of-sync", limit=2, offset=1))
    assert (units["total"], [one["unit"]["unit"]["id"] for one in units["units"]]) == (4, ["u1", "u2"])
    assert checked("units", get(client, "/fleets/fleet/units", find="U3"))["total"] == 1
    assert checked("units", get(client, "/fleets/fleet/units", find="u[12]"))["total"] == 2
    assert checked("heat", get(client, "/fleets/fleet/map"))["worst"] == "oooo"
    points = checked("course", get(client, "/fleets/fleet/course", hours=1))["points"]
    assert [one["spread"][0]["version"] for one in points] == ["1"]
    slot = checked("unit", get(client, "/unit", id="u0"))["slots"][0]
    assert (slot["desired"], slot["seen"]["assigned"], slot["planned"]["to"]) == ("2", "1", "2")
    assert checked("plan", get(client, "/plan"))["fleets"][0]["fleet"] == "fleet"
    assert checked("proposals", get(client, "/proposals"))["proposals"] == []
    events = checked("history", get(client, "/history"))["events"]
    assert [one["event"]["event"] for one in events] == ["completed", "passed"]


def test_a_history_is_searched_and_leafed_through(client: httpx.Client, world: World) -> None:
    for number in range(5):
        ref = Ref(f"u{number}", f"gw-{number} 100%_é")
        world.record(Drifted(at=NOW, run="run", fleet="fleet", unit=ref, workload=Ref("w1", "poller"), was="1", now="0", desired="1", verb=Verb.REPLACE))  # fmt: skip

    def numbers(**query: Any) -> list[str]:
        return [one["event"]["unit"]["id"] for one in checked("history", get(client, "/history", **query))["events"]]

    assert numbers(kind="drifted") == ["u4", "u3", "u2", "u1", "u0"]
    first = checked("history", get(client, "/history", kind="drifted", limit=2))
    assert first["older"]
    assert numbers(kind="drifted", limit=2, before=first["events"][-1]["number"]) == ["u2", "u1"]
    assert numbers(text="GW-3") == ["u3"]
    assert len(numbers(text="100%_é")) == 5
    assert numbers(text="100%%") == [], "a percent sign is one"
    assert numbers(unit="gw-2*") == ["u2"]
    assert numbers(kind="drifted", since="2099-01-01") == []
    assert len(numbers(kind="drifted", since="1h")) == 5
    wrong = get(client, "/history", since="yesterday")
    assert (wrong.status_code, "neither a date" in checked("history", wrong)["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/fleets/other", {}, 404),
        ("/fleets/other/units", {}, 404),
        ("/fleets/other/map", {}, 404),
        ("/fleets/other/course", {}, 404),
        ("/unit", {"id": "nobody"}, 404),
        ("/unit", {}, 400),
        ("/fleets/fleet/units", {"limit": "0"}, 400),
        ("/fleets/fleet/units", {"limit": "many"}, 400),
        ("/fleets/fleet/units", {"size": "1"}, 400),
        ("/fleets/fleet/course", {"hours": "nan"}, 400),
        ("/history", {"kind": ["a", "b"]}, 400),
        ("/nothing", {}, 404),
    ],
)
def test_what_cannot_be_answered_says_why(client: httpx.Client, path: str, query: dict[str, Any], status: int) -> None:
    answer = get(client, path, **query)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_a_fleet_that_could_not_be_read_says_so(client: httpx.Client, world: World) -> None:
    world.memory.unreadable = [gone()]
    world.turn()
    assert checked("overview", get(client, "/overview"))["fleets"][0]["error"] == "memory: list: no connection"
    assert checked("fleet", get(client, "/fleets/fleet"))["status"] is None
    assert get(client, "/fleets/fleet/units").status_code == 404


def test_a_history_alone_shows_what_it_has_and_lets_nobody_act(world: World) -> None:
    world.record(Halted(at=NOW, run="r", rollout=RolloutId("fleet", "w1", "2"), workload=Ref("w1", "poller"), failed=1, attempted=1))  # fmt: skip
    world.board.watched, world.board.live, world.acts = False, None, None
    world.board.refresh()
    with serving(world) as client:
        overview = checked("overview", get(client, "/overview"))
        assert (overview["source"], overview["fleets"][0]["rollouts"][0]["state"]) == ("history", "halted")
        assert checked("fleet", get(client, "/fleets/fleet"))["rollouts"] is None
        for path in ("/fleets/fleet/map", "/fleets/fleet/units", "/plan", "/unit?id=u0"):
            answer = client.get(f"{PREFIX}{path}", headers=bearer(VIEWER))
            assert (answer.status_code, "a history does not have this" in answer.text) == (404, True), path
        assert checked("pass", post(client, "/passes", reason="now"))["error"].startswith("a history alone is shown")


# --- acting ---------------------------------------------------------------------------------------------------------------


def test_a_pass_is_begun_with_a_reason_and_recorded(client: httpx.Client, world: World) -> None:
    checked("pass", post(client, "/passes", reason="support call"))
    (event,) = world.heard
    assert isinstance(event, Acted)
    assert (event.act, event.by, event.reason, world.woken) == (Act.NOW, "operator token", "support call", 1)
    assert get(client, "/history", kind="acted").json()["events"][0]["words"] == "operator token asked for a pass now: support call"  # fmt: skip


def test_a_rollout_is_ruled_as_the_command_does(client: httpx.Client, world: World) -> None:
    path = "/fleets/fleet/rollouts"
    checked("rollout", post(client, path, workload="poller", command="pause", reason="calls"))
    (event,) = world.heard
    assert isinstance(event, Ruled)
    assert (event.ruling.command, event.ruling.reason, world.woken) == (Command.PAUSE, "calls", 1)
    world.turn()
    assert get(client, "/fleets/fleet").json()["rollouts"][0]["state"] == "paused"
    assert world.memory.calls == []
    wrong = post(client, path, workload="poller", command="promote", reason="x")
    assert (wrong.status_code, checked("rollout", wrong)["error"]) == (409, "it is paused")
    assert post(client, path, workload="other", command="pause", reason="x").status_code == 409
    assert post(client, path, workload="poller", version="9", command="pause", reason="x").status_code == 409


def test_a_proposed_plan_is_approved_once(client: httpx.Client, world: World) -> None:
    assert world.board.live is not None
    plan = world.board.live.planned.plan
    world.record(Proposed(at=NOW, run="run", fleet="fleet", plan=plan))
    (waiting,) = checked("proposals", get(client, "/proposals"))["proposals"]
    assert (waiting["fingerprint"], waiting["changes"], waiting["held"]) == (plan.fingerprint, 1, 3)
    assert get(client, "/overview").json()["fleets"][0]["proposal"] == plan.fingerprint
    path = f"/proposals/{plan.fingerprint}/approval"
    checked("approve", post(client, path, reason="canaries were fine"))
    (event,) = world.heard
    assert isinstance(event, Approved)
    world.board.renew()
    assert checked("proposals", get(client, "/proposals"))["proposals"] == []
    assert post(client, path, reason="again").status_code == 404


def test_what_belongs_in_git_is_written_there(client: httpx.Client, world: World) -> None:
    answer = checked("suspend", post(client, "/fleets/fleet/suspension", reason="audit", until="2026-12-31"))
    assert (answer["lines"], answer["branch"], answer["message"]) == (
        "+  suspend: <b>",
        "",
        "suspend is to be committed",
    )
    world.book.branch = "quarantine/fleet"
    body = {"workload": "poller", "version": "2", "reason": "boot loop"}
    answer = checked("quarantine", post(client, "/fleets/fleet/quarantine", **body))
    assert (answer["branch"], answer["message"]) == (
        "quarantine/fleet",
        "quarantine is on the branch quarantine/fleet; it takes effect once that is merged",
    )
    assert world.book.entries == [
        ("fleet", "suspend", {"reason": "audit", "until": "2026-12-31"}, "operator token"),
        ("fleet", "quarantine", body, "operator token"),
    ]
    assert [one.subject for one in world.heard if isinstance(one, Acted)] == ["", "poller 2"]
    assert world.woken == 0, "nothing is different before it is merged"
    assert post(client, "/fleets/other/suspension", reason="x").status_code == 404
    assert post(client, "/fleets/fleet/quarantine", **{**body, "workload": "other"}).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/passes", {}, 400),
        ("/passes", {"reason": "  "}, 400),
        ("/passes", {"reason": "x", "more": 1}, 400),
        ("/passes", {"reason": "x" * 1001}, 400),
        ("/fleets/fleet/rollouts", {"reason": "x", "workload": "poller", "command": "explode"}, 400),
        ("/fleets/fleet/suspension", {"reason": "x", "until": "tomorrow"}, 400),
        ("/fleets/fleet/quarantine", {"reason": "x", "workload": "poller", "version": "a\nb"}, 400),
    ],
)
def test_nothing_is_done_without_a_reason_or_with_what_is_none(
    client: httpx.Client, world: World, path: str, body: dict[str, Any], status: int
) -> None:
    assert post(client, path, **body).status_code == status
    assert (world.heard, world.woken, world.book.entries) == ([], 0, [])


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.body is not None], ids=lambda one: one.name)
def test_nobody_but_an_operator_acts(client: httpx.Client, world: World, one: Any) -> None:
    path = f"{PREFIX}{one.path.format(fleet='fleet', fingerprint='f')}"
    body = {"reason": "x"}
    assert client.post(path, json=body).status_code == 401
    assert client.post(path, json=body, headers=bearer("wrong-token-0123456")).status_code == 401
    assert client.post(path, json=body, headers=bearer(VIEWER)).status_code == 403
    assert (
        client.post(path, json=body, headers={**bearer(OPERATOR), "origin": "http://evil.example"}).status_code == 403
    )
    assert client.post(path, content="reason=x", headers=bearer(OPERATOR)).status_code == 415
    assert client.get(path, headers=bearer(OPERATOR)).status_code == 405
    assert (world.heard, world.woken, world.book.entries) == ([], 0, [])


def test_bodies_are_bounded(client: httpx.Client) -> None:
    headers = {**bearer(OPERATOR), "content-type": "application/json"}
    large = b'{"reason": "' + b"x" * LONGEST_BODY + b'"}'
    assert client.post(f"{PREFIX}/passes", content=large, headers=headers).status_code == 413
    assert client.post(f"{PREFIX}/passes", content=iter([large]), headers=headers).status_code == 413
    assert client.post(f"{PREFIX}/passes", content=b"\xff", headers=headers).status_code == 400
    assert client.post(f"{PREFIX}/passes", content=b"[" * 50_000, headers=headers).status_code == 400


def test_a_history_that_cannot_be_written_lets_nothing_happen(
    client: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(event: AnyEvent) -> None:
        raise JournalError("cannot write history.db: the disk is full")

    monkeypatch.setattr(world.store, "record", full)
    for path, body in (("/passes", {}), ("/fleets/fleet/rollouts", {"workload": "poller", "command": "pause"})):
        answer = post(client, path, reason="now", **body)
        assert (answer.status_code, answer.json()["error"]) == (503, "cannot write history.db: the disk is full")
    assert (world.woken, world.heard) == (0, [])


# --- the document ---------------------------------------------------------------------------------------------------------


def test_the_document_is_served_and_has_every_operation(client: httpx.Client) -> None:
    found = client.get(f"{PREFIX}/openapi.json")
    assert found.json() == msgspec.json.decode(msgspec.json.encode(DOCUMENT))
    named = {one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()}
    assert named == {one.name for one in OPERATIONS}
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


TEXT = st.text(max_size=12)
ANY = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda one: st.lists(one) | st.dictionaries(TEXT, one), max_leaves=5)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_is_given_every_answer_is_one_that_the_document_names(
    client: httpx.Client, data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(OPERATIONS))
    keys = [
        parameter["name"] for parameter in DOCUMENT["paths"][f"{PREFIX}{one.path}"][one.method.lower()]["parameters"]
    ]
    fields = one.body.__struct_fields__ if one.body is not None else ()
    good = {"fleet": "fleet", "fingerprint": "f" * 32, "id": "u0", "workload": "poller", "reason": "x", "command": "pause", "hours": "1"}  # fmt: skip
    value = st.sampled_from(sorted(good.values())) | TEXT
    path = one.path.format(fleet="fleet", fingerprint="f" * 32)
    query = data.draw(st.dictionaries(st.sampled_from(keys) if keys else TEXT, value, max_size=3))
    body = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, value | ANY)) | ANY)
    headers = {**bearer(OPERATOR), "content-type": "application/json"}
    content = httpx.Request("POST", "http://x", json=body).content if one.body is not None else None
    answer = client.request(one.method, f"{PREFIX}{path}", params=query, content=content, headers=headers)
    checked(one.name, answer)
