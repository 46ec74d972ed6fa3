"""Windows and `keep` while a run is under way: what waits, what goes when it may, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from reconciler.core.decide import PlanRequest
from reconciler.core.remember import Remembering
from reconciler.engine.apply import Applying
from reconciler.engine.plan import plan
from reconciler.model.change import Action, Request, Verb
from reconciler.model.event import AnyEvent, Called, Intended, Note, Started
from reconciler.model.event_parts import SlotName
from reconciler.model.fleet import Keep, Limits, Override, Quarantine, Selector, Window, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Receipt, Result
from reconciler.model.unit import Reach, Ref
from reconciler.views.reason_words import hold_words, outcome_words
from tests.unit.engine.memory import ACCEPTED, LOST, NOW, Clock, Memory, applied, planned, request
from tests.unit.engine.stepping import DELIVER, Stepping


def window(after: float, duration: str = "1h") -> Window:
    """Return a window that opens so many seconds after the start of these tests (or before), each day."""
    at = datetime.fromtimestamp(NOW - NOW % 60 + after, UTC)
    return Window(allow=f"{at.minute} {at.hour} * * *", duration=duration)


class Meanwhile(Clock):
    """Something happens while a run waits."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens = happens

    def sleep(self, seconds: float) -> bool:
        self.happens()
        return super().sleep(seconds)


def asked(*windows: Window, version: str | None = "2", **more: Any) -> PlanRequest:
    return request(version, windows=list(windows), **more)


def lifting(memory: Memory, what: PlanRequest, kind: str) -> tuple[Applying, list[AnyEvent]]:
    today = planned(memory, msgspec.structs.replace(what, lifted=frozenset({kind})))
    return applied(memory, what, today=today, allow={kind: "a leak"})


def results(run: Applying) -> dict[str, Result]:
    return {one.unit.id: one.result for one in run.outcomes}


SOME = Selector(names=["u*"])
"""Every unit, without saying so: each call names its units."""

OPEN, SOON, LATE = window(-600), window(300), window(3600)


@pytest.fixture
def memory() -> Memory:
    return Memory(Clock(), count=2)


def test_outside_its_windows_a_fleet_is_held_with_the_next_opening(memory: Memory) -> None:
    (fleet,) = planned(memory, asked(LATE, pins={"u0": {"poller": "3"}})).plan.fleets
    assert (fleet.changes, [one.to for one in fleet.held]) == ((), ["3", "2"])
    assert {one.code for held in fleet.held for one in held.reasons} == {HoldReason.OUTSIDE_WINDOW}
    words = "the windows of the fleet are closed; they open on 2026-11-18 at 12:06:00+00:00 (UTC)"
    assert hold_words(fleet.held[0].reasons[0], "poller", "2") == words
    assert planned(memory, asked(OPEN)).plan.fleets[0].held == ()


def test_windows_that_never_open_say_until_when_that_is_known(memory: Memory) -> None:
    never = asked(LATE, Window(deny="0 0 * * *", duration="24h"))
    (fleet,) = planned(memory, never).plan.fleets
    words = hold_words(fleet.held[0].reasons[0], "poller", "2")
    assert words.startswith("the windows of the fleet are closed; they do not open before 20")
    run, _ = applied(memory, never)
    assert (run.exit_code, run.outcomes, memory.clock.time) == (0, [], NOW)


def test_what_waits_for_a_window_within_the_deadline_goes_when_it_opens(memory: Memory) -> None:
    sent: list[float] = []

    def note(action: Action) -> Receipt:
        sent.append(memory.clock.time)
        return ACCEPTED

    memory.script = [note]
    run, events = applied(memory, asked(SOON), deadline=600.0)
    assert (run.exit_code, results(run)) == (0, {"u0": Result.DONE, "u1": Result.DONE})
    notes = [event.message for event in events if isinstance(event, Note)]
    assert notes == ["all that is left waits for windows: going on at 2026-11-18T11:11:00Z, when one opens"]
    assert sent == [NOW - NOW % 60 + 300]
    assert memory.reads == 3  # to plan, when the window opens, and to see what came of it


def test_what_opens_after_the_deadline_is_merely_held(memory: Memory) -> None:
    run, _ = applied(memory, asked(LATE), deadline=600.0)
    assert (run.exit_code, run.outcomes, memory.calls, memory.clock.time) == (0, [], [], NOW)
    run, _ = applied(memory, asked(SOON), wait=False)
    assert (run.exit_code, run.outcomes, memory.calls) == (0, [], [])


def test_a_person_lifts_windows_for_a_run_and_that_is_recorded(memory: Memory) -> None:
    run, events = lifting(memory, asked(LATE), "window")
    assert (run.exit_code, len(memory.calls)) == (0, 1)
    assert isinstance(events[0], Started)
    assert events[0].allowed == (("window", "a leak"),)


def slow(memory: Memory, seconds: float, *, answer: Receipt = ACCEPTED) -> Any:
    def execute(action: Action) -> Receipt:
        memory.clock.time += seconds
        return answer

    return execute


def test_a_window_that_closes_stops_new_calls_and_lets_running_ones_end(memory: Memory) -> None:
    memory.units = dict.fromkeys((f"u{number}" for number in range(6)), Reach.CONNECTED)
    memory.slots = {(unit, "w1"): memory.slots["u0", "w1"] for unit in memory.units}
    memory.ids_per_call = 1
    memory.script = [slow(memory, 10.0) for _ in range(6)]
    run, _ = applied(memory, asked(window(-600, "11m05s"), units=SOME))
    left = [one for one in run.outcomes if one.result is Result.NOT_TRIED]
    assert (len(memory.calls), len(left)) == (3, 3)  # at 0, 10 and 20 s; it closes after 25 s
    assert {outcome_words(one).partition(";")[0] for one in left} == {"held: the windows of the fleet are closed"}
    assert run.exit_code == 4


def test_what_a_closed_window_left_goes_when_it_opens_again_in_time(memory: Memory) -> None:
    memory.ids_per_call = 1
    memory.script = [slow(memory, 30.0), slow(memory, 1.0)]
    run, _ = applied(memory, asked(window(-600, "11m"), SOON, units=SOME), deadline=600.0)
    assert (run.exit_code, len(memory.calls)) == (0, 2)
    assert memory.clock.time >= NOW - NOW % 60 + 300


def test_a_lost_answer_is_unknown_where_the_window_closed_meanwhile(memory: Memory) -> None:
    memory.script = [slow(memory, 90.0, answer=LOST)]
    run, _ = applied(memory, asked(window(-600, "11m"), SOON), deadline=600.0)
    assert set(results(run).values()) == {Result.UNKNOWN}


def test_a_plan_made_outside_a_window_is_carried_out_inside(memory: Memory) -> None:
    outside = planned(memory, asked(LATE)).plan
    memory.clock.time += 3700.0
    for wait in (True, False):
        copy = Memory(Clock(), count=2)
        copy.clock.time = memory.clock.time
        run, _ = applied(copy, asked(LATE), saved=outside, wait=wait)
        assert (run.exit_code, len(copy.calls)) == (0, 1)


def test_a_plan_made_inside_a_window_waits_for_the_next(memory: Memory) -> None:
    inside = planned(memory, asked(window(-600, "11m"), SOON)).plan
    assert inside.fleets[0].changes
    memory.clock.time += 60.0
    run, _ = applied(memory, asked(window(-600, "11m"), SOON), saved=inside, deadline=600.0)
    assert (run.exit_code, len(memory.calls)) == (0, 1)


def test_a_plan_made_inside_a_window_is_not_tried_where_none_opens_in_time(memory: Memory) -> None:
    inside = planned(memory, asked(OPEN)).plan
    memory.clock.time += 7200.0
    run, _ = applied(memory, asked(OPEN), saved=inside, deadline=600.0)
    assert (run.exit_code, set(results(run).values()), memory.calls) == (4, {Result.NOT_TRIED}, [])
    assert memory.clock.time == NOW + 7200.0


def test_what_else_holds_a_change_by_now_is_not_waited_for(memory: Memory) -> None:
    outside = planned(memory, asked(SOON)).plan
    held = asked(SOON, quarantine=[Quarantine(workload="poller", version="2", reason="boot loop")])
    run, _ = applied(memory, held, saved=outside, deadline=600.0)
    assert (run.outcomes, memory.calls, memory.clock.time) == ([], [], NOW)


def test_what_somebody_did_meanwhile_is_done(memory: Memory) -> None:
    outside = planned(memory, asked(SOON)).plan
    memory.clock = Meanwhile(lambda: memory.set("u0", "2"))
    run, _ = applied(memory, asked(SOON), saved=outside, deadline=600.0)
    assert results(run) == {"u0": Result.DONE, "u1": Result.DONE}
    assert memory.calls == [("2", ("u1",))]


def test_a_stop_ends_the_waiting(memory: Memory) -> None:
    memory.clock = Meanwhile(lambda: setattr(memory.clock, "stop", True))
    run, _ = applied(memory, asked(SOON), deadline=600.0)
    assert set(results(run).values()) == {Result.NOT_TRIED}
    assert run.exit_code == 4


def test_the_next_step_of_a_change_waits_for_a_window_as_well() -> None:
    platform = Stepping(Clock())
    run, _ = applied(platform, asked(window(-600, "10m42s")), deadline=60.0)
    assert [call for call, _ in platform.steps] == [DELIVER]
    assert set(results(run).values()) == {Result.WAITING}
    assert "still blocked when waiting ended: the windows of the fleet are closed" in outcome_words(run.outcomes[0])


# --- keep -----------------------------------------------------------------------------------------------------------


PAIRS = Keep(per="pair")


def paired(memory: Memory) -> Memory:
    """Give the units of a platform a partner each."""
    memory.labels = {unit: (("pair", f"p{number // 2}"),) for number, unit in enumerate(sorted(memory.units))}
    return memory


def test_of_a_pair_one_goes_and_then_the_other_in_one_run() -> None:
    memory = paired(Memory(Clock(), count=4))
    (fleet,) = planned(memory, request(keep=PAIRS)).plan.fleets
    first = {one.unit.id for one in fleet.changes}
    assert {frozenset(first & pair) for pair in ({"u0", "u1"}, {"u2", "u3"})} == {frozenset({one}) for one in first}
    assert {one.code for held in fleet.held for one in held.reasons} == {HoldReason.KEPT}
    run, _ = applied(memory, request(keep=PAIRS))
    assert (run.exit_code, set(results(run).values())) == (0, {Result.DONE})
    assert [set(units) for _, units in memory.calls] == [first, set(memory.units) - first]


def test_a_unit_that_does_not_come_back_keeps_its_partner_where_it_is() -> None:
    memory = paired(Memory(Clock(), count=2))
    memory.settled = False
    run, _ = applied(memory, request(keep=PAIRS), deadline=60.0)
    ((_, went),) = memory.calls
    (other,) = memory.units.keys() - set(went)
    assert results(run) == {went[0]: Result.WAITING, other: Result.NOT_TRIED}
    words = f"1 of the 2 units with pair p0 must stay untouched and healthy (fleet.yaml), but {went[0]} is unhealthy"
    assert words in next(outcome_words(one) for one in run.outcomes if one.unit.id == other)


def test_a_reviewed_plan_goes_through_its_pairs_as_well() -> None:
    memory = paired(Memory(Clock(), count=2))
    saved = planned(memory, request(keep=PAIRS)).plan
    run, _ = applied(memory, request(keep=PAIRS), saved=saved)
    assert (run.exit_code, len(memory.calls)) == (0, 2)
    memory = paired(Memory(Clock(), count=2))
    free = planned(memory, request()).plan
    run, _ = applied(memory, request(keep=PAIRS), saved=free)
    assert (run.exit_code, len(memory.calls)) == (0, 2)


def test_a_person_lifts_it_for_a_run() -> None:
    memory = paired(Memory(Clock(), count=2))
    run, _ = lifting(memory, request(keep=PAIRS), "keep")
    assert (run.exit_code, len(memory.calls)) == (0, 1)


def test_what_can_never_be_is_said_and_not_waited_for() -> None:
    memory = paired(Memory(Clock(), count=3))
    memory.labels["u0"] = ()
    memory.labels["u1"] = (("pair", "p2"), ("pair", "p3"))
    run, _ = applied(memory, request(keep=PAIRS))
    assert (run.exit_code, memory.calls, memory.clock.time) == (0, [], NOW)
    memory.labels["u1"] = (("pair", "p1"), ("pair", "p2"))
    (fleet,) = planned(memory, request(keep=Keep(per="pair", serving=2))).plan.fleets
    words = {held.unit.id: hold_words(held.reasons[0], "poller", "2") for held in fleet.held}
    assert words["u0"] == "the unit has no value of the tag pair, by which `keep` groups units (fleet.yaml)"
    assert words["u1"] == "the unit has several values of the tag pair, by which `keep` groups units (fleet.yaml)"
    assert "2 units have pair p1, and 2 must keep serving (fleet.yaml): none of them can ever change" in words["u2"]
    memory.labels["u1"] = ()
    (fleet,) = planned(memory, request(keep=PAIRS)).plan.fleets
    alone = next(held for held in fleet.held if held.unit.id == "u2")
    assert "only 1 unit has pair p1, and 1 must keep serving" in hold_words(alone.reasons[0], "poller", "2")


def test_what_nobody_knows_and_what_is_not_there_does_not_serve() -> None:
    for reach in (Reach.UNKNOWN, Reach.DISCONNECTED):
        memory = paired(Memory(Clock(), count=2))
        memory.units["u1"] = reach
        memory.set("u1", "2")
        (fleet,) = planned(memory, request(keep=PAIRS)).plan.fleets
        assert (fleet.changes, [held.unit.id for held in fleet.held]) == ((), ["u0"])


def test_a_pair_of_which_one_is_broken_is_mended_and_nothing_else() -> None:
    memory = paired(Memory(Clock(), count=2))
    memory.slots["u0", "w1"] = State("1", "1", Phase.FAILED, error="boot loop")
    (fleet,) = planned(memory, request(keep=PAIRS)).plan.fleets
    assert [one.unit.id for one in fleet.changes] == ["u0"]


def test_a_rule_is_about_the_units_of_its_fleet_and_about_what_fleets_manage() -> None:
    memory = paired(Memory(Clock(), count=4))
    memory.slots["u2", "w1"] = State("1", "1", Phase.FAILED)
    override = Override(units=Selector(ids=["u2"]), unmanaged=True)
    left_alone = {"poller": WorkloadSpec(version="2", overrides=[override])}
    (fleet,) = planned(memory, request(keep=PAIRS, workloads=left_alone)).plan.fleets
    assert {one.unit.id for one in fleet.changes} >= {"u3"}, "what no fleet manages on u2 is nobody's business"
    several = {"poller": "2", "w9": "1"}
    (fleet,) = planned(memory, request(keep=PAIRS, workloads=several)).plan.fleets
    assert len(fleet.changes) == 2


def test_fleets_of_a_connection_keep_each_others_units() -> None:
    memory = paired(Memory(Clock(), count=4))
    manifest = request(keep=PAIRS, units=Selector(ids=["u0", "u1"])).manifest
    free = request(units=Selector(ids=["u2", "u3"])).manifest.fleets["fleet"]
    fleets = {**manifest.fleets, "free": msgspec.structs.replace(free, name="free")}
    both = PlanRequest(manifest=msgspec.structs.replace(manifest, fleets=fleets))
    kept, other = planned(memory, both).plan.fleets
    assert (len(kept.changes), len(kept.held), len(other.changes)) == (1, 1, 2)


# --- limits over time -----------------------------------------------------------------------------------------------


def test_what_went_counts_for_its_own_fleet() -> None:
    memory = Memory(Clock(), count=4)
    limits = Limits(replace="1", window="24h")
    one, other = (request(units=Selector(ids=ids), limits=limits).manifest for ids in (["u0", "u1"], ["u2"]))
    fleets = {**one.fleets, "other": msgspec.structs.replace(other.fleets["fleet"], name="other")}
    both = PlanRequest(manifest=msgspec.structs.replace(one, fleets=fleets))
    history = Remembering(NOW - 1e6, durable=True)
    for number, fleet in enumerate(("fleet", "fleet", "gone")):
        slot = SlotName(Ref("u0", "u0"), Ref("w1", "poller"), Verb.REPLACE, 1)
        head: Any = {"at": NOW - 60.0, "run": "r", "fleet": fleet, "call": number}
        history.record(Intended(**head, kind="c", request=Request("POST", "/"), wide=False, slots=(slot,)))
        history.record(Called(**head, receipt=ACCEPTED, seconds=1.0))
    found = plan(both, lambda name: memory, memory.clock, history).plan.fleets
    assert [len(fleet.violations) for fleet in found] == [1, 0]
    assert found[0].violations[0].went == 0, "u0 is intended still"
