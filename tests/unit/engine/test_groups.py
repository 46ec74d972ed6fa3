"""Fleets side by side, groups in parallel, one deadline, and a wall clock that somebody moves."""

from __future__ import annotations

from collections.abc import Generator

import msgspec
import pytest

from reconciler.core.advance import LONGEST_PAUSE
from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.parallel import merged
from reconciler.engine.plan import plan
from reconciler.engine.run import Options
from reconciler.model.change import Action
from reconciler.model.event import AnyEvent, Called, Intended, Note, Settled
from reconciler.model.fleet import Document, Manifest, Selector
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Outcome, Receipt, Result
from reconciler.model.snapshot import Query, Snapshot
from tests.unit.engine.memory import ACCEPTED, NOW, Clock, Memory, gone, request
from tests.unit.engine.stepping import Stepping


class Slow(Memory):
    """Units take a version `takes` seconds after it was assigned."""

    takes = 15.0

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        for slot, state in self.slots.items():
            if state.phase is Phase.MOVING and (state.since or 0.0) + self.takes <= self.clock.time:
                self.slots[slot] = State(state.assigned, state.assigned, since=state.since)
        return super().observe(query, since)


def fleets_of(*fleets: tuple[str, str, list[str]]) -> PlanRequest:
    """Ask for version 2 on some units each: (fleet, connection, unit ids)."""
    asked = request()
    (one,) = asked.manifest.fleets.values()
    connection = asked.manifest.connections["plant"]
    documents: dict[str, Document] = {
        name: msgspec.structs.replace(
            one, name=name, spec=msgspec.structs.replace(one.spec, connection=where, units=Selector(ids=units))
        )
        for name, where, units in fleets
    }
    connections = {where: msgspec.structs.replace(connection, name=where) for _, where, _ in fleets}
    return msgspec.structs.replace(asked, manifest=Manifest(connections, {}, documents, "digest"))


def applying(asked: PlanRequest, clock: Clock, platforms: dict[str, Memory], **options: object) -> Applying:
    given = msgspec.convert({"concurrency": 1, **options}, Options)
    return Applying(plan(asked, platforms.__getitem__, clock), given, clock, run="test")


def by_unit(outcomes: list[Outcome]) -> dict[str, Result]:
    return {one.unit.id: one.result for one in outcomes}


def test_fleets_of_a_connection_settle_together() -> None:
    memory = Slow(Clock(), count=3)
    memory.settled = False
    run = applying(fleets_of(*((f"f{n}", "plant", [f"u{n}"]) for n in range(3))), memory.clock, {"plant": memory})
    list(run.events())
    assert by_unit(run.outcomes) == dict.fromkeys(("u0", "u1", "u2"), Result.DONE)
    assert memory.takes <= memory.clock.monotonic() <= memory.takes + LONGEST_PAUSE


def test_one_deadline_bounds_all_fleets() -> None:
    memory = Slow(Clock(), count=3)
    memory.settled = False
    memory.takes = 1e6
    asked = fleets_of(*((f"f{n}", "plant", [f"u{n}"]) for n in range(3)))
    run = applying(asked, memory.clock, {"plant": memory}, deadline=40.0)
    list(run.events())
    assert by_unit(run.outcomes) == dict.fromkeys(("u0", "u1", "u2"), Result.WAITING)
    assert memory.clock.monotonic() == 40.0


def test_a_deadline_that_passes_while_calls_go_leaves_one_reading() -> None:
    memory = Memory(Clock(), count=2)

    def slow(action: Action) -> Receipt:
        memory.clock.time += 50.0
        return ACCEPTED

    memory.script = [slow]
    run = applying(fleets_of(("f", "plant", ["u0", "u1"])), memory.clock, {"plant": memory}, deadline=20.0)
    list(run.events())
    assert set(by_unit(run.outcomes).values()) == {Result.DONE}
    assert memory.reads == 2


# --- groups -------------------------------------------------------------------------------------------------------------

ABROAD = fleets_of(("here", "plant", ["u0", "u1", "u2", "u3"]), ("there", "office", ["u0", "u1", "u2", "u3"]))


def two() -> tuple[Clock, dict[str, Memory]]:
    clock = Clock()
    platforms = {"plant": Memory(clock), "office": Memory(clock)}
    for one in platforms.values():
        one.ids_per_call = 1
    return clock, platforms


def test_a_group_that_cannot_be_read_back_costs_only_itself() -> None:
    clock, platforms = two()
    platforms["office"].unreadable = [None, *[gone(401)] * 99]
    run = applying(ABROAD, clock, platforms)
    events = list(run.events())
    assert {(one.fleet, one.result) for one in run.outcomes} == {("here", Result.DONE), ("there", Result.UNKNOWN)}
    assert [event.level for event in events if isinstance(event, Note)] == ["warning"]
    assert len({event.call for event in events if isinstance(event, Intended)}) == 8
    assert run.sent == 8
    assert run.exit_code == 4


def test_a_group_that_breaks_lets_the_others_end_and_is_not_hidden() -> None:
    clock, platforms = two()

    def broken(action: Action) -> Receipt:
        raise RuntimeError("a mistake of ours")

    platforms["office"].script = [broken]
    run = applying(ABROAD, clock, platforms)
    settled: list[Outcome] = []
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        settled += (event.outcome for event in run.events() if isinstance(event, Settled))
    assert len(platforms["plant"].calls) == 4
    assert len(platforms["office"].calls) == 1
    assert all(state.assigned == "2" for state in platforms["plant"].slots.values())


@pytest.mark.parametrize("last", range(1, 9))
def test_no_call_goes_whose_event_was_not_kept(last: int) -> None:
    clock, platforms = two()
    events = applying(ABROAD, clock, platforms).events()
    kept = 0

    def keep(event: AnyEvent) -> None:
        nonlocal kept
        sent = sum(len(one.calls) for one in platforms.values())
        assert sent <= kept
        if isinstance(event, Intended):
            if kept + 1 == last:
                raise OSError("the disk is full")
            kept += 1

    with pytest.raises(OSError, match="full"):
        list(map(keep, events))
    events.close()
    assert sum(len(one.calls) for one in platforms.values()) <= kept == last - 1


def test_streams_that_are_closed_do_nothing_more() -> None:
    ended: list[str] = []

    def stream(name: str) -> Generator[AnyEvent, None, None]:
        try:
            for number in range(9):
                yield Note(at=NOW, run="r", level="info", message=f"{name}{number}")
        finally:
            ended.append(name)

    both = merged([stream("a"), stream("b")])
    next(both)
    both.close()
    assert sorted(ended) == ["a", "b"]


# --- the wall clock -----------------------------------------------------------------------------------------------------


def stepped(platform: Memory, seconds: float, at: int) -> tuple[list[object], float]:
    """Apply while somebody moves the wall clock at one of the events; return all that happened, dates and all."""
    clock = platform.clock
    run = applying(fleets_of(("f", "plant", sorted(platform.units))), clock, {"plant": platform}, deadline=60.0)
    told: list[object] = []
    for number, event in enumerate(run.events()):
        clock.step += seconds if number == at else 0.0
        told.append(event)
    return told, clock.monotonic()


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("kind", [Slow, Stepping])
def test_a_step_of_the_wall_clock_changes_nothing(kind: type[Memory], at: int, seconds: float) -> None:
    def platform() -> Memory:
        one = kind(Clock(), count=2)
        one.settled = False
        return one

    plain, moved = stepped(platform(), 0.0, at), stepped(platform(), seconds, at)
    assert any(isinstance(event, Called) for event in plain[0])
    assert moved == plain
