"""Readers that say which page they read next: each page is read once, by whoever said so."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from threading import Barrier, Lock, get_ident

import pytest

from reconciler.errors import Unreachable
from reconciler.platforms.reading.readers import Readers


def readers(count: int) -> Readers:
    if count == 1:
        return Readers(1)
    times = iter([(0.0, 0.0), (1.0, 0.1)])
    found = Readers(count, lambda: next(times))
    found.measured(lambda: None)
    return found


class Book:
    """Remembers who read what, and what each reader said to read next."""

    def __init__(self, count: int, fails: int | None = None) -> None:
        self.fails = fails
        self.read: list[int] = []
        self.said: dict[int, int | None] = {}
        self.broken: list[str] = []
        self._together = Barrier(count)
        self._lock = Lock()
        self._waited: set[int] = set()

    def page(self, number: int, following: int | None) -> int:
        me = get_ident()
        if me not in self._waited:
            self._waited.add(me)
            self._together.wait(10)  # all readers are at work at the same time
        with self._lock:
            if self.said.get(me, number) != number:
                self.broken.append(f"{number} instead of {self.said[me]}")
            self.said[me] = following
            self.read.append(number)
        if number == self.fails:
            raise Unreachable("gone", operation="read")
        return number * 10


@pytest.mark.parametrize("count", [1, 3])
def test_pages_come_in_order_and_each_reader_reads_what_it_said(count: int) -> None:
    book = Book(count)
    assert list(readers(count).chained(range(1, 20), book.page)) == [number * 10 for number in range(1, 20)]
    assert sorted(book.read) == list(range(1, 20))
    assert book.broken == []
    assert set(book.said.values()) == {None}
    assert list(readers(count).chained(range(1, 1), book.page)) == []


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_that_cannot_be_read_ends_it_and_nobody_is_left_waiting(count: int) -> None:
    book = Book(count, fails=5)
    found: list[int] = []
    with closing(readers(count).chained(range(10**15), book.page)) as pages, pytest.raises(Unreachable, match="gone"):
        found.extend(pages)
    assert found == [0, 10, 20, 30, 40]
    assert book.broken == []


def test_jobs_that_nobody_takes_any_more_are_not_begun() -> None:
    done: list[int] = []
    lock = Lock()

    def job(number: int) -> int:
        with lock:
            done.append(number)
        return number

    with closing(readers(3).each(partial(job, number) for number in range(50_000))) as results:
        assert [next(results), next(results)] == [0, 1]
    assert len(done) < 50_000
    assert list(readers(3).each(partial(job, number) for number in range(20))) == list(range(20))
