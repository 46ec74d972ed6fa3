"""One run of apply: limits, saved plans, and the exit codes 0, 1, 3 and 4."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.engine.apply import Applying
from reconciler.engine.plan import plan
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.event import Blocked, Finished, Note, Settled, Started
from reconciler.model.fleet import Limits, Suspend
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from reconciler.model.plan import LimitKind
from reconciler.model.release import ReleaseInfo
from reconciler.model.snapshot import Coverage
from reconciler.model.unit import Reach
from tests.unit.engine.memory import REFUSED, Clock, Memory, applied, gone, planned, request


@pytest.fixture
def memory() -> Memory:
    return Memory(Clock())


def results(run: Applying) -> set[Result]:
    return {outcome.result for outcome in run.outcomes}


def test_it_begins_and_ends_with_a_word(memory: Memory) -> None:
    run, events = applied(memory, request(), allow={"remove": "cleaning up"})
    started, finished = events[0], events[-1]
    assert isinstance(started, Started)
    assert (started.kind, started.run, started.allowed) == ("apply", "test", (("remove", "cleaning up"),))
    assert started.fingerprint == run.planned.plan.fingerprint
    assert isinstance(finished, Finished)
    assert (finished.exit_code, finished.results) == (0, {Result.DONE: 4})
    assert [event.outcome for event in events if isinstance(event, Settled)] == run.outcomes


def test_0_when_nothing_is_to_be_done(memory: Memory) -> None:
    run, _ = applied(memory, request("1"))
    assert (run.exit_code, run.outcomes, memory.calls) == (0, [], [])


def test_0_when_only_held_slots_remain(memory: Memory) -> None:
    run, _ = applied(memory, request(suspend=Suspend(reason="audit")))
    assert (run.exit_code, memory.calls) == (0, [])
    assert run.planned.plan.fleets[0].summary.held == 4


def test_0_when_units_merely_wait(memory: Memory) -> None:
    memory.units = dict.fromkeys(memory.units, Reach.DISCONNECTED)
    run, _ = applied(memory, request())
    assert (run.exit_code, results(run)) == (0, {Result.WAITING})


def test_1_when_nothing_could_be_read(memory: Memory) -> None:
    memory.unreadable = [gone()]
    run, events = applied(memory, request())
    assert (run.exit_code, memory.calls) == (1, [])
    assert [event.message for event in events if isinstance(event, Note)] == ["memory: list: no connection"]


def test_1_when_versions_could_not_be_looked_up(memory: Memory) -> None:
    memory.catalogue = gone()
    run, _ = applied(memory, request())
    assert (run.exit_code, memory.calls) == (1, [])


def test_1_when_a_saved_plan_meets_a_platform_that_cannot_be_read(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    memory.unreadable = [gone()]
    run, _ = applied(memory, request(), saved=saved)
    assert (run.exit_code, results(run), memory.calls) == (1, {Result.NOT_TRIED}, [])


def test_3_when_a_limit_forbids_it_and_the_allowance_lifts_it(memory: Memory) -> None:
    run, events = applied(memory, request(None))
    assert (run.exit_code, results(run), memory.calls) == (3, {Result.NOT_TRIED}, [])
    assert {violation.kind for _, violation in run.blocked} == {LimitKind.REMOVE}
    (told,) = (event for event in events if isinstance(event, Blocked))
    assert list(told.violations) == [violation for _, violation in run.blocked]
    assert any(one.every_holder_of == "poller" for one in told.violations)
    run, _ = applied(memory, request(None), allow={"replace": "no"})
    assert run.exit_code == 3
    run, _ = applied(memory, request(None), allow={"remove": "it is retired"})
    assert (run.exit_code, results(run)) == (0, {Result.DONE})


@pytest.mark.parametrize("kind", ["replace", "release"])
def test_3_for_each_kind_of_limit(memory: Memory, kind: str) -> None:
    if kind == "release":
        memory.slots = {slot: state for slot, state in memory.slots.items() if slot[0] == "u0"}
    limits = msgspec.convert({"remove": "100%", kind: "1"}, Limits)
    run, _ = applied(memory, request(limits=limits))
    assert run.exit_code == 3
    run, _ = applied(memory, request(limits=limits), allow={kind: "meant"})
    assert run.exit_code == 0


def test_3_when_the_scope_is_empty(memory: Memory) -> None:
    memory.units.clear()
    run, _ = applied(memory, request())
    assert run.exit_code == 3
    run, _ = applied(memory, request(allow_empty=True))
    assert run.exit_code == 0
    run, _ = applied(memory, request(), allow={"empty-scope": "not delivered yet"})
    assert run.exit_code == 0


def test_3_when_everything_moved(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    for unit in memory.units:
        memory.set(unit, "9")
    run, _ = applied(memory, request(), saved=saved)
    assert (run.exit_code, results(run), memory.calls) == (3, {Result.STALE}, [])


def test_4_when_something_moved_or_failed(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    memory.set("u0", "9")
    run, _ = applied(memory, request(), saved=saved)
    assert (run.exit_code, results(run)) == (4, {Result.STALE, Result.DONE})
    memory.script = [Receipt(ReceiptKind.REJECTED, "no", 400)]
    run, _ = applied(memory, request())
    assert (run.exit_code, results(run)) == (4, {Result.FAILED})


def test_4_when_slots_are_unknown(memory: Memory) -> None:
    memory.slots["u0", "w1"] = State(
        "1", "1", Phase.UNKNOWN, conditions=(Condition(ConditionCode.PLATFORM, text="a new word"),)
    )
    run, _ = applied(memory, request())
    assert (run.exit_code, results(run)) == (4, {Result.DONE})
    memory.coverage = Coverage(False, ("page 2",))
    del memory.slots["u1", "w1"]
    run, _ = applied(memory, request())
    assert (run.exit_code, run.outcomes) == (4, [])


def test_4_when_no_unit_was_shown_and_that_proves_nothing(memory: Memory) -> None:
    memory.units.clear()
    memory.coverage = Coverage(False, ("the list of devices came empty",))
    run, _ = applied(memory, request(allow_empty=True))
    assert (run.exit_code, run.planned.plan.complete) == (4, False)


def test_a_saved_plan_is_held_to_all_that_is_intended_today(memory: Memory) -> None:
    limits = Limits(replace="1")
    memory.slots.update({(unit, "w1"): State("2", "2") for unit in ("u1", "u2", "u3")})
    saved = planned(memory, request(limits=limits)).plan
    memory.set("u1", "1")
    assert planned(memory, request(limits=limits)).plan.fleets[0].violations
    run, _ = applied(memory, request(limits=limits), saved=saved)
    assert (run.exit_code, memory.calls) == (3, [])


def test_a_saved_plan_is_still_held_to_limits(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    run, _ = applied(memory, request(limits=Limits(replace="1")), saved=saved)
    assert (run.exit_code, memory.calls) == (3, [])


def test_a_saved_plan_stops_at_holds_and_at_what_is_unknown(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    memory.slots["u0", "w1"] = State(
        "1", "1", Phase.UNKNOWN, conditions=(Condition(ConditionCode.PLATFORM, text="a new word"),)
    )
    run, _ = applied(memory, request(), saved=saved)
    assert {one.unit.id: one.result for one in run.outcomes}["u0"] is Result.NOT_TRIED
    assert run.exit_code == 4
    memory.catalogue = {"2": ReleaseInfo(found=False)}
    run, _ = applied(memory, request(), saved=saved)
    assert results(run) == {Result.NOT_TRIED, Result.DONE}


def test_a_saved_fleet_that_git_no_longer_has_is_not_tried(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    asked = request()
    other = msgspec.structs.replace(asked.manifest.fleets["fleet"], name="other")
    manifest = msgspec.structs.replace(asked.manifest, fleets={"other": other})
    run, _ = applied(memory, msgspec.structs.replace(asked, manifest=manifest), saved=saved)
    assert (run.exit_code, results(run), memory.calls) == (4, {Result.NOT_TRIED}, [])


def test_a_saved_plan_done_by_somebody_else_is_done(memory: Memory) -> None:
    saved = planned(memory, request()).plan
    applied(memory, request())
    memory.calls.clear()
    run, _ = applied(memory, request(), saved=saved)
    assert (run.exit_code, results(run), memory.calls) == (0, {Result.DONE}, [])
    memory.script = [REFUSED]
    assert run.sent == 0


def test_each_fleet_goes_to_its_own_connection(memory: Memory) -> None:
    asked = request()
    ours = asked.manifest.fleets["fleet"]
    theirs = msgspec.structs.replace(ours, name="b", spec=msgspec.structs.replace(ours.spec, connection="abroad"))
    manifest = msgspec.structs.replace(asked.manifest, fleets={"fleet": ours, "b": theirs})
    asked = msgspec.structs.replace(asked, manifest=manifest)
    other = Memory(memory.clock, count=1)
    today = plan(asked, {"plant": memory, "abroad": other}.__getitem__, memory.clock)
    run, _ = applied(memory, asked, today=today)
    assert (run.exit_code, len(memory.calls), other.calls) == (0, 1, [("2", ("u0",))])
