"""Compiling and reviewing: the fewest calls of this pass, nothing held among them, every reason in words."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import SettingsError
from reconciler.model.change import Change, Request
from reconciler.model.hold import HoldReason
from reconciler.model.release import Catalog, Preparation, PrepareStatus, Release, ReleaseInfo
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.getapp.connection import StepRoute, StepRoutes
from reconciler.platforms.getapp.platform import GetApp
from tests.unit.platforms.getapp.installation import Installation, change, entry, release, row

COMMANDS = {"deliver": "DeliveryStart", "cancel": "DeliveryCancel", "deploy": "DeployStart", "delete": "DeliveryDelete"}
ROUTES = StepRoutes(
    **{
        step: StepRoute(
            path="/api/cdn/devices/action",
            body={"action": command, "catalogId": "{catalog_id}", "deviceIds": "{device_ids}"},
        )
        for step, command in COMMANDS.items()
    }
)


def reading(world: Installation, topology: str = "cdn", **fields: Any) -> tuple[GetApp, Snapshot]:
    world.offering = [
        {"projectName": "radio", "releases": [release(version=version) for version in ("1.0.0", "1.1.0", "2.0.0")]}
    ]
    if topology == "cdn":
        fields.setdefault("routes", ROUTES)
    platform = world.platform(topology, **fields)
    return platform, platform.observe(Query())


def calls(
    platform: GetApp, changes: list[Change], snapshot: Snapshot, catalog: Catalog | None = None
) -> list[tuple[str, Request, tuple[int, ...], int]]:
    actions = platform.compile(changes, snapshot, catalog or {}, fleet_wide=())
    return [(action.call, action.request, action.slots, action.stage) for action in actions]


def held(platform: GetApp, changes: list[Change], snapshot: Snapshot, catalog: Catalog | None = None) -> dict[int, str]:
    review = platform.review(changes, snapshot, catalog or {})
    return {position: "; ".join(f"{one.code}: {one.text}" for one in holds) for position, holds in review.holds.items()}


def action(command: str, version: str, *devices: str) -> Request:
    body = {"action": command, "catalogId": f"12.radio@{version}", "deviceIds": list(devices)}
    return Request("POST", "/api/cdn/devices/action", body)


def test_one_call_a_step_and_release_adding_before_removing() -> None:
    world = Installation(4)
    world.rows["edge-1"] = [row(), row("downloaded", version="2.0.0")]
    world.rows["edge-2"] = [row("downloaded")]
    platform, snapshot = reading(world)
    changes = [
        change("edge-3", "1.0.0", "2.0.0"),
        change("edge-2", "1.0.0", None),
        change("edge-0", "1.0.0", "2.0.0"),
        change("edge-1", "2.0.0", "2.0.0"),
    ]
    assert calls(platform, changes, snapshot) == [
        ("getapp.deliver", action("DeliveryStart", "2.0.0", "edge-0", "edge-3"), (2, 0), 1),
        ("getapp.deploy", action("DeployStart", "2.0.0", "edge-1"), (3,), 1),
        ("getapp.delete", action("DeliveryDelete", "1.0.0", "edge-2"), (1,), 2),
    ]
    review = platform.review(changes, snapshot, {})
    assert review.holds == {}
    assert review.later == {0: ("getapp.deploy",), 2: ("getapp.deploy",)}


def test_a_hundred_devices_a_call_or_one_where_the_route_names_one() -> None:
    world = Installation(150)
    one = StepRoute(path="/api/cdn/{device_id}/start/{catalog_id}", body={"device": "{device_id}"})
    for routes, sizes in ((ROUTES, [100, 50]), (StepRoutes(deliver=one, deploy=one), [1] * 150)):
        platform, snapshot = reading(world, routes=routes)
        changes = [change(device, "1.0.0", "2.0.0") for device in world.ids]
        assert [len(slots) for _, _, slots, _ in calls(platform, changes, snapshot)] == sizes
    (request,) = (
        one for _, one, slots, _ in calls(platform, changes, snapshot) if changes[slots[0]].unit.id == "edge-0"
    )
    assert request == Request("POST", "/api/cdn/edge-0/start/12.radio%402.0.0", {"device": "edge-0"})


def test_what_cannot_be_called_is_held_and_not_compiled() -> None:
    world = Installation()
    platform, snapshot = reading(world, routes=StepRoutes(deliver=ROUTES.deliver))
    changes = [change("edge-0", "1.0.0", "2.0.0"), change("edge-1", "1.0.0", None)]
    found = held(platform, changes, snapshot)
    assert found[0].startswith("route-unverified: the documents do not confirm the call that would deploy")
    assert "routes.deploy" in found[0]
    assert "reconciler doctor" in found[0]
    assert found[1].startswith("unsupported: a CDN master has no uninstall command")
    assert "route-unverified" in found[1], "the later deletion has no call either"
    assert calls(platform, [changes[1]], snapshot) == []


def test_an_agent_of_v2_can_only_deploy() -> None:
    world = Installation()
    platform, snapshot = reading(world, "agent", api="v2")
    found = held(platform, [change("edge-0", "1.0.0", "2.0.0"), change("edge-0", "1.0.0", None)], snapshot)
    assert "would deliver" in found[0]
    assert "would uninstall" in found[1]
    assert not platform.capabilities.uninstalls
    world.rows["edge-0"] = [row("downloaded")]
    platform, snapshot = reading(world, "agent", api="v2")
    ready = [change("edge-0", "1.0.0", "1.0.0")]
    assert held(platform, ready, snapshot) == {}
    assert [request.path for _, request, _, _ in calls(platform, ready, snapshot)] == [
        "/api/v2/deploy/start/12.radio%401.0.0"
    ]


def test_an_agent_of_v1_has_all_steps() -> None:
    world = Installation()
    expected = {
        "deliver": ([], "2.0.0", Request("POST", "/delivery/startItem/12.radio%402.0.0")),
        "deploy": ([row("downloaded")], "1.0.0", Request("POST", "/deploy/item/12.radio%401.0.0")),
        "cancel": ([row("delivery", "Start")], None, Request("POST", "/delivery/cancelItem/12.radio%401.0.0")),
        "delete": ([row("downloaded")], None, Request("DELETE", "/delivery/deleteItem/12.radio%401.0.0")),
        "uninstall": (
            [row()],
            None,
            Request(
                "POST",
                "/deploy/changeItemState/12.radio%401.0.0",
                {"deviceId": "edge-0", "requestedStatus": "Uninstall"},
            ),
        ),
    }
    for step, (rows, to, request) in expected.items():
        world.rows["edge-0"] = rows
        platform, snapshot = reading(world, "agent")
        assert platform.capabilities.uninstalls
        ((call, sent, _, _),) = calls(platform, [change("edge-0", "1.0.0" if rows else None, to)], snapshot)
        assert (call, sent) == (f"getapp.{step}", request)


def test_devices_that_are_away_or_gone_or_busy_are_held() -> None:
    world = Installation(3)
    world.inactive = {"edge-1"}
    world.rows["edge-2"] = [row("deploy", "Installing")]
    platform, snapshot = reading(world)
    changes = [
        change("edge-1", "1.0.0", "2.0.0"),
        change("edge-2", "1.0.0", None),
        change("gone", "1.0.0", None),
        change("edge-0", "1.0.0", "7.0.0"),
    ]
    found = held(platform, changes, snapshot)
    assert found[0].startswith("unreachable: the device is not connected, and commands are not queued")
    assert "1.0.0 is being installed: nothing can be asked for until that has ended" in found[1]
    assert "the device is gone" in found[2]
    assert "version-unknown: the platform does not show the catalogId of radio 7.0.0" in found[3]
    assert calls(platform, changes[1:], snapshot) == []
    known: Catalog = {Release("radio", "7.0.0"): ReleaseInfo(found=True, reference="12.radio@7.0.0")}
    assert 3 not in held(platform, changes, snapshot, known)


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("delivery", "Pause", "the delivery of"),
        ("delivery", "Cancel", "the delivery of"),
        ("deploy", "Pause", "the installation of"),
    ],
)
def test_what_a_person_halted_is_not_started_because_another_version_came_between(
    state: str, status: str, words: str
) -> None:
    world = Installation()
    world.rows["edge-0"] = [row(state, status), row("delivery", "InProgress", "2.0.0")]
    platform, snapshot = reading(world)
    assert snapshot.state("radio", 0).assigned == "2.0.0"
    found = held(platform, [change("edge-0", "2.0.0", "1.0.0", extra_versions=("1.0.0",))], snapshot)
    assert f"paused: {words}" in found[0]
    assert "1.0.0 was paused or cancelled on the device" in found[0]
    assert not held(platform, [change("edge-0", "2.0.0", "1.1.0", extra_versions=("1.0.0",))], snapshot)


# --- preparation ----------------------------------------------------------------------------------------------------


RADIO = Release("radio", "2.0.0")


def stands(status: PrepareStatus, **fields: Any) -> Preparation:
    return Preparation(reference="12.radio@2.0.0", status=status, **fields)


NOT_ASKED, DONE = stands(PrepareStatus.NOT_ASKED), stands(PrepareStatus.DONE)
BROKEN = stands(PrepareStatus.ERROR, error="it broke", code="DELIVERY.download", retryable=True)


def info(preparation: Preparation | None = None, **fields: Any) -> Catalog:
    return {RADIO: ReleaseInfo(found=True, reference="12.radio@2.0.0", preparation=preparation, **fields)}


@pytest.mark.parametrize("prepared", [NOT_ASKED, stands(PrepareStatus.DELETE), BROKEN])
def test_one_preparation_for_all_slots_comes_first(prepared: Preparation) -> None:
    world = Installation(3)
    platform, snapshot = reading(world, delivery=True)
    changes = [change(device, "1.0.0", "2.0.0") for device in world.ids]
    catalog = info(prepared)
    ((call, request, slots, stage),) = calls(platform, changes, snapshot, catalog)
    assert (call, slots, stage) == ("getapp.prepare", (0, 1, 2), 0)
    assert request.path == "/api/v1/delivery/prepareDelivery?source=cache"
    assert request.body == {"catalogId": "12.radio@2.0.0", "deviceId": "edge-0", "itemType": "software"}
    review = platform.review(changes, snapshot, catalog)
    (action,) = platform.compile(changes, snapshot, catalog, fleet_wide=())
    assert action.reveals == (RADIO,)
    assert review.later[0] == ("getapp.deliver", "getapp.deploy")
    assert any("tried again" in warning for warning in review.warnings) == (prepared is BROKEN)


@pytest.mark.parametrize(
    ("prepared", "words"),
    [
        (
            stands(PrepareStatus.IN_PROGRESS, progress=40.0),
            "not-prepared: the delivery server still prepares 2.0.0 (inProgress, 40 %)",
        ),
        (stands(PrepareStatus.START), "not-prepared: the delivery server still prepares 2.0.0 (start, 0 %)"),
        (
            stands(PrepareStatus.ERROR, error="not there", code="DELIVERY.notExist", retryable=False),
            "preparation-failed: the delivery server could not prepare 2.0.0: not there (DELIVERY.notExist)",
        ),
        (
            stands(PrepareStatus.UNKNOWN, notes=("503",)),
            "not-prepared: how the preparation of 2.0.0 stands is not known: 503",
        ),
        (DONE, ""),
        (None, ""),
    ],
)
def test_what_is_not_prepared_is_held(prepared: Preparation | None, words: str) -> None:
    world = Installation()
    platform, snapshot = reading(world, delivery=True)
    changes = [change("edge-0", "1.0.0", "2.0.0")]
    found = held(platform, changes, snapshot, info(prepared))
    assert found.get(0, "") == words
    if not words:
        (action,) = platform.compile(changes, snapshot, info(prepared), fleet_wide=())
        assert (action.call, action.reveals) == ("getapp.deliver", ())


@pytest.mark.parametrize("reference", ["", "77.radio@2.0.0"])
@pytest.mark.parametrize("shown", [True, False])
def test_a_preparation_without_the_servers_own_id_is_held_whatever_the_device_calls_it(
    reference: str, shown: bool
) -> None:
    world = Installation()
    world.rows["edge-0"] = [row("delivery", "Error", "2.0.0")] if shown else []
    platform, snapshot = reading(world, delivery=True)
    snapshot.references = {key: one for key, one in snapshot.references.items() if shown and key[2] == "2.0.0"}
    catalog = {Release("radio", "2.0.0"): ReleaseInfo(found=True, reference=reference, preparation=NOT_ASKED)}
    changes = [change("edge-0", None, "2.0.0")]
    made = [
        one.body["catalogId"]
        for _, one, _, _ in calls(platform, changes, snapshot, catalog)
        if isinstance(one.body, dict)
    ]
    assert made == ([reference] if reference else [])
    assert ("catalogId of radio 2.0.0" in held(platform, changes, snapshot, catalog).get(0, "")) == (not reference)


def test_what_is_downloaded_needs_no_preparation_nor_does_a_connection_without_server() -> None:
    world = Installation()
    world.rows["edge-0"] = [row("downloaded", version="2.0.0")]
    platform, snapshot = reading(world, delivery=True)
    ready = [change("edge-0", "2.0.0", "2.0.0")]
    assert [call for call, *_ in calls(platform, ready, snapshot, info(NOT_ASKED))] == ["getapp.deploy"]
    platform, snapshot = reading(Installation())
    moves = [change("edge-0", "1.0.0", "2.0.0")]
    assert [call for call, *_ in calls(platform, moves, snapshot, info(NOT_ASKED))] == ["getapp.deliver"]


# --- warnings -------------------------------------------------------------------------------------------------------


def test_people_are_warned_of_what_comes_along() -> None:
    world = Installation(3)
    platform, snapshot = reading(world)
    catalog = info(size=3 * 1024 * 1024, dependencies=("runtime 5.0.0",), extra='{"autoDeploy":true}')
    changes = [change(device, "1.0.0", "2.0.0") for device in world.ids[:2]]
    assert platform.review(changes, snapshot, catalog).warnings == (
        "radio 2.0.0 may install itself as soon as it is downloaded (autoDeploy)",
        "radio 2.0.0 brings along runtime 5.0.0",
    )
    quiet = info(extra='{"autoDeploy":false}')
    assert platform.review(changes, snapshot, quiet).warnings == ()
    assert platform.review([], snapshot, catalog).warnings == ()


def test_people_are_warned_of_removing_a_dependency() -> None:
    world = Installation()
    world.rows["edge-0"] = [row(), row(project="vision", dependencies=["12.radio@1.0.0"])]
    platform, snapshot = reading(world, "agent")
    review = platform.review(
        [change("edge-0", "1.0.0", None), change("edge-0", "1.0.0", None, workload="vision")], snapshot, {}
    )
    assert review.warnings == ("radio is removed from 1 device where vision 1.0.0 may need it",)
    leftovers = [change("edge-0", "1.0.0", "1.0.0", extra_versions=("0.9.0",))]
    assert HoldReason.UNSUPPORTED in {hold.code for hold in platform.review(leftovers, snapshot, {}).holds[0]}


@pytest.mark.parametrize("dependency", ["radio 1.0.0", "12.radio@1.0.0"])
def test_what_an_arriving_release_depends_on_is_not_taken_away_in_the_same_pass(dependency: str) -> None:
    world = Installation()
    platform, snapshot = reading(world, "agent")
    coming = change("edge-0", None, "2.0.0", workload="vision")
    needs = {Release("vision", "2.0.0"): ReleaseInfo(found=True, reference="v", dependencies=(dependency,))}
    found = held(platform, [change("edge-0", "1.0.0", None), coming], snapshot, needs)
    assert found == {0: "pruning-unsafe: vision 2.0.0 goes to this device and depends on 1.0.0"}
    other = change("edge-1", None, "2.0.0", workload="vision")
    assert 0 not in held(platform, [change("edge-0", "1.0.0", None), other], snapshot, needs)
    assert 0 not in held(platform, [change("edge-0", "1.0.0", "2.0.0"), coming], snapshot, {**needs, **info()})


# --- laws -----------------------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["delivery", "downloaded", "deploy", "installed", "uninstalled", "deleted"]),
        st.sampled_from(["Start", "Done", "Error", "Pause", "Uninstall"]),
        st.sampled_from(["1.0.0", "1.1.0", "2.0.0"]),
    ),
    max_size=3,
    unique_by=lambda one: one["release"]["version"],
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(ROWS, st.sampled_from(["1.0.0", "2.0.0", None, ...])), min_size=2, max_size=6),
    st.sampled_from([NOT_ASKED, DONE, stands(PrepareStatus.START)]),
    st.randoms(use_true_random=False),
)
def test_going_changes_are_in_one_call_each_and_calls_only_move_toward_desired(
    fleet: list[tuple[list[dict[str, Any]], Any]], prepared: Preparation, random: Any
) -> None:
    world = Installation(len(fleet))
    world.rows = {device: rows for device, (rows, _) in zip(world.ids, fleet, strict=True)}
    platform, snapshot = reading(world, delivery=True, routes=ROUTES)
    changes = [
        change(device, snapshot.state("radio", number).assigned, to)
        for number, (device, (_, to)) in enumerate(zip(world.ids, fleet, strict=True))
        if to is not ...
    ]
    random.shuffle(changes)
    review = platform.review(changes, snapshot, info(prepared))
    going = [one for position, one in enumerate(changes) if position not in review.holds]
    actions = platform.compile(going, snapshot, info(prepared), fleet_wide=())
    assert sorted(slot for action in actions for slot in action.slots) == list(range(len(going)))
    assert [one.stage for one in actions] == sorted(one.stage for one in actions)
    for one in actions:
        step = one.call.removeprefix("getapp.")
        version = str(one.request.body["catalogId"]).partition("@")[2]
        for slot in one.slots:
            assert (step in ("prepare", "deliver", "deploy")) == (version == going[slot].to)
        if step != "prepare":
            devices = one.request.body["deviceIds"]
            assert devices == [going[slot].unit.id for slot in one.slots]
            assert len(set(devices)) == len(devices)
    again = platform.compile(going[::-1], snapshot, info(prepared), fleet_wide=())
    assert [(one.call, one.request, one.stage) for one in again] == [
        (one.call, one.request, one.stage) for one in actions
    ]


# --- what a device may take ------------------------------------------------------------------------------------------

GOING = {Release("radio", "2.0.0"): ["edge-0", "edge-1"]}
PUSH = StepRoute(path="/api/cdn/push/{device_id}/{catalog_id}")


def offered(known: bool = True, **availability: Any) -> dict[str, Any]:
    about: dict[str, Any] = {
        "availability": availability or None,
        "deviceRelease": {"state": "offering"} if known else None,
    }
    return {"projectName": "radio", "releases": [release(version="2.0.0") | about]}


def looked_up(world: Installation, topology: str = "cdn", **fields: Any) -> tuple[GetApp, Snapshot, Catalog]:
    """Return what is known of release 2.0.0 for two devices, whose offerings are given beforehand."""
    if topology == "cdn":
        fields.setdefault("routes", ROUTES)
    platform = world.platform(topology, **fields)
    snapshot = platform.observe(Query())
    return platform, snapshot, platform.catalog(GOING, snapshot)


@pytest.mark.parametrize(
    ("availability", "text"),
    [
        ({"offered": False, "notOfferedReason": "battery \x1b[31m12 %"}, "battery [31m12 %"),
        ({"offered": False, "notOfferedReason": None}, "no reason is given"),
        ({"offered": True, "unavailable": True, "unavailableReason": "in use elsewhere"}, "in use elsewhere"),
    ],
)
def test_a_refusal_holds_one_device_in_the_platforms_words(availability: dict[str, Any], text: str) -> None:
    world = Installation()
    offers = {"edge-0": offered(**availability), "edge-1": offered(offered=True)}
    world.answers["/api/cdn/device/offering"] = lambda asked: httpx.Response(
        200, json=[entry(one, [offers[one]]) for one in asked.url.params.get_list("device_id")]
    )
    platform, snapshot, catalog = looked_up(world)
    changes = [change(device, "1.0.0", "2.0.0") for device in world.ids]
    assert held(platform, changes, snapshot, catalog) == {0: f"not-offered: {text}"}
    assert held(platform, [change("edge-0", "1.0.0", None)], snapshot, catalog)[0].startswith("unsupported"), (
        "what goes is not offered"
    )
    (agent, own, releases) = looked_up(_own(availability), "agent")
    assert held(agent, changes[:1], own, releases) == {0: f"not-offered: {text}"}


def _own(availability: dict[str, Any]) -> Installation:
    world = Installation()
    world.offering = [offered(**availability)]
    return world


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (httpx.Response(403), "403"),
        (httpx.Response(200, json=[entry("edge-0", 7)]), "an unexpected shape"),
    ],
)
def test_what_could_not_be_read_is_held_too(answer: httpx.Response, text: str) -> None:
    world = Installation()
    world.answers["/api/cdn/device/offering"] = answer
    platform, snapshot, catalog = looked_up(world)
    found = held(platform, [change("edge-0", "1.0.0", "2.0.0")], snapshot, catalog)[0]
    assert "whether the device may take 2.0.0 could not be read: " in found
    assert text in found


def test_an_agent_without_the_question_is_taken_to_refuse_nothing() -> None:
    world = Installation()
    world.answers["/api/cdn/device/offering"] = httpx.Response(404)
    platform, snapshot, catalog = looked_up(world)
    assert "not be read" not in held(platform, [change("edge-0", "1.0.0", "2.0.0")], snapshot, catalog)[0]
    assert catalog[Release("radio", "2.0.0")].availability == {}


def test_devices_that_are_away_are_not_asked() -> None:
    world = Installation()
    world.offering = [offered()]
    world.inactive = {"edge-1"}
    looked_up(world)
    asked = [one.url.params.get_list("device_id") for one in world.requests if one.url.path.endswith("/offering")]
    assert asked == [["edge-0"]] * 3


def test_what_a_device_does_not_know_is_pushed_first() -> None:
    world = Installation()
    offers = {"edge-0": offered(known=False), "edge-1": offered()}
    world.answers["/api/cdn/device/offering"] = lambda asked: httpx.Response(
        200, json=[entry(one, [offers[one]]) for one in asked.url.params.get_list("device_id")]
    )
    changes = [change(device, "1.0.0", "2.0.0") for device in world.ids]
    routes = msgspec.structs.replace(ROUTES, push=PUSH)
    platform, snapshot, catalog = looked_up(world, routes=routes)
    assert calls(platform, changes, snapshot, catalog) == [
        ("getapp.deliver", action("DeliveryStart", "2.0.0", "edge-1"), (1,), 1),
        ("getapp.push", Request("POST", "/api/cdn/push/edge-0/12.radio%402.0.0"), (0,), 1),
    ]
    review = platform.review(changes, snapshot, catalog)
    assert review.later == {0: ("getapp.deliver", "getapp.deploy"), 1: ("getapp.deploy",)}
    platform, snapshot, catalog = looked_up(world)
    (warning,) = platform.review(changes, snapshot, catalog).warnings
    assert warning == "radio 2.0.0 was not pushed to 1 device, which may refuse it: set the connection's routes.push"


def test_one_agent_alone_is_pushed_nothing() -> None:
    with pytest.raises(SettingsError, match=r"routes\.push: one agent alone"):
        Installation().platform("agent", routes=StepRoutes(push=PUSH))
