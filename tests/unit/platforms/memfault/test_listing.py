"""Pages that do not fit together are read again, and told when they stay so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model.snapshot import Query
from reconciler.platforms.memfault.listing import WITNESSES, Listing
from reconciler.platforms.memfault.wire import Page, Paging
from reconciler.platforms.memfault.workloads import Workloads
from reconciler.platforms.readers import Readers
from tests.unit.platforms.memfault.project import MAIN, Project

ROWS = [f"row {number}" for number in range(25)]


def page(number: int, rows: list[str] = ROWS, size: int = 10, **told: int) -> Page[str]:
    paging = {"page": number, "page_count": -(-len(rows) // size), "per_page": size, "total_count": len(rows)} | told
    return Page(rows[(number - 1) * size : number * size], Paging(**paging))


class Shelf:
    """Gives pages, the odd ones first, and keeps what was folded."""

    def __init__(self, odd: dict[int, list[Page[str]]], *, steady: bool = True) -> None:
        self.odd = odd
        self.asked: list[int] = []
        self.rows: list[str] = []
        self.listing = Listing("rows", self.fetch, lambda one: self.rows.extend(one.rows), steady=steady)

    def fetch(self, number: int) -> Page[str]:
        self.asked.append(number)
        rest = self.odd.get(number, [])
        return rest.pop(0) if rest else page(number)

    def walk(self, readers: int = 1) -> list[str]:
        waits = iter([(0.0, 0.0), (1.0, 0.1)])
        self.listing.walk(Readers(readers, lambda: next(waits)))
        return self.listing.problems


@pytest.mark.parametrize("readers", [1, 3])
def test_all_pages_are_read_once(readers: int) -> None:
    shelf = Shelf({})
    assert shelf.walk(readers) == []
    assert sorted(shelf.rows) == sorted(ROWS)
    assert sorted(shelf.asked) == [1, 2, 3]


@pytest.mark.parametrize("number", [1, 2])
def test_a_short_page_is_read_again(number: int) -> None:
    short = Page(["x"], Paging(page=number, page_count=3, per_page=10, total_count=25))
    shelf = Shelf({number: [short, short]})
    assert shelf.walk() == []
    assert shelf.asked.count(number) == 3
    shelf = Shelf({number: [short] * 9})
    assert len(shelf.walk()) == 1


def test_the_same_page_for_another_is_a_problem() -> None:
    assert Shelf({2: [page(1)] * 3}).walk() == ["page 2 of the rows came with 10 rows of 25, the first one told 25"]


def test_a_total_that_moves_is_a_problem_for_steady_listings_alone() -> None:
    grown = [*ROWS, *(f"new {number}" for number in range(10))]
    shelf = Shelf({2: [page(2, grown)] * 3})
    assert shelf.walk() == ["page 2 of the rows came with 10 rows of 35, the first one told 25"]
    shelf = Shelf({number: [page(number, grown)] for number in (2, 3, 4)}, steady=False)
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(grown)


@pytest.mark.parametrize("steady", [True, False])
def test_an_empty_page_among_others_is_a_problem(steady: bool) -> None:
    empty: Page[str] = Page([], Paging(page=2, page_count=0, per_page=10, total_count=0))
    shelf = Shelf({2: [empty, empty]}, steady=steady)
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(ROWS)
    words = "page 2 of the rows came with 0 rows of 0, the first one told 25"
    assert Shelf({2: [empty] * 3}, steady=steady).walk() == [words]


def test_another_size_of_pages_is_a_problem() -> None:
    assert Shelf({3: [page(3, size=12)] * 3}).walk()


def test_an_empty_list_is_asked_about_again() -> None:
    nothing = page(1, [])
    shelf = Shelf({1: [nothing] * WITNESSES})
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(ROWS)
    shelf = Shelf({1: [nothing] * 99})
    assert shelf.walk() == []
    assert (shelf.rows, shelf.asked) == ([], [1] * (WITNESSES + 1))


def test_pages_without_a_size_prove_nothing() -> None:
    assert Shelf({1: [Page(["x"], Paging(page=1, page_count=0, per_page=0, total_count=5))] * 99}).walk()


def test_a_type_that_is_not_listed_is_none_of_ours() -> None:
    workloads = Workloads([MAIN, "other"])
    workloads.note("1.0", "foreign")
    assert workloads.candidates("1.0") == (MAIN, "other")


def test_a_type_without_versions_is_not_asked_for_them() -> None:
    project = Project(2, 2)
    project.rewrite("/software_types", lambda body: body["data"][1].update(software_versions_count=0))
    project.observe(Query())
    asked = [request.url.path for request in project.requests if request.url.path.endswith("/software_versions")]
    assert len(asked) == 1


def test_odd_rows_of_small_lists_are_problems() -> None:
    project = Project(2, 2)
    project.rewrite("/software_types", lambda body: body["data"][1].update(name=7))
    problems = project.observe().coverage.problems
    assert any("a row of the software types cannot be read" in problem for problem in problems)


def test_several_readers_see_the_same() -> None:
    one, several = Project(3, devices=900), Project(3, devices=900)
    seen: list[Any] = []
    several.platform._readers.count = 2
    several.platform._readers._wait = 0.0
    several.platform._readers._meter = lambda: (len(seen) * 1.0, 0.0)

    def hook(request: httpx.Request) -> None:
        seen.append(request)

    several.hooks.append(hook)
    left, right = one.observe(), several.observe()
    assert right.coverage.complete
    workload = left.workloads[0].id
    for row in range(3):
        assert left.state(workload, row).spread == right.state(workload, row).spread
