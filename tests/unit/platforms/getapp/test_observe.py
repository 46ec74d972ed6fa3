"""Readings: what proves a slot empty, what makes it unknown, and what keeps a reading from being complete."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import PlatformError, UnexpectedAnswer, Unreachable
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import EMPTY, UNSEEN, Phase
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Reach
from reconciler.platforms.getapp.routes import parts
from tests.unit.platforms.getapp.installation import Installation, entry, missing, release, row

EVERYTHING = Query()
RELEASES = "/api/cdn/device/releases"
OWN_RELEASES = "/api/v2/device/releases"


def observed(world: Installation, topology: str = "cdn") -> Snapshot:
    return world.platform(topology).observe(EVERYTHING)


def problem(snapshot: Snapshot) -> str:
    assert not snapshot.coverage.complete
    return "; ".join(snapshot.coverage.problems)


def test_a_fleet_in_columns() -> None:
    world = Installation(3)
    world.fields = {
        "edge-0": {
            "deviceType": ["gateway", "edge"],
            "platform": "linux",
            "metadata": {"name": "master", "site": "haifa"},
        },
        "edge-1": {
            "deviceType": "kiosk",
            "metadata": {"spare": True, "floor": 2, "battery": 50, "load": 0.5, "x": None},
        },
        "edge-2": {"name": "third", "enrollment": {"deviceType": ["kiosk"], "platformId": "p-1"}},
    }
    world.rows["edge-1"] = []
    snapshot = observed(world)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    units = [snapshot.units[number] for number in range(3)]
    assert [unit.name for unit in units] == ["master", "edge-1", "third"]
    assert units[0].labels == (
        ("master", "true"), ("platform", "linux"), ("site", "haifa"), ("type", "edge"), ("type", "gateway"),
    )  # fmt: skip
    assert units[1].labels == (("floor", "2"), ("spare", "true"), ("type", "kiosk"))
    assert units[2].labels == (("platformId", "p-1"), ("type", "kiosk"))
    assert all(unit.reach is Reach.CONNECTED and unit.assignable and unit.size == 1 for unit in units)
    assert [workload.id for workload in snapshot.workloads] == ["radio"]
    assert snapshot.state("radio", 0).assigned == "1.0.0"
    assert snapshot.state("radio", 1) == EMPTY
    assert snapshot.reference("edge-0", "radio", "1.0.0") == "12.radio@1.0.0"
    assert snapshot.identity == "getapp:cdn:http://127.0.0.1:2220"
    assert snapshot.read_at == world.clock.time
    assert world.paths() == [
        "/api/cdn/device",
        "/api/cdn/device",
        RELEASES,
        "/api/cdn/device/offering",
        "/api/cdn/device",
    ]


def test_silent_devices_are_unknown_in_every_project_offered_ones_too() -> None:
    world = Installation(4)
    world.inactive = {"edge-1", "edge-2", "edge-3"}
    world.rows["edge-1"], world.rows["edge-3"] = [], [row(version="0.9.0")]
    del world.rows["edge-2"]
    world.offering = [{"projectName": "vision", "releases": []}]
    snapshot = observed(world)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    for project in ("radio", "vision"):
        for device in (1, 2):
            state = snapshot.state(project, device)
            assert state.phase is Phase.UNKNOWN
            assert state.conditions == (Condition(ConditionCode.NOT_REPORTING),)
    assert snapshot.units[1].reach is Reach.DISCONNECTED
    assert snapshot.state("radio", 3).assigned == "0.9.0"
    assert snapshot.state("vision", 3) == EMPTY


def test_an_active_device_without_an_entry_was_lost() -> None:
    world = Installation()
    del world.rows["edge-1"]
    snapshot = observed(world)
    assert "device edge-1 is active, but the list of releases lacks it" in problem(snapshot)
    assert snapshot.state("radio", 1).conditions == (Condition(ConditionCode.NOT_LISTED),)
    assert snapshot.states[0] == UNSEEN


@pytest.mark.parametrize("lost", [None, [row(), row("downloaded", id="0.radio@1.0.0")]])
def test_what_is_wrong_with_one_device_does_not_make_the_empty_slots_of_others_unknown(lost: Any) -> None:
    world = Installation(4)
    world.inactive = {"edge-3"}
    world.rows |= {"edge-1": lost, "edge-2": [], "edge-3": []}
    world.offering = [{"projectName": "vision", "releases": []}]
    if lost is None:
        del world.rows["edge-1"]
    snapshot = observed(world)
    assert "edge-1" in problem(snapshot)
    assert snapshot.states[0] == UNSEEN
    assert snapshot.state("radio", 1).phase is Phase.UNKNOWN
    assert snapshot.state("radio", 2) == EMPTY
    assert [snapshot.state("vision", number) for number in (0, 2)] == [EMPTY, EMPTY]
    assert snapshot.state("vision", 1) == (EMPTY if lost else snapshot.state("radio", 1))
    assert snapshot.state("radio", 3).phase is Phase.UNKNOWN
    assert snapshot.state("nobody has heard of it", 0) == UNSEEN
    world.answers[RELEASES] = httpx.Response(200, json=[entry(one, []) for one in ("edge-0", "edge-2", "alien")])
    assert observed(world).state("radio", 2) == UNSEEN


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({RELEASES: [entry("edge-0", []), entry("edge-1", []), entry("alien", [])]}, "device alien has releases"),
        (
            {RELEASES: [entry("edge-0", []), entry("edge-0", []), entry("edge-1", [])]},
            "releases of device edge-0 are listed",
        ),
        (
            {RELEASES: [entry("edge-0", []), entry("edge-1", []), {"data": []}]},
            "1 entries of the releases cannot be read",
        ),
        (
            {RELEASES: [entry("edge-0", []), entry("edge-1", [row(), row()])]},
            "device edge-1 has two rows of radio 1.0.0",
        ),
        ({"/api/cdn/device": []}, "shows 0 masters"),
        ({"/api/cdn/device": [entry("edge-0", {}, master=True), entry("edge-1", 7)]}, "edge-1 has an unexpected value"),
        ({"/api/cdn/device": [entry("edge-0", {}, master=True)] * 2}, "edge-0 is listed twice"),
        ({"/api/cdn/device": [entry("edge-0", {}, master=True), {}]}, "1 devices cannot be read"),
    ],
)
def test_what_keeps_a_reading_from_being_complete(answers: dict[str, Any], words: str) -> None:
    world = Installation()
    world.answers = {path: httpx.Response(200, json=told) for path, told in answers.items()}
    assert words in problem(observed(world))


def test_the_master_is_always_active_and_active_devices_are_devices() -> None:
    world = Installation()

    def devices(request: httpx.Request) -> httpx.Response:
        odd = [entry("alien", {})]
        return httpx.Response(200, json=odd if request.url.params["filter"] == "active" else world.devices())

    world.answers["/api/cdn/device"] = devices
    found = problem(observed(world))
    assert "lacks the master" in found
    assert "some that the list of all devices lacks" in found


def test_devices_that_come_meanwhile_make_it_read_again() -> None:
    world = Installation()
    calls = 0

    def releases(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            world.ids.append("edge-9")
            world.rows["edge-9"] = []
        return httpx.Response(200, json=[entry(one, rows) for one, rows in world.rows.items() if calls > 1 or rows])

    world.answers[RELEASES] = releases
    assert observed(world).coverage.complete
    assert calls == 2


def test_what_cannot_be_read_afterwards_is_a_problem_and_a_failed_second_reading_too() -> None:
    world = Installation()
    seen = 0

    def devices(request: httpx.Request) -> httpx.Response:
        nonlocal seen
        seen += 1
        return httpx.Response(403) if seen >= 3 else httpx.Response(200, json=world.devices())

    world.answers["/api/cdn/device"] = devices
    found = problem(observed(world))
    assert "whether devices changed meanwhile could not be read" in found
    assert "reading again failed" in found


def test_a_stopped_run_reads_nothing_more() -> None:
    world = Installation()
    world.clock.stop = True
    with pytest.raises(Unreachable, match="the run was asked to stop"):
        observed(world)
    assert world.paths() == []


def test_many_problems_are_counted() -> None:
    world = Installation(14)
    world.rows = {"edge-0": []}
    assert problem(observed(world)).endswith("and 3 more")


def test_malformed_rows_cost_their_slots_and_rows_without_a_project_their_device() -> None:
    world = Installation(3)
    world.rows["edge-1"] = [{**row(), "state": 5}, row(project="vision")]
    world.rows["edge-2"] = [{"state": 5}]
    snapshot = observed(world)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert [snapshot.state("radio", device).phase for device in range(3)] == [
        Phase.SETTLED,
        Phase.UNKNOWN,
        Phase.UNKNOWN,
    ]
    assert [snapshot.state("vision", device).phase for device in range(3)] == [
        Phase.SETTLED, Phase.SETTLED, Phase.UNKNOWN,
    ]  # fmt: skip


def test_a_device_that_knows_a_version_by_another_id_keeps_its_own_reference() -> None:
    world = Installation(3)
    world.rows["edge-1"] = world.rows["edge-2"] = [row(id="0.radio@1.0.0")]
    snapshot = observed(world)
    assert snapshot.reference("edge-0", "radio", "1.0.0") == "12.radio@1.0.0"
    assert snapshot.reference("edge-2", "radio", "1.0.0") == "0.radio@1.0.0"


# --- narrowed -------------------------------------------------------------------------------------------------------


def asked(world: Installation) -> list[list[str]]:
    return [one.url.params.get_list("device_id") for one in world.requests if one.url.path == RELEASES]


def test_narrowed_readings_name_their_devices_in_chunks_once_the_projects_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Installation(120)
    platform = world.platform()
    some = frozenset(world.ids[:101])
    monkeypatch.setattr("reconciler.platforms.getapp.routes.LONGEST", 900)
    first = platform.observe(Query(units=some))
    assert asked(world) == [[]]
    narrow = world.platform().observe(Query(units=some), first)
    chunks = asked(world)[1:]
    assert sorted(device for chunk in chunks for device in chunk) == sorted(some)
    assert len(chunks) == 3
    assert narrow.coverage.complete, narrow.coverage.problems
    assert (narrow.units.ids, narrow.workloads) == (first.units.ids, first.workloads)
    assert {narrow.units.ids[number] for number in narrow.holders("radio")} == some
    platform.observe(Query(workloads=frozenset({"radio"})), first)
    assert asked(world)[-1] == []


def test_a_large_fleet_is_read_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.platforms.getapp.observe.WHOLE", 50)
    monkeypatch.setattr("reconciler.platforms.getapp.routes.LONGEST", 900)
    world = Installation(120)
    platform = world.platform()
    found = platform.observe(EVERYTHING)
    assert found.coverage.complete, found.coverage.problems
    assert len(list(found.holders("radio"))) == 120
    chunks = asked(world)
    assert [device for chunk in chunks for device in chunk] == sorted(world.ids)
    assert len(chunks) == 3


def test_too_many_devices_are_read_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.platforms.getapp.observe.MOST_CALLS", 0)
    world = Installation()
    platform = world.platform()
    platform.observe(Query(units=frozenset({"edge-0"})), platform.observe(EVERYTHING))
    assert asked(world) == [[], []]


# --- offerings ------------------------------------------------------------------------------------------------------


def test_one_active_device_of_each_kind_tells_the_offering() -> None:
    world = Installation(60)
    world.fields = {one: {"deviceType": f"type-{number % 55}"} for number, one in enumerate(world.ids)}
    world.offering = [{"projectName": "vision", "releases": [release("vision")]}, {"odd": 1}]
    snapshot = observed(world)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    offered = [one.url.params for one in world.requests if one.url.path.endswith("/offering")]
    assert [len(one.get_list("device_id")) for one in offered] == [50, 5]
    assert offered[0]["include_updates"] == "true"
    assert [workload.id for workload in snapshot.workloads] == ["radio", "vision"]
    assert snapshot.reference("edge-3", "vision", "1.0.0") == "12.vision@1.0.0"


def test_a_malformed_release_in_an_offering_leaves_the_others() -> None:
    world = Installation()
    world.offering = [{"projectName": "radio", "releases": [{"id": 7}, release(version="2.0.0"), None]}]
    assert observed(world).reference("edge-1", "radio", "2.0.0") == "12.radio@2.0.0"


def test_an_offering_whose_entries_are_malformed_offers_nothing() -> None:
    world = Installation()
    world.answers["/api/cdn/device/offering"] = httpx.Response(200, json=[entry("edge-0", 7)])
    assert observed(world).coverage.complete


def test_booleans_that_are_refused_are_left_out() -> None:
    world = Installation()
    world.offering = [{"projectName": "vision"}]

    def picky(request: httpx.Request) -> httpx.Response:
        if "include_updates" in request.url.params:
            return httpx.Response(400)
        return httpx.Response(200, json=[entry("edge-0", world.offering)])

    world.answers["/api/cdn/device/offering"] = picky
    assert [workload.id for workload in observed(world).workloads] == ["radio", "vision"]


@pytest.mark.parametrize(("status", "complete"), [(404, True), (400, True), (403, False)])
def test_an_agent_without_offerings_is_read_all_the_same(status: int, complete: bool) -> None:
    for topology, path in (("cdn", "/api/cdn/device/offering"), ("agent", "/api/v2/device/offering")):
        world = Installation()
        world.answers[path] = httpx.Response(status, json={})
        snapshot = observed(world, topology)
        assert snapshot.coverage.complete == complete
        assert [workload.id for workload in snapshot.workloads] == ["radio"]


def test_a_fleet_without_active_devices_is_offered_nothing() -> None:
    world = Installation()
    world.inactive = set(world.ids)
    problem(observed(world))
    assert "/api/cdn/device/offering" not in world.paths()


# --- one agent ------------------------------------------------------------------------------------------------------


def test_an_agent_is_a_fleet_of_one() -> None:
    world = Installation()
    world.fields["edge-0"] = {"deviceType": ["gateway"], "metadata": {"name": "door"}}
    snapshot = observed(world, "agent")
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert [snapshot.units[0].id, snapshot.units[0].name, len(snapshot.units)] == ["edge-0", "door", 1]
    assert snapshot.units[0].reach is Reach.CONNECTED
    assert snapshot.units[0].labels == (("type", "gateway"),)
    assert snapshot.state("radio", 0).assigned == "1.0.0"
    assert snapshot.identity == "getapp:agent:http://127.0.0.1:2220"


def test_an_agent_may_wrap_its_list() -> None:
    world = Installation()
    world.answers[OWN_RELEASES] = httpx.Response(200, json={"data": world.rows["edge-0"]})
    assert observed(world, "agent").state("radio", 0).assigned == "1.0.0"


@pytest.mark.parametrize(
    ("configs", "phase"),
    [
        ({"deployAutoOnPull": True}, Phase.MOVING),
        ({"deployAutoOnPull": False, "deliveryAutoTrigger": True}, Phase.READY),
        ({"deploy": {"deploy_auto_on_pull": True}}, Phase.MOVING),
        ({"deploy_auto_on_pull": True}, Phase.MOVING),
        ({"AUTO_DEPLOY_ON_PULL": True}, Phase.MOVING),
        ({"deploy": {"deploy_auto_on_pull": False}}, Phase.READY),
        ({"deploy": 7}, Phase.READY),
        (7, Phase.READY),
    ],
)
def test_settings_of_the_agent_say_whether_downloads_install_themselves(configs: Any, phase: Phase) -> None:
    world = Installation()
    world.rows["edge-0"] = [row("downloaded")]
    world.answers["/api/v2/agent/configs"] = httpx.Response(200, json=configs)
    assert observed(world, "agent").state("radio", 0).phase is phase


@pytest.mark.parametrize("told", [{}, {"deviceId": 7}, [], {"enrollment": 7}])
def test_an_agent_without_an_id_cannot_be_read(told: Any) -> None:
    world = Installation()
    world.answers["/api/v2/device"] = httpx.Response(200, json=told)
    with pytest.raises(UnexpectedAnswer, match="read the device"):
        observed(world, "agent")


def test_an_agent_may_enclose_its_enrollment() -> None:
    world = Installation()
    world.answers["/api/v2/device"] = httpx.Response(200, json={"enrollment": {"id": "door", "platform": "p"}})
    snapshot = observed(world, "agent")
    assert (snapshot.units.ids, snapshot.units[0].labels) == (["door"], (("platform", "p"),))


def test_an_empty_list_of_an_agent_is_asked_for_again_before_it_is_believed() -> None:
    world = Installation()
    world.rows["edge-0"] = []
    snapshot = observed(world, "agent")
    assert snapshot.coverage.complete
    assert snapshot.states == [EMPTY]
    assert world.paths().count(OWN_RELEASES) == 6


def test_a_list_that_changes_or_breaks_is_no_proof() -> None:
    world = Installation()
    lists = iter([[], [row()], [], [row()], [], [row()]])
    world.answers[OWN_RELEASES] = lambda _: httpx.Response(200, json=next(lists))
    assert "changed while it was read" in problem(observed(world, "agent"))
    world = Installation()
    answers = iter([httpx.Response(200, json=[row()]), httpx.Response(403)] * 3)
    world.answers[OWN_RELEASES] = lambda _: next(answers)
    assert "could not be read" in problem(observed(world, "agent"))


def test_the_offering_witnesses_against_the_list() -> None:
    world = Installation()
    held = release("vision", deviceRelease={"state": "installed"})
    world.offering = [
        {"projectName": "vision", "releases": [held, release("vision", "2.0.0", deviceRelease={"state": "offering"})]}
    ]
    found = problem(observed(world, "agent"))
    assert "12.vision@1.0.0 on the device, but the list of releases lacks it" in found


def test_nothing_to_read_raises() -> None:
    for topology, path in (("cdn", "/api/cdn/device"), ("agent", "/api/v2/device")):
        world = Installation()
        world.answers[path] = missing()
        with pytest.raises(PlatformError):
            observed(world, topology)


@pytest.mark.parametrize(
    ("topology", "path", "status", "words"),
    [
        ("cdn", "/api/cdn/device", 404, "CDN master"),
        ("agent", "/api/v2/device", 404, "proxy mode"),
        ("cdn", "/api/cdn/device", 401, "no credentials"),
        ("cdn", "/api/cdn/device", 403, "no credentials"),
    ],
)
def test_a_refused_reading_says_what_to_look_at(topology: str, path: str, status: int, words: str) -> None:
    world = Installation()
    world.answers[path] = httpx.Response(status, json={"message": "no", "name": "n", "statusCode": status})
    with pytest.raises(PlatformError) as caught:
        observed(world, topology)
    assert words in caught.value.hint
    assert "application" not in caught.value.hint
    assert "token" not in caught.value.hint


def test_a_platform_is_shown_without_secrets_and_closes() -> None:
    for delivery in (True, False):
        platform = Installation().platform(delivery=delivery)
        assert repr(platform) == "GetApp('getapp:cdn:http://127.0.0.1:2220')"
        platform.close()


def test_rows_that_are_no_objects_make_an_agent_unknown() -> None:
    world = Installation(1)
    world.rows["edge-0"] = [7]
    found = world.platform("agent").observe(EVERYTHING)
    states = [found.state(workload.id, 0) for workload in found.workloads]
    assert all(state.phase is Phase.UNKNOWN for state in states)


def test_no_devices_make_no_parts() -> None:
    assert list(parts([])) == []
    assert list(parts(["a", "b"])) == [["a", "b"]]
