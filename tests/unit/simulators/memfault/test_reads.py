"""The reads: pages, filters, sorts, and what the rows look like."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Shape, serve
from tests.unit.simulators.memfault.caller import Caller
from tests.unit.simulators.memfault.test_access import USER

LISTS = ["/releases", "/deployments", "/cohorts", "/devices", "/software_types", "/cohorts/default/devices"]


@pytest.mark.parametrize("path", LISTS)
@given(per_page=st.integers(1, 130))
def test_pages_make_up_the_whole(path: str, per_page: int) -> None:
    fleet = FLEETS["capped-100"]
    whole = fleet.rows(path)
    assert fleet.rows(path, f"per_page={per_page}") == whole
    paging = fleet.get(path, f"per_page={per_page}")[1]["paging"]
    size = min(per_page, 100)
    assert paging == {
        "item_count": min(size, len(whole)),
        "page": 1,
        "page_count": -(-len(whole) // size),
        "per_page": size,
        "total_count": len(whole),
    }


FLEETS: dict[str, Caller] = {
    answer: Caller(Shape(devices=250, offline=0, failing=0), per_page=answer) for answer in ("capped-100", "as-asked")
}


def test_more_than_a_hundred_by_variant_only() -> None:
    assert FLEETS["capped-100"].get("/devices", "per_page=5000")[1]["paging"]["per_page"] == 100
    _, page = FLEETS["as-asked"].get("/devices", "per_page=5000")
    assert (len(page["data"]), page["paging"]["per_page"], page["paging"]["page_count"]) == (250, 5000, 1)


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "per_page=0", "per_page=-1", f"page={'9' * 5000}", "sort=colour", "sort=-colour"]
)
@pytest.mark.parametrize("path", ["/devices", "/cohorts"])
def test_what_does_not_fit(path: str, query: str) -> None:
    status, answer = FLEETS["capped-100"].get(path, query)
    assert (status, answer["error"]["type"]) == (400, "InvalidRequestError")


def names(rows: list[dict[str, Any]], key: str) -> list[Any]:
    return [row[key] for row in rows]


def test_sorts_repeat_and_the_first_wins() -> None:
    fleet = FLEETS["capped-100"]
    ordered = fleet.rows("/software_type_values", "sort=-is_primary_type&sort=-active_device_count&sort=name")
    assert names(ordered, "name") == ["main-fw", "radio-fw"]
    assert names(fleet.rows("/software_type_values", "sort=-name&sort=active_device_count"), "name") == [
        "radio-fw",
        "main-fw",
    ]
    assert ordered[0] == {"name": "main-fw", "is_primary_type": True, "active_device_count": 125}


def test_a_dash_turns_a_sort_round() -> None:
    fleet = Caller()
    forth = names(fleet.rows("/releases", "sort=created_date"), "created_date")
    back = names(fleet.rows("/releases", "sort=-created_date"), "created_date")
    assert forth == sorted(forth) == back[::-1]
    seen = names(fleet.rows("/devices", "sort=-last_seen"), "last_seen")
    assert seen == sorted(seen, reverse=True)


def test_who_and_where() -> None:
    fleet = Caller()
    me = json.loads(fleet.raw("GET", "/auth/me", headers=USER).body)
    assert (me["email"], me["organizations"][0]["slug"]) == ("robot@example.invalid", "simulated")
    organizations = json.loads(fleet.raw("GET", "/api/v0/organizations").body)
    assert (organizations["data"], organizations["paging"]["total_count"]) == (me["organizations"], 1)


def test_releases() -> None:
    fleet = Caller()
    rows = fleet.rows("/releases")
    assert len(rows) == 12
    assert {row["version"] for row in rows if not row["artifacts"]} == {"main-fw-dev", "radio-fw-dev"}
    assert [row["version"] for row in rows if row["must_pass_through"]] == ["1.1.0"]
    assert [row["min_version"] for row in rows if row["min_version"]] == ["2.0.0"]
    assert sum(row["count_devices"] for row in rows) == 100
    assert len(fleet.rows("/releases", "hardware_version=main-fw-mp")) == 10, "it runs both types"
    assert fleet.rows("/releases", "version=1.2.0&hardware_version=radio-fw-mp") == []


@pytest.mark.parametrize(("answer", "status", "count"), [("listed", 200, 12), ("hidden", 404, 10)])
def test_releases_of_events(answer: str, status: int, count: int) -> None:
    fleet = Caller(release_of_events=answer)
    fleet.world.set_reported(fleet.member("default"), "0.0.1-local")
    assert fleet.get("/releases/0.0.1-local")[0] == status
    assert len(fleet.rows("/releases")) == count + (answer == "listed")
    assert fleet.activate("default", "0.0.1-local")[0] == status
    assert fleet.get("/software_types/main-fw/software_versions/0.0.1-local")[0] == 200


@pytest.mark.parametrize(("answer", "status"), [("shown", 200), ("404", 404)])
def test_members_and_versions_that_may_not_be_shown(answer: str, status: int) -> None:
    fleet = Caller(cohort_devices=answer, type_versions=answer)
    assert fleet.get("/cohorts/beta/devices")[0] == status
    assert fleet.get("/cohorts/nowhere/devices")[0] == 404
    assert fleet.get("/software_types/main-fw/software_versions")[0] == status
    assert fleet.get("/software_types/main-fw/software_versions/1.4.0")[0] == status
    assert fleet.get("/software_types/main-fw/software_versions/2.4.0")[0] == 404
    assert fleet.get("/software_types/none/software_versions")[0] == 404
    if status == 200:
        listed = [row for row in fleet.rows("/devices") if row["cohort"]["slug"] == "beta"]
        assert fleet.rows("/cohorts/beta/devices") == listed


def test_the_shape_of_the_reference() -> None:
    row = Caller().rows("/devices")[0]
    assert row["hardware_version"] == "main-fw-evt"
    assert set(row["last_seen_release"]) == {"id", "version", "revision"}
    assert row["cohort"] == {"id": row["cohort"]["id"], "name": "Default", "slug": "default"}
    assert "last_seen_software_version" not in row


def test_the_live_shape() -> None:
    fleet = Caller(device_shape="live")
    fleet.world.add_device("beta", "main-fw-mp", serial="NEW1")
    row = fleet.rows("/devices")[0]
    assert row["hardware_version"] == {"name": "main-fw-evt"}
    seen = row["last_seen_software_version"]
    assert (seen["version"], seen["software_type"]["name"], seen["archived"]) == ("1.3.0", "main-fw", False)
    assert "last_seen_release" not in row
    assert fleet.device("NEW1")["last_seen_software_version"] is None
    assert fleet.get("/releases/1.3.0")[1]["data"]["artifacts"][0]["hardware_version"] == {
        "name": "main-fw-evt",
        "primary_software_type": {"name": "main-fw"},
    }


@pytest.mark.parametrize("version", ["3.0.0+a/b", "a:b", "a b (c) [d]", "a\\b"])
def test_versions_that_need_quoting(version: str) -> None:
    with serve(Shape(devices=1)) as memfault:
        memfault.world.add_release("main-fw", version)
        base = f"{memfault.url}/api/v0/organizations/{memfault.organization}/projects/{memfault.project}"
        with httpx.Client(headers={"authorization": f"Bearer {memfault.token}"}) as client:
            place = f"{base}/releases/{quote(version, safe='')}"
            assert client.get(place).json()["data"]["version"] == version
            assert client.get(f"{base}/releases", params={"version": version}).json()["paging"]["total_count"] == 1
