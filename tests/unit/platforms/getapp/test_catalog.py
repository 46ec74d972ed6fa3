"""Looking up releases: found by whoever tells, missing only where the server proves it, unknown otherwise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model.release import Artifact, Preparation, PrepareStatus, Release, ReleaseInfo, ReleaseQuery
from reconciler.model.snapshot import Query
from reconciler.platforms.getapp.platform import GetApp
from reconciler.ports import Prepares
from tests.unit.platforms.getapp.installation import Installation, missing, release, row

RADIO = Release("radio", "2.0.0")
ROUTE = "/api/v1/catalog/releases/project/radio/version/2.0.0"
PROJECT = "/api/v1/catalog/releases/project/radio"
NOT_ASKED = Preparation(reference="12.radio@2.0.0", status=PrepareStatus.NOT_ASKED)
PREPARED = "/api/v1/delivery/preparedDelivery/12.radio@2.0.0"


def one(world: Installation, *, delivery: bool = True, read: bool = True, probe: bool = False) -> ReleaseInfo:
    platform = world.platform(delivery=delivery)
    seen = platform.observe(Query()) if read else None
    return platform.catalog({RADIO}, seen, probe={RADIO} if probe else ())[RADIO]


def offer(world: Installation, **fields: Any) -> None:
    world.offering = [{"projectName": "radio", "releases": [release(version="2.0.0", **fields)]}]


def test_the_server_tells_all() -> None:
    world = Installation()
    world.server["radio", "2.0.0"] = release(
        version="2.0.0",
        releaseNotes="first\nsecond",
        metadata={"totalSize": 7, "autoDeploy": True},
        dependencies=[{"projectName": "runtime", "version": "5.0.0"}, "9.base@1.0.0"],
        artifacts=[{"itemKey": "radio.rpm", "artifactType": "rpm", "size": 10}, {"itemKey": "notes"}],
    )
    assert one(world) == ReleaseInfo(
        found=True,
        identity="12.radio@2.0.0 2026-10-02T08:00:00Z",
        notes="first second",
        size=10,
        reference="12.radio@2.0.0",
        status="released",
        dependencies=("9.base@1.0.0", "runtime 5.0.0"),
        artifacts=(Artifact(name="radio.rpm", kind="rpm", size=10), Artifact(name="notes")),
        created="2026-10-01T08:00:00Z",
        updated="2026-10-02T08:00:00Z",
        extra='{"autoDeploy":true,"totalSize":7}',
        facts=(("projectId", "12"), ("type", "product")),
        preparation=NOT_ASKED,
    )
    assert PREPARED not in world.paths()


def test_what_is_not_released_says_its_status() -> None:
    world = Installation()
    for source in ("server", "offering"):
        told = release(version="2.0.0", status="assessment", metadata={"totalSize": 7}, artifacts=7, dependencies=[7])
        world.server = {("radio", "2.0.0"): told} if source == "server" else {}
        offer(world, status="assessment", dependencies=[7])
        found = one(world, delivery=source == "server")
        assert (found.found, found.released, found.status) == (True, False, "assessment")
        assert found.detail == "its status is assessment"
        assert found.dependencies == ("dependencies that cannot be read",)
        assert (found.size, found.artifacts) == ((7, None) if source == "server" else (None, None))


def test_offerings_and_rows_tell_where_there_is_no_server() -> None:
    world = Installation()
    offer(world, size=5.0)
    assert (one(world, delivery=False).reference, one(world, delivery=False).size) == ("12.radio@2.0.0", 5)
    assert one(world, delivery=False).preparation is None
    world.offering = []
    world.rows["edge-1"] = [row(version="2.0.0")]
    assert one(world, delivery=False).found is True
    world.rows["edge-1"] = []
    lacking = one(world, delivery=False)
    assert (lacking.found, lacking.detail) == (
        None,
        "no device is offered it or holds it, which proves nothing: offerings follow policy",
    )


def test_without_an_earlier_reading_the_master_is_asked() -> None:
    world = Installation()
    offer(world)
    assert one(world, delivery=False, read=False).found is True
    world.answers["/api/cdn/device"] = httpx.Response(403)
    assert "offered could not be read" in one(world, delivery=False, read=False).detail
    agent = world.platform("agent")
    assert agent.catalog({RADIO})[RADIO].found is True


def test_why_a_device_may_not_take_it_is_told() -> None:
    world = Installation()
    for told, words in (
        ({"offered": False, "notOfferedReason": "policy 7"}, "policy 7"),
        ({"offered": True, "unavailable": True, "unavailableReason": "no files"}, "no files"),
        ({"offered": False}, "no reason is given"),
        ({"offered": True, "unavailable": False}, ""),
    ):
        offer(world, availability=told)
        world.server = {("radio", "2.0.0"): release(version="2.0.0")}
        for delivery in (True, False):
            found = one(world, delivery=delivery)
            assert words in found.detail
            assert bool(found.detail) == bool(words)


def test_missing_is_proved_by_the_server_alone() -> None:
    world = Installation()
    world.server["radio", "1.0.0"] = release()
    assert one(world).found is False
    world.answers[PROJECT] = httpx.Response(200, json=[release(version="2.0.0"), {"odd": 1}])
    assert (one(world).found, one(world).detail) == (None, "the server lists it but answers that it is not there")
    for nothing in ([], [release("vision", "1.0.0")]):
        world.answers[PROJECT] = httpx.Response(200, json=nothing)
        assert (one(world).found, one(world).detail) == (None, "the server lists no releases of this project")
    world.answers[PROJECT] = httpx.Response(200, json=[release(), {"odd": 1}])
    assert (one(world).found, one(world).detail) == (None, "the server lists releases that cannot be read")
    world.answers[PROJECT] = missing()
    assert "neither this release nor its project" in one(world).detail
    world.answers[PROJECT] = httpx.Response(403)
    assert "could not be confirmed" in one(world).detail
    world.answers[ROUTE] = httpx.Response(403)
    assert (one(world).found, "403" in one(world).detail) == (None, True)
    world.answers[ROUTE] = httpx.Response(200, json=release("vision", "3.0.0"))
    assert (one(world).found, one(world).detail) == (None, "the server answered with vision 3.0.0")


@pytest.mark.parametrize("answer", [missing(), httpx.Response(403), httpx.Response(200, json=release("x", "2.0.0"))])
def test_what_devices_are_offered_is_there_whatever_the_server_says(answer: httpx.Response) -> None:
    world = Installation()
    offer(world)
    world.answers[ROUTE] = answer
    assert one(world).found is True


def test_nothing_wanted_asks_nothing() -> None:
    world = Installation()
    assert world.platform(delivery=True).catalog([]) == {}
    assert not world.requests


# --- preparations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "retryable"),
    [
        ({"status": "start"}, PrepareStatus.START, None),
        ({"status": "inProgress", "progress": 40.5}, PrepareStatus.IN_PROGRESS, None),
        ({"status": "pending", "progress": 0}, PrepareStatus.PENDING, None),
        ({"status": "done"}, PrepareStatus.DONE, None),
        ({"status": "delete"}, PrepareStatus.DELETE, None),
        ({"status": "error", "error": {"errorCode": "DELIVERY.download"}}, PrepareStatus.ERROR, True),
        ({"status": "error", "error": {"errorCode": "DELIVERY.notExist"}}, PrepareStatus.ERROR, False),
        ({"status": "melted"}, PrepareStatus.UNKNOWN, None),
    ],
)
def test_with_probe_preparations_are_asked_about(
    answer: dict[str, Any], status: PrepareStatus, retryable: bool | None
) -> None:
    world = Installation()
    offer(world)
    world.answers[PREPARED] = httpx.Response(200, json={"catalogId": "12.radio@2.0.0", **answer})
    found = one(world, probe=True).preparation
    assert found is not None
    assert (found.status, found.progress, found.retryable) == (status, answer.get("progress"), retryable)
    assert one(world).preparation == NOT_ASKED
    assert world.requests[-1].url.path != PREPARED


def test_only_what_is_in_probe_is_asked_about() -> None:
    world = Installation()
    world.answers[PREPARED] = httpx.Response(200, json={"catalogId": "12.radio@2.0.0", "status": "done"})
    offer(world)
    other = Release("radio", "1.0.0")
    platform = world.platform(delivery=True)
    found = platform.catalog({RADIO, other}, platform.observe(Query()), probe={RADIO})
    statuses = {key: info.preparation.status for key, info in found.items() if info.preparation is not None}
    assert statuses == {RADIO: PrepareStatus.DONE, other: PrepareStatus.NOT_ASKED}
    assert [path for path in world.paths() if "preparedDelivery" in path] == [PREPARED]


# --- listing --------------------------------------------------------------------------------------------------------


def listed(platform: GetApp, **query: Any) -> list[tuple[str, str]]:
    return [(one.workload.name, one.version) for one in platform.releases(ReleaseQuery(**query)).releases]


def test_listing() -> None:
    world = Installation()
    world.offering = [
        {
            "projectName": "radio",
            "releases": [release(version="1.10.0", updatedAt="2020"), release(version="1.9.0"), release()],
        },
        {"projectName": "vision", "releases": [release("vision")]},
    ]
    world.server = {("radio", "3.0.0"): release(version="3.0.0", status="assessment")}
    platform = world.platform(delivery=True)
    radios = [("radio", version) for version in ("3.0.0", "1.10.0", "1.9.0", "1.0.0")]
    assert listed(platform) == [*radios, ("vision", "1.0.0")]
    assert listed(platform, workloads=("radio",), sort=("version",)) == radios[::-1]
    assert listed(platform, workloads=("radio",), sort=("created_date",))[0] == ("radio", "1.10.0")
    assert listed(platform, versions=("1.0.0",)) == [("radio", "1.0.0"), ("vision", "1.0.0")]
    everything = platform.releases(ReleaseQuery())
    assert everything.releases[0].info.released is False
    assert any("releases of vision could not be read" in note for note in everything.notes)
    notes = platform.releases(ReleaseQuery(sort=("size",))).notes
    assert "GetApp's releases cannot be sorted by 'size': by created_date or version" in notes
    world.answers[PROJECT] = httpx.Response(200, json=[{"odd": 1}, release("42", "9.9.9"), release(version="4.0.0")])
    assert listed(platform, workloads=("radio",))[0] == ("radio", "4.0.0")
    assert any(
        "a release of radio on the server cannot be read: id" in note
        for note in platform.releases(ReleaseQuery()).notes
    )
    none = platform.releases(ReleaseQuery(workloads=("radio",), revisions=("a",), hardware=("b",), builds=("c",)))
    assert none.releases == ()
    assert len(none.notes) == 4


def test_listing_without_a_server_says_what_it_lacks() -> None:
    world = Installation()
    found = world.platform().releases(ReleaseQuery())
    assert found.notes == ("only what devices are offered is known: the connection names no delivery server",)


def test_it_prepares() -> None:
    assert isinstance(Installation().platform(), Prepares)
