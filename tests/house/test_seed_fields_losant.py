"""Every field that Losant's reference lists is read, and shown where a person would look."""

from __future__ import annotations

import json
from functools import reduce

import pytest

from reconciler.core.decide import PlanRequest
from reconciler.engine.explain import explanation
from reconciler.engine.plan import plan
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionReleases, Explanation
from reconciler.testing.changes import question_of
from reconciler.views import explain_text, releases_text
from tests.house.seed_fields_losant import (
    BODIES,
    DEPLOYMENT,
    ELSEWHERE,
    IN_EXPLANATION,
    IN_RELEASES,
    LOG,
    SORTED_BY,
    VERSION,
)
from tests.unit.engine.test_explain import Blame
from tests.unit.platforms.losant.application import Application
from tests.unit.platforms.losant.test_compile import V1, change, compiled


def application() -> Application:
    app = Application()
    app.add_device()
    app.add_flow("poller", "v1.2.3")
    app.rows = [DEPLOYMENT]
    app.versions[app.flows[0]["id"]] = [VERSION]
    return app


def explained() -> Explanation:
    app = application()
    spec = FleetSpec(connection="plant", units=Selector(all=True), workloads={"poller": WorkloadSpec(version="v1.2.3")})
    question = question_of(spec)
    request = PlanRequest(manifest=question.manifest, detail="gw-0")
    return explanation(plan(request, lambda _: app.platform(), app.clock), question.manifest, Blame(), "gw-0")


EXPLAINED = explained()
(SLOT,) = json.loads(explain_text.encode(EXPLAINED))["slots"]
FACTS = dict(SLOT["seen"]["facts"])
TEXT = " ".join(" ".join(str(line) for line in explain_text.render(EXPLAINED, now=0.0, width=4000)).split())


def test_the_tables_name_every_field() -> None:
    assert set(SORTED_BY) <= DEPLOYMENT.keys()
    assert IN_EXPLANATION.keys() | ELSEWHERE.keys() <= DEPLOYMENT.keys()
    assert {*IN_RELEASES, "version"} == VERSION.keys()


@pytest.mark.parametrize("field", sorted(DEPLOYMENT.keys() - ELSEWHERE.keys()))
def test_a_deployment_is_explained(field: str) -> None:
    value = LOG["error"] if field == "logs" else DEPLOYMENT[field]
    if field in IN_EXPLANATION:
        found = reduce(lambda one, key: one[key], IN_EXPLANATION[field], SLOT)
        assert found == (f"{LOG['attemptedValue']}: {value}" if field == "logs" else value)
    elif isinstance(value, dict):
        assert all(f"{key} {one}" in FACTS[field] for key, one in value.items())
        value = FACTS[field]
    else:
        assert FACTS[field] == value
    assert value in TEXT


@pytest.mark.parametrize("field", sorted(LOG))
def test_its_log_is_explained(field: str) -> None:
    assert f"{field} {LOG[field]}" in FACTS["logs[0]"]
    assert FACTS["logs[0]"] in TEXT


def listed() -> list[ConnectionReleases]:
    found = application().platform().releases(ReleaseQuery())
    return [ConnectionReleases(connection="plant", platform="losant", releases=found.releases, notes=found.notes)]


@pytest.mark.parametrize("field", sorted(IN_RELEASES))
def test_a_version_is_listed(field: str) -> None:
    key, value, text = IN_RELEASES[field]
    found = listed()
    (release,) = json.loads(releases_text.encode(found))["connections"][0]["releases"]
    assert (release["version"], release["info"][key]) == (VERSION["version"], value)
    shown = "\n".join(str(line) for line in releases_text.render(found, width=200))
    assert text in shown
    assert VERSION["version"] in shown


@pytest.mark.parametrize(("call", "slots", "to"), [("release", 1, "v2"), ("remove", 1, None), ("replace", 1001, "v2")])
def test_calls_have_the_bodies_of_the_reference(call: str, slots: int, to: str | None) -> None:
    changes = [change(row, "v1", to) for row in range(slots)]
    (action,) = compiled(changes, [V1] * slots)
    assert (action.call, set(action.request.body)) == (f"losant.{call}", BODIES[call])
