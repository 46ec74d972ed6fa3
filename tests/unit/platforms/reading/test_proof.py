"""A reading that does not prove itself is done again, twice, and the last one shows all it can."""

from __future__ import annotations

from reconciler.errors import PlatformError
from reconciler.model.observation import UNSEEN
from reconciler.model.snapshot import Coverage, Snapshot
from reconciler.model.unit import Units
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.reading.proof import Fence, coverage_of, fence, proved
from reconciler.simulators.clock import ManualClock
from reconciler.testing.subject import RunClock


def snapshot(coverage: Coverage) -> Snapshot:
    return Snapshot(
        identity="x:y", units=Units.build([]), workloads=(), states=[UNSEEN], columns={}, coverage=coverage, read_at=0.0
    )


class Turns:
    """Gives readings with these problems in turn."""

    def __init__(self, *turns: list[str] | PlatformError) -> None:
        self.rest = list(turns)
        self.last: list[bool] = []

    def __call__(self, last: bool) -> Snapshot:
        self.last.append(last)
        problems = self.rest.pop(0)
        if isinstance(problems, PlatformError):
            raise problems
        return snapshot(coverage_of(problems, ["size: too long"]))


CLOCK = RunClock(ManualClock())


def test_a_proved_reading_is_done_once() -> None:
    turns = Turns([])
    assert proved(turns, CLOCK).coverage == Coverage(complete=True, notes=("size: too long",))
    assert turns.last == [False]


def test_only_the_last_reading_is_patient() -> None:
    turns = Turns(["a"], ["b"], ["c"])
    assert proved(turns, CLOCK).coverage.problems == ("c",)
    assert turns.last == [False, False, True]


def test_a_reading_again_that_fails_leaves_the_one_before() -> None:
    turns = Turns(["a"], PlatformError("gone", operation="list"))
    found = proved(turns, CLOCK).coverage
    assert (found.complete, found.problems[0], len(found.problems)) == (False, "a", 2)
    assert found.problems[1].startswith("reading again failed: ")
    assert found.notes == ("size: too long",)


def test_of_many_problems_the_first_are_shown() -> None:
    found = coverage_of([f"problem {number}" for number in range(12)])
    assert (len(found.problems), found.problems[-1]) == (11, "and 2 more")


def test_a_fence_holds_only_while_it_shows_what_it_counts() -> None:
    assert Fence(3, "c").holds(Fence(3, "c"))
    assert not Fence(3, "c").holds(Fence(3, "d"))
    assert not Fence(3, None).holds(Fence(3, None))
    assert Fence(0, None).holds(Fence(0, None))


def test_an_empty_fence_is_asked_for_again() -> None:
    answers = [Page[str]([], 3), Page[str]([], 3), Page(["c"], 3)]
    assert fence(lambda: answers.pop(0), lambda one: one) == Fence(3, "c")
    assert fence(lambda: Page[str]([], 0), lambda one: one) == Fence(0, None)
