"""Nothing is hidden in a process: a second one, given the same reading and catalogue, decides and goes on as the first."""

from __future__ import annotations

from typing import Any

import httpx

from reconciler.model.change import Action
from reconciler.model.outcome import ReceiptKind
from reconciler.model.release import PrepareStatus, Release
from reconciler.model.snapshot import Query
from reconciler.platforms.getapp.platform import GetApp
from tests.unit.platforms.getapp.installation import Installation, change, release, row
from tests.unit.platforms.getapp.test_compile import ROUTES

RADIO = Release("radio", "2.0.0")
ID = "12.radio@2.0.0"
PREPARED = f"/api/v1/delivery/preparedDelivery/{ID}"


def world_with(status: str) -> Installation:
    """Return three devices, one of which has got as far as the download, and how the preparation stands."""
    world = Installation(3)
    world.rows["edge-1"] = [row(), row("downloaded", version="2.0.0", id="0.radio@2.0.0")]
    world.rows["edge-2"] = [row(version="1.0.0"), row(project="vision", dependencies=["12.radio@1.0.0"])]
    world.offering = [{"projectName": "radio", "releases": [release(version="2.0.0")]}, {"projectName": "gnss"}]
    world.server["radio", "2.0.0"] = release(version="2.0.0")
    stands(world, status)
    return world


def stands(world: Installation, status: str) -> None:
    answer = httpx.Response(200, json={"catalogId": ID, "status": status, "progress": 40})
    world.answers[PREPARED] = world.answers["/api/v1/delivery/prepareDelivery"] = answer


def process(world: Installation) -> GetApp:
    return world.platform(delivery=True, routes=ROUTES)


def decided(platform: GetApp, *given: Any) -> tuple[Any, Any]:
    changes = [
        change("edge-0", "1.0.0", "2.0.0"),
        change("edge-1", "2.0.0", "2.0.0"),
        change("edge-2", "1.0.0", "2.0.0"),
    ]
    review = platform.review(changes, *given)
    going = [one for position, one in enumerate(changes) if position not in review.holds]
    return review, platform.compile(going, *given, fleet_wide=())


def test_it_reviews_and_compiles_the_same_without_asking_anybody() -> None:
    world = world_with("done")
    first = process(world)
    snapshot = first.observe(Query())
    for probe in ((), (RADIO,)):
        catalog = first.catalog({RADIO}, snapshot, probe=probe)
        world.requests.clear()
        assert decided(process(world), snapshot, catalog) == decided(first, snapshot, catalog)
        assert not world.requests


def test_it_looks_up_what_the_first_one_looks_up() -> None:
    world = world_with("done")
    first, second = process(world), process(world)
    snapshot = first.observe(Query())
    held = Release("vision", "1.0.0")
    assert second.catalog({RADIO, held}, snapshot) == first.catalog({RADIO, held}, snapshot)
    assert second.catalog({held}, snapshot)[held].found is True


def test_it_reads_a_part_as_the_first_one_does() -> None:
    world = world_with("done")
    first = process(world)
    whole = first.observe(Query())
    some = Query(units=frozenset({"edge-0"}))
    mine, others = first.observe(some, whole), process(world).observe(some, whole)
    assert [one.id for one in others.workloads] == [one.id for one in whole.workloads] == ["gnss", "radio", "vision"]
    assert (mine.states, mine.columns, mine.references) == (others.states, others.columns, others.references)
    assert others.references == whole.references
    assert others.releases == whole.releases
    assert others.reference("edge-1", "radio", "2.0.0") == "0.radio@2.0.0"


def test_a_part_keeps_the_general_catalog_id_that_another_device_gave() -> None:
    world = Installation(2)
    world.rows["edge-1"] = [row(id="0.radio@1.0.0")]
    whole = process(world).observe(Query())
    part = process(world).observe(Query(units=frozenset({"edge-1"})), whole)
    assert [part.reference(one, "radio", "1.0.0") for one in world.ids] == ["12.radio@1.0.0", "0.radio@1.0.0"]
    world.rows["edge-1"] = [row()]
    part = process(world).observe(Query(units=frozenset({"edge-1"})), whole)
    assert part.reference("edge-1", "radio", "1.0.0") == "12.radio@1.0.0"


def test_it_goes_on_with_a_preparation_that_the_first_one_began() -> None:
    world = world_with("start")
    steps = []
    for status in ("inProgress", "done"):
        platform = process(world)
        snapshot = platform.observe(Query())
        before = platform.catalog({RADIO}, snapshot)
        _, actions = decided(platform, snapshot, before)
        prepare = actions[0]
        assert isinstance(prepare, Action)
        assert prepare.idempotent
        stands(world, status)
        assert platform.execute(prepare, world.clock.time + 60).kind is ReceiptKind.ACCEPTED
        after = platform.catalog({RADIO}, snapshot, probe=prepare.reveals)
        preparation = after[RADIO].preparation
        assert preparation is not None
        _, following = decided(platform, snapshot, after)
        steps.append((prepare.call, preparation.status, following[0].call))
    assert steps == [
        ("getapp.prepare", PrepareStatus.IN_PROGRESS, "getapp.deploy"),
        ("getapp.prepare", PrepareStatus.DONE, "getapp.deliver"),
    ]
