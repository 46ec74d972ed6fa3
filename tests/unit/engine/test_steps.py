"""Changes of several steps: passes until every slot is settled, and the truth about what is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import msgspec
import pytest

from reconciler.engine.plan import PlanResult
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Review, Step
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.event import Note, Settling
from reconciler.model.fleet import Limits, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.outcome import Outcome, Receipt, Result
from reconciler.model.plan import LimitKind
from reconciler.model.release import Catalog, ReleaseInfo
from reconciler.model.snapshot import Coverage, Snapshot
from reconciler.model.unit import Reach
from reconciler.views.reason_words import outcome_words
from tests.unit.engine.memory import ACCEPTED, LOST, REFUSED, Clock, applied, gone, planned, request
from tests.unit.engine.stepping import DELETE, DELIVER, INSTALL, UNINSTALL, Stepping, blocked

PAUSED = Condition(ConditionCode.PLATFORM, text="paused by a technician")
LATER = Condition(ConditionCode.REPORTS_LATER, count=3)


@pytest.fixture
def platform() -> Stepping:
    return Stepping(Clock())


def told(outcomes: list[Outcome]) -> dict[str, tuple[Result, str]]:
    return {one.unit.id: (one.result, outcome_words(one)) for one in outcomes}


def test_each_step_follows_when_the_one_before_took_effect(platform: Stepping) -> None:
    found = planned(platform, request()).plan.fleets[0]
    assert [change.steps for change in found.changes] == [(Step(DELIVER), Step(INSTALL, "later"))] * 2
    run, events = applied(platform, request())
    assert (run.exit_code, run.sent) == (0, 3)
    assert platform.steps == [(DELIVER, ("u0", "u1")), (INSTALL, ("u0", "u1")), (DELETE, ("u0", "u1"))]
    assert told(run.outcomes) == {"u0": (Result.DONE, ""), "u1": (Result.DONE, "")}
    assert platform.slots == {("u0", "w1"): State("2", "2"), ("u1", "w1"): State("2", "2")}
    progress = [event for event in events if isinstance(event, Settling)]
    assert (progress[0].pending, progress[-1].done) == (2, 2)
    assert planned(platform, request()).plan.fleets[0].changes == ()


def test_a_removal_takes_its_steps(platform: Stepping) -> None:
    run, _ = applied(platform, request(None), allow={"remove": "test"})
    assert run.exit_code == 0
    assert [call for call, _ in platform.steps] == [UNINSTALL, DELETE]
    assert platform.slots["u0", "w1"] == State()


def test_without_waiting_only_the_first_step_is_sent(platform: Stepping) -> None:
    run, _ = applied(platform, request(), wait=False)
    assert [call for call, _ in platform.steps] == [DELIVER]
    assert {result for result, _ in told(run.outcomes).values()} == {Result.WAITING}


def test_steps_are_gathered_so_that_one_call_carries_many(platform: Stepping) -> None:
    def slower() -> None:
        platform.due = [(at + (4.0 if unit == "u1" else 0.0), unit, effect) for at, unit, effect in platform.due]

    platform.during = [None, slower]
    applied(platform, request())
    assert platform.steps[1] == (INSTALL, ("u0", "u1"))


def test_nobody_waits_for_a_slow_one_for_long(platform: Stepping) -> None:
    def slower() -> None:
        platform.due = [(at + (90.0 if unit == "u1" else 0.0), unit, effect) for at, unit, effect in platform.due]

    platform.during = [None, slower]
    run, _ = applied(platform, request())
    assert platform.steps[1:3] == [(INSTALL, ("u0",)), (DELETE, ("u0",))]
    assert run.exit_code == 0


def test_what_got_lost_on_the_way_is_sent_again_after_a_while_and_not_for_ever(platform: Stepping) -> None:
    platform.drops = 2
    run, _ = applied(platform, request())
    assert run.exit_code == 0
    assert [call for call, _ in platform.steps[:2]] == [DELIVER, DELIVER]
    platform = Stepping(Clock())
    platform.drops = 999
    run, _ = applied(platform, request())
    assert [call for call, _ in platform.steps] == [DELIVER] * 3
    text = "the platform accepted the call but does not show its effect"
    assert told(run.outcomes)["u0"] == (Result.UNKNOWN, text)
    assert run.exit_code == 4


LEFT = State("2", "2", extra_versions=("1",))
REFUSES = msgspec.structs.replace(LEFT, failures=(("1", "in use"),))


@pytest.mark.parametrize("before", [LEFT, REFUSES])
def test_a_leftover_that_refuses_to_go_is_told(platform: Stepping, before: State) -> None:
    def refuse() -> None:
        platform.due.clear()
        platform.slots["u0", "w1"] = REFUSES

    platform.slots |= {("u0", "w1"): before, ("u1", "w1"): State("2", "2")}
    platform.during = [None, *[refuse] * 99]
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (Result.FAILED, "1: in use")}
    assert (run.exit_code, len(platform.steps)) == (4, 1 if before is LEFT else 3)


def test_what_fails_while_another_version_arrives_does_not_keep_it_from_going_on(platform: Stepping) -> None:
    def arrive() -> None:
        platform.due.clear()
        platform.slots["u0", "w1"] = REFUSES

    platform.slots["u1", "w1"] = State("2", "2")
    platform.during = [None, arrive]
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (Result.DONE, "")}
    assert [call for call, _ in platform.steps] == [DELIVER, DELETE]


def test_a_removal_that_fails_is_told(platform: Stepping) -> None:
    def fail() -> None:
        platform.due.clear()
        platform.slots["u0", "w1"] = State("1", "1", Phase.FAILED, error="in use")

    platform.slots["u1", "w1"] = State()
    platform.during = [None, fail]
    run, _ = applied(platform, request(None), allow={"remove": "test"})
    assert told(run.outcomes) == {"u0": (Result.FAILED, "in use")}


def test_a_way_back_that_fails_is_told(platform: Stepping) -> None:
    def fail() -> None:
        platform.due.clear()
        platform.slots["u0", "w1"] = State("3", "3", extra_versions=("2",), failures=(("2", "exit 7"),))

    platform.slots |= {("u0", "w1"): State("3", "3"), ("u1", "w1"): State("2", "2")}
    platform.during = [None, fail]
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (Result.FAILED, "2: exit 7")}


def test_a_lost_answer_is_read_back(platform: Stepping) -> None:
    platform.script = [LOST]
    run, _ = applied(platform, request())
    assert run.exit_code == 0
    assert [call for call, _ in platform.steps] == [DELIVER, DELIVER, INSTALL, DELETE]


def test_a_refused_step_ends_its_slots_only(platform: Stepping) -> None:
    platform.script = [REFUSED, REFUSED]
    run, _ = applied(platform, request())
    results = [result for result, _ in told(run.outcomes).values()]
    assert sorted(results) == [Result.DONE, Result.FAILED]
    assert run.exit_code == 4


def test_a_failed_step_is_a_failure_in_the_units_own_words(platform: Stepping) -> None:
    platform.failing = {"u1"}
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (Result.DONE, ""), "u1": (Result.FAILED, "no space")}


def test_a_failure_from_before_is_tried_once_more(platform: Stepping) -> None:
    platform.slots["u0", "w1"] = State("2", "1", Phase.FAILED, error="no space")
    run, _ = applied(platform, request())
    assert told(run.outcomes)["u0"] == (Result.DONE, "")
    platform = Stepping(Clock(), count=1)
    platform.failing = {"u0"}
    platform.drops = 99
    platform.slots["u0", "w1"] = State("2", "1", Phase.FAILED, error="no space")
    run, _ = applied(platform, request())
    assert platform.steps == [(DELIVER, ("u0",))]
    assert told(run.outcomes)["u0"] == (Result.FAILED, "no space")


def test_what_somebody_else_did_meanwhile_has_moved(platform: Stepping) -> None:
    platform.during = [None, None, partial(platform.put, "u0", State("3", "1", extra_versions=("1",)))]
    run, _ = applied(platform, request())
    assert told(run.outcomes)["u0"] == (Result.STALE, "meanwhile 3 was assigned by somebody else")


def test_a_unit_that_vanishes_has_moved(platform: Stepping) -> None:
    platform.during = [None, None, lambda: platform.units.pop("u0")]
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (Result.STALE, "the unit is gone"), "u1": (Result.DONE, "")}


def test_a_unit_that_an_incomplete_reading_lacks_is_waited_for(platform: Stepping) -> None:
    def hide() -> None:
        platform.units.pop("u0")
        platform.coverage = Coverage(False, ("page 2",))

    def show() -> None:
        platform.units["u0"] = Reach.CONNECTED
        platform.coverage = Coverage(True)

    platform.during = [None, hide, show]
    run, _ = applied(platform, request())
    assert run.exit_code == 0


def test_a_version_that_is_overwritten_between_steps_goes_no_further(platform: Stepping) -> None:
    def overwrite() -> None:
        platform.catalogue = {"2": ReleaseInfo(found=True, identity="other")}

    platform.during = [None, None, overwrite]
    run, _ = applied(platform, request())
    assert [call for call, _ in platform.steps] == [DELIVER]
    text = "the content of poller 2 was overwritten since the plan was made"
    assert set(told(run.outcomes).values()) == {(Result.STALE, text)}


def test_a_step_whose_answer_was_lost_after_it_worked_is_nobody_elses_change(platform: Stepping) -> None:
    def works(action: Action) -> Receipt:
        for unit in action.request.body["units"]:
            platform.end(action.call, unit, action.request.body["version"])
        return LOST

    platform.script = [ACCEPTED, works]
    run, _ = applied(platform, request())
    assert [call for call, _ in platform.steps] == [DELIVER, INSTALL, DELETE]
    assert set(told(run.outcomes).values()) == {(Result.DONE, "")}


def test_a_pause_by_a_person_is_left_alone(platform: Stepping) -> None:
    paused = State("2", "1", Phase.PAUSED, extra_versions=("1",), conditions=(PAUSED,))
    platform.during = [None, None, partial(platform.put, "u0", paused), platform.due.clear]
    run, _ = applied(platform, request())
    assert told(run.outcomes)["u0"] == (Result.WAITING, "paused by a technician")


@pytest.mark.parametrize(
    ("code", "result", "words"),
    [
        (HoldReason.UNREACHABLE, Result.WAITING, "held: the device is away"),
        (HoldReason.UNSUPPORTED, Result.FAILED, "cannot go on: the device is away"),
        (HoldReason.NOT_PREPARED, Result.WAITING, "still blocked when waiting ended: the device is away"),
    ],
)
def test_holds_that_come_up_between_steps(platform: Stepping, code: HoldReason, result: Result, words: str) -> None:
    platform.during = [None, None, partial(platform.blocks.update, {"u0": blocked(code, "the device is away")})]
    run, _ = applied(platform, request())
    assert told(run.outcomes) == {"u0": (result, words), "u1": (Result.DONE, "")}


def test_a_hold_that_passes_is_waited_for(platform: Stepping) -> None:
    block = blocked(HoldReason.NOT_PREPARED, "12 %")
    platform.during = [None, None, partial(platform.blocks.update, {"u0": block}), None, platform.blocks.clear]
    run, _ = applied(platform, request())
    assert run.exit_code == 0


def test_readings_that_fail_are_told_and_repeated(platform: Stepping) -> None:
    platform.unreadable = [None, gone(), gone()]
    run, events = applied(platform, request())
    assert [event.level for event in events if isinstance(event, Note)] == ["warning", "warning"]
    assert run.exit_code == 0


def test_without_rights_to_read_waiting_ends_at_once(platform: Stepping) -> None:
    platform.unreadable = [None, *[gone(401)] * 99]
    run, _ = applied(platform, request(), deadline=600)
    assert platform.reads == 2
    assert {result for result, _ in told(run.outcomes).values()} == {Result.UNKNOWN}


def test_what_is_on_its_way_at_the_deadline_is_waiting(platform: Stepping) -> None:
    platform.takes = 500.0
    run, _ = applied(platform, request(), deadline=30.0)
    text = "assigned; the unit was still on its way when waiting ended"
    assert set(told(run.outcomes).values()) == {(Result.WAITING, text)}
    assert (run.exit_code, [call for call, _ in platform.steps]) == (0, [DELIVER])


def test_no_further_step_begins_after_the_deadline(platform: Stepping) -> None:
    run, _ = applied(platform, request(), deadline=5.5)
    assert [call for call, _ in platform.steps] == [DELIVER]
    assert platform.slots["u0", "w1"].phase is Phase.READY
    assert {result for result, _ in told(run.outcomes).values()} == {Result.WAITING}


def test_a_stop_ends_waiting(platform: Stepping) -> None:
    def stop() -> None:
        platform.clock.stop = True

    platform.during = [None, None, stop]
    run, _ = applied(platform, request())
    assert [call for call, _ in platform.steps] == [DELIVER]
    text = "assigned; the unit was still on its way when the run was interrupted"
    assert set(told(run.outcomes).values()) == {(Result.WAITING, text)}
    assert (run.interrupted, run.exit_code) == (True, 4), "nobody saw it settle"


def test_a_stop_of_a_run_that_does_not_wait_cuts_nothing(platform: Stepping) -> None:
    def stop() -> None:
        platform.clock.stop = True

    platform.during = [None, stop]
    run, _ = applied(platform, request(), wait=False)
    assert (run.interrupted, run.exit_code) == (False, 0)


# --- stages -----------------------------------------------------------------------------------------------------------


def staged(platform: Stepping, *units: str, stage: int = 2) -> PlanResult:
    """Return today's plan, in which some units wait for a later stage."""
    for unit in units:
        platform.blocks[unit] = blocked(HoldReason.REQUIREMENT_NOT_MET, "poller must report 2")
    found = planned(platform, request())
    fleet = found.plan.fleets[0]
    held = tuple(msgspec.structs.replace(one, stage=stage) for one in fleet.held)
    found.plan = msgspec.structs.replace(found.plan, fleets=(msgspec.structs.replace(fleet, held=held),))
    return found


def later(platform: Stepping, effect: Callable[[], object]) -> None:
    platform.during = [None, None, None, None, effect]


def test_a_later_stage_goes_once_nothing_holds_it(platform: Stepping) -> None:
    today = staged(platform, "u1")
    later(platform, platform.blocks.clear)
    run, _ = applied(platform, request(), today=today)
    assert told(run.outcomes) == {"u0": (Result.DONE, ""), "u1": (Result.DONE, "")}
    assert platform.steps[0] == (DELIVER, ("u0",))


def test_a_stage_that_never_comes_is_not_tried(platform: Stepping) -> None:
    today = staged(platform, "u1")
    run, _ = applied(platform, request(), today=today)
    assert told(run.outcomes)["u1"] == (Result.NOT_TRIED, "held: poller must report 2")
    assert run.exit_code == 4


def test_a_stage_that_waits_for_a_unit_that_is_away_is_waiting(platform: Stepping) -> None:
    today = staged(platform, "u1")
    platform.units["u1"] = Reach.DISCONNECTED
    run, _ = applied(platform, request(), today=today)
    assert told(run.outcomes)["u1"] == (Result.WAITING, "held: poller must report 2")
    assert run.exit_code == 0


def test_a_stage_of_a_unit_that_is_gone_is_not_tried(platform: Stepping) -> None:
    today = staged(platform, "u1")
    del platform.units["u1"]
    run, _ = applied(platform, request(), today=today)
    assert told(run.outcomes)["u1"][0] is Result.NOT_TRIED


def test_what_is_ahead_is_done_and_says_who(platform: Stepping) -> None:
    state = State("2", "3", ahead=True, ready=0, size=3, spread=(("3", 3),), conditions=(LATER,))
    platform.during = [None, None, partial(platform.put, "u0", state), platform.due.clear]
    run, _ = applied(platform, request())
    assert told(run.outcomes)["u0"] == (Result.DONE, "assigned; 3 devices report a later version")


def test_without_waiting_later_stages_are_for_later_passes(platform: Stepping) -> None:
    run, _ = applied(platform, request(), today=staged(platform, "u1"), wait=False)
    assert set(told(run.outcomes)) == {"u0"}


def test_what_is_merely_held_does_not_go_in_the_same_run(platform: Stepping) -> None:
    today = staged(platform, "u1", stage=0)
    later(platform, platform.blocks.clear)
    run, _ = applied(platform, request(), today=today)
    assert set(told(run.outcomes)) == {"u0"}


def test_a_stage_is_part_of_the_saved_plan(platform: Stepping) -> None:
    today = staged(platform, "u1")
    later(platform, platform.blocks.clear)
    run, _ = applied(platform, request(), saved=today.plan, today=today)
    assert told(run.outcomes)["u1"] == (Result.DONE, "")


def test_a_later_stage_counts_against_the_limits_of_the_run(platform: Stepping) -> None:
    saved = staged(platform, "u1").plan
    asked = request(limits=Limits(replace="1"))
    run, _ = applied(platform, asked, saved=saved, today=planned(platform, asked))
    assert [(one.kind, one.intended) for _, one in run.blocked] == [(LimitKind.REPLACE, 2)]
    assert platform.steps == []


def test_a_stage_of_a_saved_plan_is_bound_to_what_was_seen(platform: Stepping) -> None:
    saved = staged(platform, "u1").plan
    platform.put("u1", State("0", "0"))
    run, _ = applied(platform, request(), saved=saved, today=staged(platform, "u1"))
    words = "the slot changed since the plan was made: 1 was assigned, now 0"
    assert told(run.outcomes)["u1"] == (Result.STALE, words)


def test_a_stage_of_a_saved_plan_is_bound_to_its_settings(platform: Stepping) -> None:
    saved = staged(platform, "u1").plan
    other = request(workloads={"poller": WorkloadSpec(version="2", settings={"rollout_percent": 25})})
    run, _ = applied(platform, other, saved=saved, today=planned(platform, other))
    assert told(run.outcomes)["u1"][0] is Result.STALE
    assert not any("u1" in units for _, units in platform.steps)


def test_a_stage_of_a_saved_plan_is_bound_to_its_content(platform: Stepping) -> None:
    saved = staged(platform, "u1").plan
    platform.catalogue = {"2": ReleaseInfo(found=True, identity="other")}
    run, _ = applied(platform, request(), saved=saved, today=staged(platform, "u1"))
    assert "overwritten" in told(run.outcomes)["u1"][1]


def test_a_stage_of_a_saved_plan_that_is_done_counts_as_done(platform: Stepping) -> None:
    saved = staged(platform, "u1").plan
    platform.put("u1", State("2", "2"))
    run, _ = applied(platform, request(), saved=saved)
    assert told(run.outcomes)["u1"] == (Result.DONE, "already as desired")


def test_a_stage_whose_slot_moves_before_its_turn_does_not_go(platform: Stepping) -> None:
    today = staged(platform, "u1")

    def meddle() -> None:
        platform.blocks.clear()
        platform.put("u1", State("1", "1", identity="other content"))

    later(platform, meddle)
    run, _ = applied(platform, request(), today=today)
    assert told(run.outcomes)["u1"][0] is Result.STALE
    assert not any("u1" in units for _, units in platform.steps)


def test_a_saved_plan_goes_on_where_a_killed_run_stopped(platform: Stepping) -> None:
    saved = planned(platform, request()).plan
    platform.put("u0", State("2", "1", Phase.READY, extra_versions=("1",)))
    run, _ = applied(platform, request(), saved=saved)
    assert told(run.outcomes)["u0"] == (Result.DONE, "")
    assert platform.slots["u0", "w1"] == State("2", "2")


def test_a_saved_plan_skips_what_somebody_else_moved(platform: Stepping) -> None:
    saved = planned(platform, request()).plan
    platform.put("u0", State("3", "3"))
    run, _ = applied(platform, request(), saved=saved)
    assert told(run.outcomes)["u0"][0] is Result.STALE


# --- calls that rest on each other --------------------------------------------------------------------------------------


class Pulling(Stepping):
    """A replacement is an activation, and in the next stage of the same pass a pull of what was there."""

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        return Review()

    def compile(
        self,
        changes: Sequence[Change],
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        fleet_wide: Collection[str],
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        each = [
            Action(
                call="memory.activate",
                request=Request("POST", "/step", {"version": change.to, "units": [change.unit.id]}),
                slots=(position,),
            )
            for position, change in enumerate(changes)
            if snapshot.state("w1", snapshot.units.index[change.unit.id]).assigned != change.to
        ]
        units = [change.unit.id for change in changes]
        pull = Request("POST", "/step", {"version": changes[0].from_ if changes else None, "units": units})
        return (*each, Action(call="memory.pull", request=pull, slots=tuple(range(len(changes))), stage=1))

    def begin(self, call: str, unit: str, version: str) -> None:
        state = self.slots.get((unit, "w1"), EMPTY)
        if call == "memory.activate":
            self.put(unit, State(version, version, extra_versions=(state.assigned or "",)))
        else:
            self.put(unit, State(state.assigned, state.reported))


def test_a_call_whose_first_half_failed_is_not_sent() -> None:
    platform = Pulling(Clock())
    platform.script = [REFUSED]
    run, _ = applied(platform, request(), wait=False)
    assert platform.steps == [
        ("memory.activate", ("u0",)),
        ("memory.activate", ("u1",)),
        ("memory.pull", ("u1",)),
    ]
    assert told(run.outcomes)["u0"][0] is Result.FAILED
    assert platform.slots["u0", "w1"] == State("1", "1"), "what it had was not taken away"
    assert platform.slots["u1", "w1"] == State("2", "2")
