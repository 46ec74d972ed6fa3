"""Pages, filters and sorts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Shape
from tests.unit.simulators.memfault.caller import Caller

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


def test_beyond_the_end_and_of_nothing() -> None:
    fleet = Caller(Shape(devices=0))
    assert fleet.get("/devices", "page=7")[1] == {
        "data": [],
        "paging": {"item_count": 0, "page": 7, "page_count": 0, "per_page": 100, "total_count": 0},
    }


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


def test_lists_repeat_their_key_or_have_brackets() -> None:
    fleet = Caller()
    for query in ("version=1.0.0&version=1.2.0", "version[]=1.0.0&version[]=1.2.0"):
        assert names(fleet.rows("/releases", query), "version") == ["1.0.0", "1.2.0"]


def test_pages_follow_changes() -> None:
    fleet = Caller()
    before = fleet.rows("/devices", "release=1.4.0")
    for n in range(300):
        fleet.get("/devices", f"release=1.4.0&x={n}")
    fleet.world.delete_device(before[0]["device_serial"])
    assert names(fleet.rows("/devices", "release=1.4.0"), "id") == names(before[1:], "id")
