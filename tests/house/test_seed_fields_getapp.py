"""Every field that GetApp's documents list is read, and shown where a person would look."""

from __future__ import annotations

import httpx
import pytest

from reconciler.engine.explain import explanation
from reconciler.engine.plan import plan
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionDeliveries, ConnectionReleases
from reconciler.testing.changes import question_of
from reconciler.views import deliveries_text, explain_text, releases_text
from reconciler.views.line import plain
from tests.house import seed_fields_getapp as seeds
from tests.unit.engine.test_explain import Blame
from tests.unit.platforms.getapp.installation import Installation

Shown = tuple[str, str]


def installation() -> Installation:
    world = Installation(1)
    world.rows = {"edge-0": [seeds.ROW]}
    world.offering = [{"projectId": 12, "projectName": "radio", "releases": [seeds.RELEASE]}]
    world.answers[f"/api/v1/delivery/preparedDelivery/{seeds.CATALOG_ID}"] = httpx.Response(200, json=seeds.PREPARED)
    return world


def explained() -> Shown:
    world = installation()
    fleet = FleetSpec(connection="plant", units=Selector(all=True), workloads={"radio": WorkloadSpec(version="1.4.0")})
    question = question_of(fleet)
    planned = plan(question, lambda _: world.platform(), world.clock)
    found = explanation(planned, question.manifest, Blame(), "edge-0", "radio")
    return plain(explain_text.render(found, now=world.clock.now(), width=200)), explain_text.encode(found).decode()


def released() -> Shown:
    found = installation().platform(delivery=True).releases(ReleaseQuery())
    listed = [ConnectionReleases(connection="plant", platform="getapp", releases=found.releases, prepares=True)]
    return plain(releases_text.render(listed, width=400)), releases_text.encode(listed).decode()


def delivered() -> Shown:
    found = installation().platform(delivery=True).preparations([seeds.CATALOG_ID], probe=True)
    listed = [ConnectionDeliveries(connection="plant", platform="getapp", preparations=tuple(found))]
    return plain(deliveries_text.render(listed, width=400)), deliveries_text.encode(listed).decode()


EXPLAINED, RELEASES, DELIVERIES = explained(), released(), delivered()

CASES = [
    (fields, name, field)
    for name, fields in (
        ("EXPLAINED", seeds.EXPLAINED),
        ("RELEASES", seeds.RELEASES),
        ("DELIVERIES", seeds.DELIVERIES),
        ("ARTIFACTS", seeds.ARTIFACTS),
    )
    for field in fields
]
OUTPUTS = {"EXPLAINED": EXPLAINED, "RELEASES": RELEASES, "DELIVERIES": DELIVERIES, "ARTIFACTS": DELIVERIES}


def test_the_tables_name_every_field() -> None:
    assert seeds.EXPLAINED.keys() == {*seeds.ROW, "deviceId", "isMaster"}
    assert seeds.RELEASES.keys() == seeds.RELEASE.keys()
    assert seeds.DELIVERIES.keys() == seeds.PREPARED.keys()
    assert seeds.ARTIFACTS.keys() == seeds.ARTIFACT.keys()


@pytest.mark.parametrize(("fields", "where", "field"), CASES, ids=[f"{name}-{field}" for _, name, field in CASES])
def test_it_is_shown(fields: dict[str, Shown], where: str, field: str) -> None:
    for words, output in zip(fields[field], OUTPUTS[where], strict=True):
        assert words in output


def test_nothing_shown_lets_its_reader_in() -> None:
    assert not any("LETS-IN" in text for shown in OUTPUTS.values() for text in shown)
