"""Looking up versions: how many requests it takes, and what it takes to believe that one is missing."""

from __future__ import annotations

import httpx
import pytest

from reconciler.model.release import Release, ReleaseInfo, ReleaseList, ReleaseQuery
from tests.unit.platforms.losant.application import Application, missing


@pytest.fixture
def app() -> Application:
    """One workflow with 250 versions, a hundred on a page."""
    made = Application()
    made.add_flow("poller", *(f"v{number}" for number in range(250)))
    return made


def wanted(app: Application, *names: str) -> list[Release]:
    return [Release(app.flows[0]["id"], name) for name in names]


def test_one_version_is_asked_for_by_name(app: Application) -> None:
    (release,) = wanted(app, "v7")
    info = app.platform().catalog([release])[release]
    assert info == ReleaseInfo(
        found=True,
        identity=f"{app.versions[release.workload][7]['id']}@2026-01-01T00:00:00.000Z",
        minimum_agent="1.30.0",
        notes="first",
        reference=app.versions[release.workload][7]["id"],
        status="enabled",
        created="2025-12-01T00:00:00.000Z",
        updated="2026-01-01T00:00:00.000Z",
    )
    assert len(app.requests) == 1


@pytest.mark.parametrize(
    ("names", "requests"),
    [
        (["v1", "v2"], 1),
        ([f"v{number}" for number in range(250)], 3),
        (["v1", "v2", "v240"], 2),
        (["v1", "v101", "v102", "v103", "v104"], 2),
        (["v200", "v201"], 3),
    ],
)
def test_as_few_requests_as_may_be(app: Application, names: list[str], requests: int) -> None:
    catalog = app.platform().catalog(wanted(app, *names))
    assert all(info.found for info in catalog.values())
    assert len(app.requests) == requests


def test_names_are_encoded_whole(app: Application) -> None:
    odd = ["a/b", "ü?x=1#y", "100%", ".", "..", "a b"]
    for name in odd:
        app.versions[app.flows[0]["id"]].append({"id": name, "version": name})
        (release,) = wanted(app, name)
        assert app.platform().catalog([release])[release].found is True


def test_names_that_no_version_can_have_are_forbidden_without_asking(app: Application) -> None:
    catalog = app.platform().catalog(wanted(app, "develop", "default"))
    assert all(info.forbidden and info.found for info in catalog.values())
    assert app.requests == []


def test_missing_only_while_the_workflow_is_there(app: Application) -> None:
    (release,) = wanted(app, "nope")
    assert app.platform().catalog([release])[release] == ReleaseInfo(found=False)
    foreign = Release("0" * 24, "v1")
    info = app.platform().catalog([foreign])[foreign]
    assert info.found is None
    assert "neither this version nor its workflow" in info.detail


@pytest.mark.parametrize("status", [401, 403, 500])
def test_what_cannot_be_read_is_not_missing(app: Application, status: int) -> None:
    (release,) = wanted(app, "v1")
    app.hook("/v1", lambda _: httpx.Response(status))
    info = app.platform().catalog([release])[release]
    assert info.found is None
    assert f"answered {status}" in info.detail
    (gone,) = wanted(app, "nope")
    app.hook("/versions", lambda _: httpx.Response(status))
    info = app.platform().catalog([gone])[gone]
    assert info.found is None
    assert "could not be confirmed" in info.detail


def test_a_list_that_fails_leaves_each_to_its_own_route(app: Application) -> None:
    app.hook("/versions", lambda _: missing("no list"))
    catalog = app.platform().catalog(wanted(app, "v1", "v2"))
    assert all(info.found for info in catalog.values())


def test_a_list_that_is_empty_proves_nothing(app: Application) -> None:
    app.hook("/versions", lambda _: httpx.Response(200, json={"items": [], "totalCount": 0}))
    assert all(info.found for info in app.platform().catalog(wanted(app, "v1", "v2", "v3")).values())


def test_the_id_of_another_version_is_no_name(app: Application) -> None:
    (release,) = wanted(app, app.versions[app.flows[0]["id"]][3]["id"])
    info = app.platform().catalog([release])[release]
    assert info.found is None
    assert "'v3'" in info.detail


def test_a_disabled_version_says_so(app: Application) -> None:
    app.versions[app.flows[0]["id"]][1]["enabled"] = False
    (release,) = wanted(app, "v1")
    assert app.platform().catalog([release])[release].detail == "this version is disabled on the platform"


def names(found: ReleaseList, workload: str) -> list[str]:
    return [one.version for one in found.releases if one.workload.name == workload]


def test_all_versions_of_all_workflows_are_listed(app: Application) -> None:
    found = app.platform().releases(ReleaseQuery())
    assert {one.workload.id for one in found.releases} == {flow["id"] for flow in app.flows}
    assert len(found.releases) == sum(map(len, app.versions.values()))
    assert found.notes == ()


def test_a_listing_is_narrowed_and_sorted_as_asked(app: Application) -> None:
    flow = app.flows[0]
    found = app.platform().releases(ReleaseQuery(workloads=(flow["name"],), versions=("v1", "v2"), sort=("-version",)))
    assert [(one.workload.name, one.version) for one in found.releases] == [(flow["name"], "v2"), (flow["name"], "v1")]
    assert names(app.platform().releases(ReleaseQuery(sort=("version",))), flow["name"])[:2] == ["v0", "v1"]
    notes = app.platform().releases(ReleaseQuery(sort=("-size", "version"))).notes
    assert notes == ("Losant's versions cannot be sorted by 'size': by created_date or version",)


def test_what_versions_have_no_field_for_matches_none_and_is_said(app: Application) -> None:
    found = app.platform().releases(ReleaseQuery(revisions=("abc",), hardware=("mp",), builds=("1",)))
    assert found.releases == ()
    assert [note.partition(":")[0] for note in found.notes] == [
        "Losant's versions have no revision",
        "Losant's versions have no hardware version",
        "Losant's versions have no build id",
    ]


def test_a_workflow_whose_versions_cannot_be_read_is_named(app: Application) -> None:
    app.hook(f"{app.flows[0]['id']}/versions", lambda _: httpx.Response(403))
    found = app.platform().releases(ReleaseQuery())
    assert {one.workload.id for one in found.releases} == {flow["id"] for flow in app.flows[1:]}
    assert app.flows[0]["name"] in found.notes[0]
