"""Watching what was accepted: done, failed, waiting, moved or unknown, and never longer than needed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.advance import FIRST_PAUSE
from reconciler.core.progress import Progress, Sent, Track
from reconciler.engine.reconcile import FEW, Reconciling
from reconciler.engine.run import Options, Run
from reconciler.model.change import Change, Reason, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.event import Note, Settling
from reconciler.model.observation import Phase, State
from reconciler.model.origin import NOWHERE
from reconciler.model.outcome import Result
from reconciler.model.snapshot import Coverage, Query, Snapshot
from reconciler.model.unit import Reach, Ref
from reconciler.views.reason_words import outcome_words
from tests.unit.engine.memory import NOW, Clock, Memory, applied, gone, planned, request

CANCELLED = (Condition(ConditionCode.PLATFORM, text="cancelled by a person"),)


@pytest.fixture
def memory() -> Memory:
    return Memory(Clock())


def results(run: Any) -> dict[str, Result]:
    return {one.unit.id: one.result for one in run.outcomes}


def change(verb: Verb, to: str | None, unit: str = "u0") -> Change:
    return Change(
        unit=Ref(unit, unit),
        workload=Ref("w1", "poller"),
        verb=verb,
        from_="1",
        to=to,
        reason=Reason.OUT_OF_SYNC,
        steps=(),
        origin=NOWHERE,
        observed="",
    )


def settling(memory: Memory, *changes: Change, deadline: float = 30.0) -> Reconciling:
    """Return the loop right after the calls of these changes were accepted."""
    asked = request()
    memory.unreadable.insert(0, None)
    (group,) = planned(memory, asked).groups
    sent = Sent(("memory.set",), State("1", "1"), memory.clock.monotonic())
    tracks = {(one.unit.id, "w1"): Track(goal=one, sent=sent) for one in changes}
    progress = Progress(fleet="fleet", wait=True, tracks=tracks, seen=1)
    return Reconciling(*group, {"fleet": progress}, Run("test", Options(deadline=deadline), memory.clock))


def settled(memory: Memory, one: Change, deadline: float = 30.0) -> tuple[Result, str]:
    loop = settling(memory, one, deadline=deadline)
    list(loop.events())
    (found,) = loop.outcomes
    return found.result, outcome_words(found)


def test_units_that_cannot_be_reached_wait(memory: Memory) -> None:
    memory.units["u3"] = Reach.DISCONNECTED
    run, _ = applied(memory, request())
    assert results(run) == {"u0": Result.DONE, "u1": Result.DONE, "u2": Result.DONE, "u3": Result.WAITING}
    assert run.exit_code == 0
    assert memory.clock.now() == NOW + FIRST_PAUSE, "one reading after the call shows it"


def test_without_waiting_accepted_is_waiting(memory: Memory) -> None:
    run, events = applied(memory, request(), wait=False)
    assert set(results(run).values()) == {Result.WAITING}
    assert not [event for event in events if isinstance(event, Settling)]


def test_an_error_of_the_unit_is_a_failure_in_its_own_words(memory: Memory) -> None:
    memory.slots["u0", "w1"] = State("2", "1", Phase.FAILED, error="needs a newer agent")
    assert settled(memory, change(Verb.REPLACE, "2")) == (Result.FAILED, "needs a newer agent")
    memory.retries_itself = False
    assert settled(memory, change(Verb.REPLACE, "2")) == (Result.FAILED, "needs a newer agent")


def test_what_is_still_on_its_way_at_the_deadline_is_waiting(memory: Memory) -> None:
    memory.settled = False
    run, events = applied(memory, request(), deadline=20.0)
    assert set(results(run).values()) == {Result.WAITING}
    assert memory.clock.now() == NOW + 20
    assert 3 < len([event for event in events if isinstance(event, Settling)]) < 12


def test_an_effect_that_shows_late_is_waited_for(memory: Memory) -> None:
    loop = settling(memory, change(Verb.REPLACE, "2"))
    for turn, event in enumerate(event for event in loop.events() if isinstance(event, Settling)):
        assert event.pending == (turn < 3)
        if turn == 2:
            memory.set("u0", "2")
    assert [one.result for one in loop.outcomes] == [Result.DONE]
    assert memory.reads == 1 + 4


def test_an_effect_that_never_shows_is_unknown(memory: Memory) -> None:
    assert settled(memory, change(Verb.REPLACE, "2"), deadline=61.0) == (
        Result.UNKNOWN,
        "the platform accepted the call but does not show its effect",
    )


@pytest.mark.parametrize("deadline", [1.0, 59.0])
def test_an_effect_that_did_not_show_yet_at_an_early_deadline_was_accepted(memory: Memory, deadline: float) -> None:
    assert settled(memory, change(Verb.REPLACE, "2"), deadline) == (
        Result.WAITING,
        "accepted; the platform did not show it yet",
    )


def test_what_was_accepted_before_a_reading_that_a_stop_cut_was_accepted(memory: Memory) -> None:
    memory.unreadable = [gone()]
    loop = settling(memory, change(Verb.REPLACE, "2"))
    for event in loop.events():
        memory.clock.stop = memory.clock.stop or isinstance(event, Note)
    assert [(one.result, one.detail) for one in loop.outcomes] == [(Result.WAITING, "accepted; it was not read back")]


def test_readings_that_fail_are_told_and_repeated(memory: Memory) -> None:
    memory.set("u0", "2")
    memory.unreadable = [gone(), gone()]
    loop = settling(memory, change(Verb.REPLACE, "2"))
    events = list(loop.events())
    assert [event.level for event in events if isinstance(event, Note)] == ["warning", "warning"]
    assert [one.result for one in loop.outcomes] == [Result.DONE]


def test_without_rights_to_read_waiting_ends_at_once(memory: Memory) -> None:
    memory.unreadable = [gone(401)] * 99
    result, detail = settled(memory, change(Verb.REPLACE, "2"), deadline=600)
    assert result is Result.UNKNOWN
    assert "the token expired" in detail
    assert memory.reads == 1 + 1


def test_a_unit_that_is_gone_has_moved_once_that_is_proved(memory: Memory) -> None:
    del memory.units["u0"]
    assert settled(memory, change(Verb.REPLACE, "2")) == (Result.STALE, "the unit is gone")
    memory.coverage = Coverage(False, ("page 2",))
    assert settled(memory, change(Verb.REPLACE, "2"))[0] is Result.UNKNOWN


def test_what_somebody_else_assigned_meanwhile_has_moved(memory: Memory) -> None:
    memory.settled = False
    memory.set("u0", "2")
    loop = settling(memory, change(Verb.REPLACE, "2"))
    for _ in loop.events():
        memory.set("u0", "3")
    assert [one.detail for one in loop.outcomes] == ["meanwhile 3 was assigned by somebody else"]
    memory.set("u0", "2")
    loop = settling(memory, change(Verb.REPLACE, "2"), deadline=60.0)
    for _ in loop.events():
        memory.slots["u0", "w1"] = State(reported="1", phase=Phase.UNKNOWN)
    assert [one.result for one in loop.outcomes] == [Result.WAITING]


@pytest.mark.parametrize(
    ("state", "reach", "result"),
    [
        (State(), Reach.CONNECTED, Result.DONE),
        (State(reported="1", phase=Phase.MOVING), Reach.CONNECTED, Result.WAITING),
        (State(reported="1", phase=Phase.MOVING), Reach.DISCONNECTED, Result.WAITING),
        (State(reported="1", phase=Phase.FAILED, error="busy"), Reach.CONNECTED, Result.FAILED),
        (State("1", "1"), Reach.CONNECTED, Result.UNKNOWN),
    ],
)
def test_removals_are_over_when_nothing_is_there(memory: Memory, state: State, reach: Reach, result: Result) -> None:
    memory.slots["u0", "w1"] = state
    memory.units["u0"] = reach
    found, detail = settled(memory, change(Verb.REMOVE, None), deadline=61.0)
    assert found is result
    assert (detail == "busy") == (result is Result.FAILED)
    assert "assigned" not in detail, "a removal assigns nothing"


def test_leftovers_are_over_when_the_others_are_gone(memory: Memory) -> None:
    memory.slots["u0", "w1"] = State("2", "2", extra_versions=("1",))
    assert settled(memory, change(Verb.REPLACE, "2"))[0] is Result.DONE
    assert settled(memory, change(Verb.REMOVE, "2"))[0] is Result.WAITING
    memory.slots["u0", "w1"] = State("2", "2")
    assert settled(memory, change(Verb.REMOVE, "2"))[0] is Result.DONE


@pytest.mark.parametrize(
    ("state", "result", "word"),
    [
        (State("2", "2", Phase.PAUSED, conditions=CANCELLED), Result.WAITING, "cancelled by a person"),
        (State("2", "3", ahead=True), Result.DONE, "reports the later 3"),
        (State("2", ready=0, size=0), Result.DONE, "no devices that could report it"),
        (State("2", "1", Phase.FAILED), Result.FAILED, ""),
    ],
)
def test_what_units_do_is_put_in_words(memory: Memory, state: State, result: Result, word: str) -> None:
    memory.slots["u0", "w1"] = state
    found, detail = settled(memory, change(Verb.REPLACE, "2"))
    assert found is result
    assert word in detail


def test_a_few_units_are_asked_about_alone() -> None:
    memory = Memory(Clock(), count=FEW + 1)
    queries: list[Query] = []

    def observe(query: Query, since: Snapshot | None = None) -> Snapshot:
        queries.append(query)
        return Memory.observe(memory, query)

    memory.observe = observe  # type: ignore[method-assign]  # listens in
    for count in (FEW, FEW + 1):
        pending = [change(Verb.REPLACE, "1", f"u{number}") for number in range(count)]
        loop = settling(memory, *pending)
        del queries[-1]
        list(loop.events())
    assert [query.units is not None and len(query.units) for query in queries] == [FEW, False]
    assert {query.workloads for query in queries} == {frozenset({"w1"})}


def test_an_outcome_names_its_change(memory: Memory) -> None:
    memory.slots["u0", "w1"] = State()
    loop = settling(memory, change(Verb.REMOVE, None))
    list(loop.events())
    (found,) = loop.outcomes
    assert (found.fleet, found.unit.id, found.workload.name, found.verb, found.to) == (
        "fleet",
        "u0",
        "poller",
        Verb.REMOVE,
        None,
    )
