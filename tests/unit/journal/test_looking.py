"""What pages ask of a history, in a file and in a server."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.looking import Looking
from reconciler.journal.store import Store
from reconciler.model.event import AnyEvent, Approved, Completed, Drifted, Halted, Passed, Proposed
from reconciler.model.kept import EventQuery
from reconciler.model.plan import Plan
from reconciler.model.report import Spread
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Ref
from tests.golden import plans
from tests.unit.journal.conftest import Opened
from tests.unit.journal.happenings import VISION, called, intended, passed, settled


@pytest.fixture
def looking(where: str, opened: Opened) -> Iterator[tuple[Looking, Store]]:
    store = opened(where)
    found = Looking(Database(address(where), writes=False).opened())
    yield found, store
    found.close()


def kept(looking: tuple[Looking, Store], *events: AnyEvent) -> Looking:
    found, store = looking
    for event in events:
        store.record(event)
    store.flush()
    return found


def at(one: Passed, when: float, reported: int) -> Passed:
    spread = (Spread(workload="vision", version="v2", assigned=9, reported=reported),)
    return msgspec.structs.replace(one, at=when, spread=spread)


def completed(when: float) -> Completed:
    return Completed(at=when, run="r1", number=1, fleets=1, seconds=1.0)


def drifted(when: float, unit: str = "u1") -> Drifted:
    ref = Ref(unit, f"gw {unit} 50%")
    return Drifted(at=when, run="r1", fleet="north", unit=ref, workload=VISION, was="v1", now="v0", desired="v1")


def test_events_are_leafed_through_from_the_newest(looking: tuple[Looking, Store]) -> None:
    found = kept(looking, *(drifted(float(number), f"u{number}") for number in range(5)), intended(9.0), called(9.5))
    assert found.last() == 7
    first = found.find(EventQuery(kinds=("drifted",), limit=2))
    assert ([number for number, _ in first.events], first.older) == ([5, 4], True)
    last = found.find(EventQuery(kinds=("drifted",), limit=9), before=4)
    assert ([number for number, _ in last.events], last.older) == ([3, 2, 1], False)
    assert len(found.find(EventQuery()).events) == 7


@pytest.mark.parametrize(("text", "number"), [("U3 50%", 1), ("50%", 5), ("50_", 0), ('"', 0), ("nothing", 0)])
def test_a_text_is_found_wherever_it_stands(looking: tuple[Looking, Store], text: str, number: int) -> None:
    found = kept(looking, *(drifted(float(number), f"u{number}") for number in range(5)))
    assert len(found.find(EventQuery(text=text)).events) == number


def test_the_last_of_each_fleet_says_how_it_stands(looking: tuple[Looking, Store]) -> None:
    rollout = RolloutId("north", "w1", "v2")
    halted = Halted(at=2.0, run="r1", rollout=rollout, workload=VISION, failed=1, attempted=2)
    south = passed(1.0, 1, fleet="south")
    found = kept(looking, passed(1.0, 1), south, halted, passed(3.0, 2, "out of sync"), settled(3.5), completed(4.0))
    assert [type(one).__name__ for one in found.standing()] == ["Passed", "Halted", "Passed", "Completed"]
    assert found.standing()[0] == south
    assert found.drifted(0.0) == []


def test_drift_is_counted_from_a_time_on(looking: tuple[Looking, Store]) -> None:
    found = kept(looking, drifted(1.0), drifted(2.0, "u2"))
    assert [one.at for one in found.drifted(1.5)] == [2.0]


def test_a_course_has_the_point_before_and_one_for_each_span(looking: tuple[Looking, Store]) -> None:
    events = [at(passed(0.0, number), float(number), number) for number in range(1, 101)]
    found = kept(looking, *events)
    course = found.course("north", 51.0, 101.0, 5)
    assert [one.spread[0].reported for one in course] == [50, 60, 70, 80, 90, 100]
    assert found.course("south", 0.0, 101.0, 5) == []


def test_what_waits_is_the_newest_proposal_that_nobody_approved(looking: tuple[Looking, Store]) -> None:
    first, second = (plans.plan(plans.fleet(units=number)) for number in (3, 4))
    second = msgspec.structs.replace(second, fingerprint="f" * 32)

    def proposed(when: float, plan: Plan, fleet: str = "north") -> Proposed:
        return Proposed(at=when, run="r1", fleet=fleet, plan=plan)

    def approved(when: float, fingerprint: str, fleet: str = "north") -> Approved:
        return Approved(at=when, run="r1", fleet=fleet, fingerprint=fingerprint, reason="x", by="Ann")

    found = kept(looking, proposed(1.0, first), proposed(1.0, first, "south"), approved(2.0, first.fingerprint))
    assert [one.fleet for one in found.waiting()] == ["south"]
    kept(looking, proposed(3.0, second), approved(4.0, first.fingerprint))
    assert [(one.fleet, one.at) for one in found.waiting()] == [("north", 3.0), ("south", 1.0)]
    kept(looking, approved(5.0, second.fingerprint))
    assert [one.fleet for one in found.waiting()] == ["south"]


def test_nothing_kept_is_nothing(looking: tuple[Looking, Store]) -> None:
    found, _ = looking
    assert (found.last(), found.find(EventQuery()).events, found.standing(), found.waiting()) == (0, (), [], [])
