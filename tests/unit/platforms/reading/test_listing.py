"""Pages that do not fit together are read again, and are a problem when they stay so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.platforms.reading.listing import WITNESSES, Listing
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.reading.readers import Readers

ROWS = [f"row {number}" for number in range(25)]


def page(number: int, rows: list[str] = ROWS, size: int = 10) -> Page[str]:
    return Page(rows[number * size : (number + 1) * size], len(rows), (number, size))


class Shelf:
    """Gives pages, the bad ones first, and keeps what was folded."""

    def __init__(self, bad: dict[int, list[Page[str]]], *, steady: bool = True) -> None:
        self.bad = bad
        self.asked: list[int] = []
        self.rows: list[str] = []
        self.listing = Listing("rows", self.fetch, self.fold, 100, steady=steady, witnesses=WITNESSES)

    def fold(self, one: Page[str]) -> None:
        self.rows.extend(one.items)

    def fetch(self, number: int, size: int) -> Page[str]:
        assert size == (10 if number else 100), "what came back decides how paging goes on"
        self.asked.append(number)
        rest = self.bad.get(number, [])
        return rest.pop(0) if rest else page(number)

    def walk(self, readers: int = 1) -> list[str]:
        waits = iter([(0.0, 0.0), (1.0, 0.1)])
        several = Readers(readers, lambda: next(waits))
        self.listing.walk(several.measured(self.listing.first), several, patient=True)
        return self.listing.problems


@pytest.mark.parametrize("readers", [1, 3])
def test_all_pages_are_read_once(readers: int) -> None:
    shelf = Shelf({})
    assert shelf.walk(readers) == []
    assert sorted(shelf.rows) == sorted(ROWS)
    assert sorted(shelf.asked) == [0, 1, 2]


@pytest.mark.parametrize("number", [0, 1])
def test_a_short_page_is_read_again(number: int) -> None:
    short = Page(["x"], 25, (number, 10))
    shelf = Shelf({number: [short, short]})
    assert shelf.walk() == []
    assert shelf.asked.count(number) == 3
    shelf = Shelf({number: [short] * 9})
    assert len(shelf.walk()) == 1


def test_the_same_page_for_another_is_a_problem() -> None:
    words = "page 2 of the rows came with 10 items, other than its numbers say"
    assert Shelf({1: [page(0)] * 3}).walk() == [words]


def test_a_total_that_moves_is_a_problem_for_steady_listings_alone() -> None:
    grown = [*ROWS, *(f"new {number}" for number in range(10))]
    shelf = Shelf({1: [page(1, grown)] * 3})
    assert shelf.walk() == ["the number of rows changed from 25 to 35 while they were read"]
    shelf = Shelf({number: [page(number, grown)] for number in (1, 2, 3)}, steady=False)
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(grown)


@pytest.mark.parametrize("steady", [True, False])
def test_an_empty_page_among_others_is_a_problem(steady: bool) -> None:
    empty: Page[str] = Page([], 0, (1, 10))
    shelf = Shelf({1: [empty, empty]}, steady=steady)
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(ROWS)
    words = "the number of rows changed from 25 to 0 while they were read"
    assert Shelf({1: [empty] * 3}, steady=steady).walk() == [words]


def test_another_size_of_pages_is_a_problem() -> None:
    assert Shelf({2: [page(2, size=12)] * 3}).walk()


def test_an_empty_list_is_asked_about_again() -> None:
    nothing = page(0, [])
    shelf = Shelf({0: [nothing] * WITNESSES})
    assert shelf.walk() == []
    assert sorted(shelf.rows) == sorted(ROWS)
    shelf = Shelf({0: [nothing] * 99})
    assert shelf.walk() == []
    assert (shelf.rows, shelf.asked) == ([], [0] * (WITNESSES + 1))


def test_pages_without_a_size_prove_nothing() -> None:
    assert Shelf({0: [Page(["x"], 5, (0, 0))] * 99}).walk()


def test_a_page_whose_size_nobody_tells_is_as_long_as_the_first_one() -> None:
    items = [f"{number:02}" for number in range(25)]

    def fetch(number: int, size: int) -> Page[str]:
        part = items[number * min(size, 10) : (number + 1) * min(size, 10)]
        return Page(part, 25, ids=part)

    seen: list[str] = []
    listing = Listing("rows", fetch, lambda one: seen.extend(one.items), 100)
    listing.walk(listing.first(), Readers(1))
    assert (listing.problems, seen, listing.pages) == ([], items, 3)


@pytest.mark.parametrize("patient", [True, False])
def test_reading_stops_at_the_first_problem_unless_it_is_patient(patient: bool) -> None:
    shelf = Shelf({1: [page(0)] * 3})
    shelf.listing.walk(shelf.listing.first(), Readers(1), patient=patient)
    assert len(shelf.listing.problems) == 1
    assert (2 in shelf.asked) is patient


CLAIMED = 1_000_000_000
ITEMS = [f"{number:02}" for number in range(10)]
CLAIMS = {
    "empty pages": lambda _: Page([], CLAIMED),
    "the same page": lambda _: Page(ITEMS, CLAIMED),
    "the same page by ids": lambda _: Page(ITEMS, CLAIMED, ids=ITEMS),
    "the first page": lambda _: Page(ITEMS, CLAIMED, (0, 10)),
    "short pages": lambda number: Page([f"{number}"], CLAIMED, (number, 10)),
}


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("later", CLAIMS.values(), ids=CLAIMS)
def test_a_total_is_believed_no_longer_than_pages_show_something(
    later: Callable[[int], Page[str]], patient: bool
) -> None:
    asked: list[int] = []

    def fetch(number: int, size: int) -> Page[str]:
        asked.append(number)
        if number:
            return later(number)
        first = later(0)
        return Page(ITEMS, CLAIMED, None if first.declared is None else (0, 10), ids=first.ids)

    listing = Listing("rows", fetch, lambda _: None, 100)
    listing.walk(listing.first(), Readers(1), patient=patient)
    assert listing.problems
    assert len(asked) < 30
