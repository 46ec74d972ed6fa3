"""Where rollouts stand: what is open, what stops them, who goes and who waits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.core.assessment import Filters
from reconciler.core.explain import explain
from reconciler.core.milestones import milestones
from reconciler.core.rollouts import standings
from reconciler.core.shares import asked, share_of
from reconciler.model.change import Held, Staging, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.event import Met
from reconciler.model.fleet import Failure, Limit, Manifest, Override, Rollout, Selector, Wave
from reconciler.model.hold import ClosedBy, Hold, HoldReason, Outlook, Problem, Unmet
from reconciler.model.memory import InFlight, Memory, Went
from reconciler.model.observation import Phase, State
from reconciler.model.origin import Origin
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.rollout import RolloutState, WaveState
from reconciler.model.ruling import Command, Ruling
from reconciler.model.snapshot import Coverage
from reconciler.model.unit import Ref
from tests.laws.strategies import NOW, planned
from tests.unit.core.rolling import (
    CANARY,
    DOWN,
    FAILED,
    ID,
    MOVING,
    NEW,
    OLD,
    PAUSED,
    STAGING,
    STUCK,
    UNKNOWN,
    UNSURE,
    WAVES,
    assessed,
    changed,
    going,
    held,
    plan_of,
    remembered,
    rollout_of,
    seen,
    stages,
    went,
)

HERE = Origin("fleet.yaml", 1, 1)


def rule(command: Command, at: float = NOW - 10, wave: int | None = None) -> Ruling:
    return Ruling(command=command, reason="why", by="ann", at=at, wave=wave)


def closing(*states: State, rollout: Rollout = WAVES, **more: Any) -> ClosedBy | None:
    """Return why the second wave is closed; None where it is open."""
    read = {key: more.pop(key) for key in ("reach", "coverage", "sizes") if key in more}
    plan = plan_of(rollout, seen(states, **read), **more)
    found = rollout_of(plan).waves[1].closing
    assert (found is None) == (HoldReason.WAVE_NOT_OPEN not in held(plan).values())
    return None if found is None else found.by


# --- opening ------------------------------------------------------------------------------------------------------------


def test_the_first_wave_goes_at_once_and_the_next_ones_wait() -> None:
    plan = plan_of(WAVES, seen([OLD] * 5))
    assert going(plan) == ["u00", "u01"]
    assert held(plan) == dict.fromkeys(["u02", "u03", "u04"], HoldReason.WAVE_NOT_OPEN)
    assert set(stages(plan).values()) == {2}
    assert [one.state for one in rollout_of(plan).waves] == [WaveState.OPEN, WaveState.CLOSED]
    assert [one.calls for one in rollout_of(plan).waves] == [2, 3]
    assert plan.basis.versions == (("w1", "v2", ""),)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (NEW, NEW, None),
        (NEW, OLD, ClosedBy.TO_GO),
        (NEW, MOVING, ClosedBy.SUCCESS),
        (MOVING, MOVING, ClosedBy.SUCCESS),
        (NEW, STUCK, ClosedBy.SUCCESS),
        (NEW, FAILED, ClosedBy.SUCCESS),
        (NEW, PAUSED, None),
        (PAUSED, PAUSED, ClosedBy.NOBODY),
        (NEW, UNKNOWN, None),
        (NEW, msgspec.structs.replace(NEW, overwritten=True), ClosedBy.TO_GO),
        (NEW, msgspec.structs.replace(NEW, settings=(("a", 1),)), ClosedBy.TO_GO),
        (NEW, msgspec.structs.replace(NEW, extra_versions=("v1",)), None),
        (NEW, State(assigned="v2", reported="v1", phase=Phase.READY), ClosedBy.SUCCESS),
        (NEW, msgspec.structs.replace(MOVING, ahead=True), None),
    ],
)
def test_the_next_wave_opens_once_the_one_before_reports_the_version(
    first: State, second: State, why: ClosedBy | None
) -> None:
    assert closing(first, second, OLD) == why


def test_enough_of_a_wave_are_enough() -> None:
    most = changed(WAVES, success="50%")
    assert closing(NEW, MOVING, OLD, rollout=most) is None
    assert closing(MOVING, MOVING, OLD, rollout=changed(WAVES, success="0%")) is ClosedBy.SUCCESS


def test_nobody_who_can_report_is_no_success_but_an_empty_wave_passes() -> None:
    assert closing(OLD, OLD, OLD, reach={0: DOWN, 1: DOWN}) is ClosedBy.NOBODY
    assert closing(OLD, OLD, rollout=Rollout(waves=[Wave(units=Selector(ids=["nobody"])), "100%"])) is None


def test_who_cannot_be_reached_is_owed_and_in_no_denominator() -> None:
    plan = plan_of(WAVES, seen([NEW, OLD, OLD, OLD], reach={1: DOWN, 3: DOWN}))
    assert going(plan) == ["u02"]
    assert held(plan) == {"u01": HoldReason.OWED, "u03": HoldReason.OWED}
    first, second = rollout_of(plan).waves
    assert (first.attempted, first.reporting, first.owed, first.state) == (1, 1, 1, WaveState.SUCCEEDED)
    assert second.owed == 1
    assert set(stages(plan).values()) == {0}


def test_what_an_absent_unit_took_or_reports_proves_nothing_but_a_failure_does() -> None:
    assert closing(NEW, NEW, OLD, reach={0: DOWN, 1: DOWN}) is ClosedBy.NOBODY
    assert closing(NEW, MOVING, OLD, reach={1: DOWN}) is None
    assert closing(NEW, FAILED, OLD, reach={1: DOWN}) is ClosedBy.SUCCESS


def test_a_unit_of_unknown_reach_is_sent_the_version_and_waited_for_by_nobody() -> None:
    plan = plan_of(WAVES, seen([NEW, OLD, OLD], reach={1: UNSURE}))
    assert going(plan) == ["u01", "u02"]


def test_a_unit_that_something_else_holds_is_passed_over() -> None:
    plan = plan_of(WAVES, seen([NEW, UNKNOWN, OLD]))
    assert held(plan)["u01"] is HoldReason.UNKNOWN
    assert going(plan) == ["u02"]
    first = rollout_of(plan).waves[0]
    assert (first.held, first.to_go) == (1, 0)


def unmet(outlook: Outlook) -> Hold:
    needs = Unmet(
        requires=True,
        workload="w",
        required="w",
        accepts="1",
        origin=HERE,
        problem=Problem.NOT_REPORTED,
        outlook=outlook,
    )
    return Hold(HoldReason.REQUIREMENT_NOT_MET, requirement=needs)


@pytest.mark.parametrize(
    ("reasons", "waits"),
    [
        ((Hold(HoldReason.NOT_PREPARED),), True),
        ((Hold(HoldReason.OUTSIDE_WINDOW),), True),
        ((unmet(Outlook.DESIRED),), True),
        ((unmet(Outlook.UNMANAGED),), False),
        ((Hold(HoldReason.AGENT_TOO_OLD),), False),
        ((Hold(HoldReason.NOT_PREPARED), Hold(HoldReason.AGENT_TOO_OLD)), False),
    ],
)
def test_a_unit_is_passed_over_unless_what_holds_it_ends_by_itself(reasons: tuple[Hold, ...], waits: bool) -> None:
    one = assessed(WAVES, seen([NEW, OLD, OLD]))

    def entry(unit: str, to: str | None = "v2") -> Held:
        return Held(
            unit=Ref(unit, ""), workload=Ref("w1", ""), verb=None, from_=None, to=to, reasons=reasons, origin=HERE
        )

    some = [entry("u01"), entry("gone"), entry("u01", "v1"), entry("u01", None), entry("u00")]
    found = standings(one, some)["w1", "v2"].opening
    assert (found.closing is None) is not waits


def test_a_version_that_cannot_be_had_opens_nothing() -> None:
    plan = plan_of(WAVES, seen([OLD, OLD, OLD]), info=ReleaseInfo(found=True, released=False))
    assert set(held(plan).values()) == {HoldReason.VERSION_NOT_RELEASED}
    closed = rollout_of(plan).waves[1].closing
    assert closed is not None
    assert closed.by is ClosedBy.NOBODY


def test_an_incomplete_reading_opens_nothing() -> None:
    assert closing(NEW, NEW, OLD, coverage=Coverage(False, ("a page is missing",))) is ClosedBy.INCOMPLETE


def test_a_late_joiner_of_an_early_wave_goes_first() -> None:
    plan = plan_of(WAVES, seen([NEW, NEW, OLD, NEW, NEW], canaries=3))
    assert going(plan) == ["u02"]


def test_filters_narrow_what_goes_and_never_what_is_judged() -> None:
    plan = plan_of(WAVES, seen([OLD, NEW, OLD, OLD]), filters=Filters(units=("u03",)))
    assert not plan.changes
    assert held(plan) == {"u03": HoldReason.WAVE_NOT_OPEN}


# --- pins, overrides, other versions ------------------------------------------------------------------------------------


def test_a_pin_passes_waves_and_is_in_none() -> None:
    plan = plan_of(WAVES, seen([OLD] * 4), pins={"u03": {"poller": "v2"}})
    assert going(plan) == ["u00", "u01", "u03"]
    assert rollout_of(plan).units == 3
    asked = remembered(went=(went("u00", NOW),))
    assert "u03" in going(plan_of(WAVES, seen([OLD] * 4), pins={"u03": {"poller": "v2"}}, memory=asked))


def test_each_version_spreads_by_itself_and_what_is_unmanaged_or_removed_does_not() -> None:
    overrides = [
        Override(units=Selector(ids=["u02"]), version="v3"),
        Override(units=Selector(ids=["u03"]), absent=True),
        Override(units=Selector(ids=["u04"]), unmanaged=True),
    ]
    plan = plan_of(WAVES, seen([OLD] * 6), overrides=overrides)
    assert going(plan) == ["u00", "u01", "u02", "u03"]
    assert [(one.rollout.version, one.units) for one in plan.rollouts] == [("v2", 3), ("v3", 1)]


def test_a_rule_that_no_unit_has_is_no_rollout() -> None:
    plan = plan_of(WAVES, seen([NEW]), overrides=[Override(units=Selector(ids=["nobody"]), version="v3")])
    assert [one.rollout.version for one in plan.rollouts] == ["v2"]


def test_what_is_on_its_way_goes_on_whatever_its_wave() -> None:
    ready = State(assigned="v2", reported="v1", phase=Phase.READY)
    left = msgspec.structs.replace(NEW, extra_versions=("v1",))
    plan = plan_of(WAVES, seen([OLD, OLD, ready, left, OLD]))
    assert going(plan) == ["u00", "u01", "u02", "u03"]


def test_without_anything_that_paces_there_is_no_rollout() -> None:
    assert plan_of(Rollout(deadline="2h"), seen([OLD])).rollouts == ()


# --- soak ---------------------------------------------------------------------------------------------------------------

SOAK = changed(WAVES, soak="30m")


def test_a_wave_soaks_from_when_it_was_seen_to_succeed() -> None:
    assert closing(NEW, NEW, OLD, rollout=SOAK) is ClosedBy.SOAK
    assert closing(NEW, NEW, OLD, rollout=SOAK, memory=remembered(met={(ID, 0): NOW - 60})) is ClosedBy.SOAK
    assert closing(NEW, NEW, OLD, rollout=SOAK, memory=remembered(met={(ID, 0): NOW - 1800})) is None
    assert closing(NEW, NEW, OLD, rollout=SOAK, memory=remembered(met={(ID, 0): NOW + 60})) is ClosedBy.SOAK
    plan = plan_of(SOAK, seen([NEW, NEW, OLD]), memory=remembered(met={(ID, 0): NOW - 60}))
    wave = rollout_of(plan).waves[1]
    assert wave.closing is not None
    assert (wave.closing.count, wave.closing.of) == (1740, 1800)
    assert rollout_of(plan).waves[0].state is WaveState.SOAKING


def test_what_was_asked_of_a_wave_since_begins_its_soak_anew() -> None:
    def opens(*some: Went) -> bool:
        memory = remembered(met={(ID, 0): NOW - 7200}, went=tuple(some))
        return closing(NEW, NEW, OLD, rollout=SOAK, memory=memory) is None

    assert not opens(went("u01", NOW - 60))
    assert opens(went("u01", NOW - 8000))
    assert opens(went("u02", NOW - 60))
    assert opens(went("u01", NOW - 60, Verb.REMOVE))
    assert opens(went("u01", NOW - 60, fleet="other"))
    assert opens(went("gone", NOW - 60))


def test_a_reading_from_before_an_answer_is_no_evidence() -> None:
    before, since = remembered(went=(went("u01", NOW - 2),)), remembered(went=(went("u01", NOW),))
    assert closing(NEW, NEW, OLD, memory=before) is None
    assert closing(NEW, NEW, OLD, memory=since) is ClosedBy.SUCCESS
    assert closing(NEW, NEW, OLD, memory=remembered(went=(went("gone", NOW), went("u00", NOW, fleet="other")))) is None
    assert closing(FAILED, NEW, OLD, memory=remembered(went=(went("u00", NOW),))) is ClosedBy.SUCCESS


def test_what_was_asked_to_leave_since_the_reading_is_no_evidence_either() -> None:
    def closed(*some: Went, states: tuple[State, State] = (NEW, NEW)) -> ClosedBy | None:
        return closing(*states, OLD, memory=remembered(went=some))

    gone = went("u01", NOW, Verb.REMOVE, to=None)
    assert closed(gone) is ClosedBy.TO_GO
    assert closed(went("u01", NOW, to="v1")) is ClosedBy.TO_GO
    assert closed(went("u01", NOW - 1, to="v1"), went("u01", NOW)) is ClosedBy.SUCCESS
    assert closed(went("u01", NOW - 2, to="v1")) is None
    assert closed(went("u01", NOW - 2, to="v1", late=True)) is ClosedBy.TO_GO
    assert closed(went("u01", NOW - 700, to="v1", late=True)) is None
    assert closing(NEW, NEW, OLD, memory=remembered(in_flight=(flying("u01", to="v1"),))) is ClosedBy.TO_GO
    assert closing(NEW, NEW, OLD, memory=remembered(in_flight=(flying("u01", to="v1", until=NOW - 60),))) is None


def test_a_call_for_another_version_opens_no_wave_for_its_unit() -> None:
    back = remembered(went=(went("u02", NOW - 60, to="v1", late=True),))
    plan = plan_of(WAVES, seen([OLD, OLD, OLD]), memory=back)
    assert (going(plan), list(held(plan))) == (["u00", "u01"], ["u02"])


def test_a_version_that_is_still_there_while_another_is_assigned_counts_in_the_forecast() -> None:
    left = msgspec.structs.replace(OLD, extra_versions=("v2",))
    fell_back = State(assigned="v1", reported="v2", phase=Phase.MOVING)
    for states, most in (((OLD, OLD), 1), ((OLD, left), 2), ((OLD, fell_back), 2), ((OLD, UNKNOWN), 2)):
        assert rollout_of(plan_of(WAVES, seen(states, canaries=1))).most == most


# --- halts and people ---------------------------------------------------------------------------------------------------

HALTING = changed(WAVES, failure=Failure(percent="50%", minimum=2), success="10%")


def test_a_rollout_halts_where_enough_failed_by_share_and_by_number() -> None:
    halted = plan_of(HALTING, seen([FAILED, STUCK, NEW, OLD], canaries=3))
    assert held(halted) == {"u03": HoldReason.ROLLOUT_HALTED}
    found = rollout_of(halted)
    assert (found.state, found.failed, found.attempted, found.fails) == (RolloutState.HALTED, 2, 3, True)
    assert [one.id for one in found.failing] == ["u00", "u01"]
    assert found.most == 3
    for states in ([FAILED, NEW, NEW, OLD], [FAILED, FAILED, NEW, NEW, NEW, OLD]):
        assert rollout_of(plan_of(HALTING, seen(states, canaries=len(states) - 1))).state is RolloutState.PROGRESSING


def test_without_a_rule_nothing_halts_and_without_a_minimum_one_failure_does() -> None:
    assert rollout_of(plan_of(WAVES, seen([FAILED, FAILED, OLD]))).state is RolloutState.PROGRESSING
    alone = changed(WAVES, failure=Failure(percent="0%", minimum=0))
    assert rollout_of(plan_of(alone, seen([NEW, NEW, OLD]))).state is RolloutState.PROGRESSING
    assert rollout_of(plan_of(alone, seen([NEW, FAILED, OLD]))).state is RolloutState.HALTED


def test_a_failure_that_can_never_be_met_is_said_until_it_no_longer_matters() -> None:
    def warned(minimum: int, state: State = OLD, max_moving: str | None = None) -> list[str]:
        failure = Failure(percent="1%", minimum=minimum)
        plan = plan_of(Rollout(waves=["100%"], failure=failure, max_moving=max_moving), seen([state] * 4))
        return [one for one in plan.warnings if "`failure`" in one]

    assert warned(4) == warned(5, NEW) == []
    assert warned(5) == ["`failure` never halts poller v2: 5 must fail, and it has 4 devices"]
    assert warned(3, max_moving="50%") == [
        (
            "`failure` does not halt poller v2 while its units stay connected: 3 must fail, and `max_moving` lets 2 devices "
            "move at a time, failed ones included"
        )
    ]
    assert "lets 1 device move" in warned(2, max_moving="1")[0]


def test_a_halt_holds_what_is_on_its_way_too_and_stays_while_it_is_remembered() -> None:
    ready = State(assigned="v2", reported="v1", phase=Phase.READY)
    plan = plan_of(HALTING, seen([NEW, ready, OLD]), memory=remembered(halts={ID: NOW - 60}))
    assert set(held(plan).values()) == {HoldReason.ROLLOUT_HALTED}
    assert not plan.changes
    found = rollout_of(plan)
    assert (found.halted_at, found.fails) == (NOW - 60, False)
    assert set(stages(plan).values()) == {0}


def test_a_complete_rollout_that_a_person_stopped_is_stopped_for_newcomers() -> None:
    paused = remembered(rulings={ID: rule(Command.PAUSE)})
    assert rollout_of(plan_of(HALTING, seen([NEW, NEW]), memory=paused)).state is RolloutState.PAUSED


@pytest.mark.parametrize(
    ("state", "excused", "goes"),
    [
        (FAILED, frozenset(), True),
        (msgspec.structs.replace(FAILED, since=NOW - 1), frozenset({"u00", "u01"}), False),
        (msgspec.structs.replace(FAILED, since=None), frozenset({"u00", "u01"}), True),
        (msgspec.structs.replace(FAILED, since=None), frozenset({"u00"}), True),
        (msgspec.structs.replace(FAILED, since=None), frozenset(), False),
    ],
)
def test_what_failed_before_a_person_resumed_counts_no_more(state: State, excused: frozenset[str], goes: bool) -> None:
    memory = remembered(rulings={ID: rule(Command.RESUME, NOW - 2)}, excused={ID: excused})
    found = rollout_of(plan_of(HALTING, seen([state, state, NEW, OLD], canaries=3), memory=memory))
    assert found.state is (RolloutState.PROGRESSING if goes else RolloutState.HALTED)


@pytest.mark.parametrize(
    ("command", "reason"),
    [(Command.PAUSE, HoldReason.ROLLOUT_PAUSED), (Command.ABORT, HoldReason.ROLLOUT_ABORTED), (Command.RESUME, None)],
)
def test_a_person_may_stop_a_rollout(command: Command, reason: HoldReason | None) -> None:
    plan = plan_of(WAVES, seen([OLD, OLD]), memory=remembered(rulings={ID: rule(command)}))
    assert set(held(plan).values()) == ({reason} if reason else set())
    assert len(plan.changes) == (0 if reason else 2)
    assert all(one.reasons[0].text == "ann: why" for one in plan.held)


def test_a_promoted_wave_is_taken_as_succeeded_and_no_later_one() -> None:
    three = Rollout(waves=[Wave(units=CANARY), Wave(units=Selector(ids=["u02"])), "100%"])
    plan = plan_of(three, seen([FAILED, OLD, OLD, OLD]), memory=remembered(promoted={ID: 0}))
    assert going(plan) == ["u01", "u02"]
    assert held(plan) == {"u03": HoldReason.WAVE_NOT_OPEN}
    assert [one.promoted for one in rollout_of(plan).waves] == [True, False, False]


# --- how many at a time -------------------------------------------------------------------------------------------------


def test_only_so_many_move_at_a_time_and_failed_ones_count() -> None:
    rollout = Rollout(max_moving="3")
    plan = plan_of(rollout, seen([MOVING, FAILED, OLD, OLD, OLD, NEW]))
    assert len(plan.changes) == 1
    assert set(held(plan).values()) == {HoldReason.TOO_MANY_MOVING}
    assert rollout_of(plan).moving == 2
    assert set(stages(plan).values()) == {2}
    assert not plan_of(rollout, seen([FAILED, FAILED, FAILED, FAILED, OLD])).changes


def test_they_go_in_the_order_of_the_rollout_the_earlier_wave_first() -> None:
    states = [OLD] * 12
    chosen = [going(plan_of(Rollout(max_moving=str(number)), seen(states))) for number in (1, 4, 12)]
    assert set(chosen[0]) < set(chosen[1]) < set(chosen[2])
    both = plan_of(changed(WAVES, max_moving="2"), seen([OLD, *[NEW] * 3, OLD]), memory=remembered(promoted={ID: 0}))
    assert going(both) == ["u00", "u04"]
    one = plan_of(changed(WAVES, max_moving="1"), seen([OLD, *[NEW] * 3, OLD]), memory=remembered(promoted={ID: 0}))
    assert going(one) == ["u00"]


@pytest.mark.parametrize(
    ("amount", "devices", "allowed"),
    [
        ("5%", 100, 5),
        ("5%", 3, 1),
        ("25", 3, 25),
        (Limit(percent="50%", number=1), 4, 1),
        (Limit(percent="50%", number=9), 4, 2),
        (Limit(percent="50%"), 4, 2),
    ],
)
def test_a_share_is_one_of_all_devices_and_never_none(amount: str | Limit, devices: int, allowed: int) -> None:
    found = rollout_of(plan_of(Rollout(max_moving=amount), seen([OLD] * devices)))
    assert found.at_once == allowed


def test_what_moves_already_needs_no_room_and_a_pin_takes_none() -> None:
    left = msgspec.structs.replace(NEW, extra_versions=("v1",))
    plan = plan_of(Rollout(max_moving="1"), seen([MOVING, left, OLD, OLD]), pins={"u02": {"poller": "v2"}})
    assert going(plan) == ["u01", "u02"]


def test_a_unit_larger_than_what_may_move_waits_and_keeps_nobody_else() -> None:
    plan = plan_of(Rollout(max_moving="10"), seen([OLD, OLD, OLD], sizes=[40, 4, 5]))
    assert set(going(plan)) == {"u01", "u02"}
    (hold,) = plan.held[0].reasons
    assert (hold.code, hold.count, hold.of) == (HoldReason.TOO_MANY_MOVING, 40, 10)


# --- cohorts ------------------------------------------------------------------------------------------------------------


def cohort(ready: int, size: int, *, share: int = 100, since: float = NOW - 5, later: int = 0) -> State:
    settings = () if share == 100 else (("rollout_percent", share),)
    conditions = (Condition(ConditionCode.REPORTS_LATER, count=later), Condition(ConditionCode.SILENT, count=1))
    return State(
        assigned="v2",
        reported="v1",
        phase=Phase.MOVING if ready < size else Phase.SETTLED,
        ready=ready,
        size=size,
        settings=settings,
        since=since,
        ahead=later > 0,
        conditions=conditions if later else (),
    )


def test_devices_are_counted_not_cohorts() -> None:
    rollout = changed(WAVES, success="90%", failure=Failure(percent="20%", minimum=5))
    plan = plan_of(rollout, seen([cohort(95, 100), cohort(0, 0), OLD], sizes=[100, 0, 50]), staging=STAGING)
    first, second = rollout_of(plan).waves
    assert (first.attempted, first.reporting, first.devices, second.devices) == (100, 95, 100, 50)
    assert going(plan) == ["u02"]
    late = plan_of(rollout, seen([cohort(70, 100, since=NOW - 5000), cohort(0, 0), OLD], sizes=[100, 0, 50]))
    assert (rollout_of(late).failed, rollout_of(late).state) == (30, RolloutState.HALTED)


def test_devices_that_run_a_later_version_say_nothing() -> None:
    found = rollout_of(plan_of(WAVES, seen([cohort(6, 10, later=4), NEW, OLD], sizes=[10, 1, 1])))
    assert (found.attempted, found.reporting, found.failed) == (7, 7, 0)
    late = rollout_of(plan_of(WAVES, seen([cohort(5, 10, later=4, since=NOW - 5000), NEW, OLD], sizes=[10, 1, 1])))
    assert (late.attempted, late.reporting, late.failed) == (7, 6, 1)


SHARES = Rollout(waves=[Wave(units=Selector(ids=["u00"]), share="10%"), Wave(share="50%"), Wave(share="100%")])


def test_a_wave_takes_a_share_of_a_cohort_and_a_later_one_goes_on() -> None:
    def step(*states: State) -> list[tuple[str, object]]:
        plan = plan_of(SHARES, seen(states, sizes=[100] * len(states)), staging=STAGING)
        return [(one.unit.id, one.share) for one in plan.changes]

    base = msgspec.structs.replace(OLD, size=100, ready=100)
    assert step(base, base) == [("u00", 10)]
    assert step(cohort(8, 10, share=10), base) == []
    assert step(cohort(10, 10, share=10), base) == [("u00", 50), ("u01", 50)]
    assert step(cohort(50, 50, share=50), cohort(50, 50, share=50)) == [("u00", msgspec.UNSET), ("u01", msgspec.UNSET)]
    assert step(cohort(100, 100), cohort(100, 100)) == []


def test_what_follows_a_share_is_said_beforehand_and_it_is_all_that_moves() -> None:
    plan = plan_of(changed(SHARES, max_moving="20"), seen([OLD, OLD], sizes=[100, 100]), staging=STAGING)
    (change,) = plan.changes
    assert [(step.call, step.when) for step in change.steps] == [("test.replace", "now"), ("test.raise", "later")]
    assert rollout_of(plan).most == 10
    assert [one.devices for one in rollout_of(plan).waves] == [10, 90, 100]


def test_a_share_never_goes_beyond_what_the_manifest_asks_for() -> None:
    plan = plan_of(SHARES, seen([OLD], sizes=[100]), staging=STAGING, settings={"rollout_percent": 5})
    assert [(one.share, one.settings) for one in plan.changes] == [(msgspec.UNSET, (("rollout_percent", 5),))]
    half = plan_of(
        SHARES, seen([cohort(10, 10, share=10)], sizes=[100]), staging=STAGING, settings={"rollout_percent": 30}
    )
    assert [one.share for one in half.changes] == [msgspec.UNSET]


# --- complete, forecast, milestones -------------------------------------------------------------------------------------


def test_a_rollout_that_everybody_reports_is_complete_and_its_waves_are_not_looked_at() -> None:
    plan = plan_of(WAVES, seen([NEW, NEW, NEW]))
    found = rollout_of(plan)
    assert (found.state, found.units, found.waves, found.owed) == (RolloutState.COMPLETE, 3, (), 0)


def test_one_that_is_complete_but_for_absent_units_holds_these() -> None:
    plan = plan_of(WAVES, seen([NEW, NEW, OLD, msgspec.structs.replace(NEW, extra_versions=("v1",))], reach={2: DOWN}))
    assert (rollout_of(plan).state, rollout_of(plan).owed) == (RolloutState.COMPLETE, 1)
    assert held(plan) == {"u02": HoldReason.OWED}
    assert going(plan) == ["u03"]


def test_the_forecast_says_how_far_a_bad_version_gets() -> None:
    rollout = Rollout(waves=[Wave(units=CANARY), Wave(units=Selector(ids=["u02", "u03"])), "100%"], max_moving="1")
    plan = plan_of(rollout, seen([OLD, OLD, OLD, OLD, OLD, MOVING], reach={1: DOWN}))
    found = rollout_of(plan)
    assert (found.most, found.at_once) == (3, 1)
    assert [one.cumulative for one in found.waves] == [33.3, 66.7, 100.0]


def test_the_rest_comes_after_the_waves_where_there_is_any() -> None:
    plan = plan_of(Rollout(waves=[Wave(units=CANARY)]), seen([OLD, OLD, OLD]))
    assert [(one.wave, one.rule, one.units) for one in rollout_of(plan).waves] == [
        (0, "units tags ring canary", 2),
        (1, "", 1),
    ]
    empty = plan_of(Rollout(waves=[Wave(units=CANARY), "100%"]), seen([OLD, OLD], sizes=[0, 0]))
    assert [one.cumulative for one in rollout_of(empty).waves] == [100.0, 100.0]


def told(rollout: Rollout, *states: State, memory: Memory | None = None) -> list[object]:
    found = plan_of(rollout, seen(states), memory=memory or remembered())
    events = milestones(found, memory or remembered(), at=NOW, run="r")
    return [(one.wave, one.met) if isinstance(one, Met) else (one.failed, one.attempted) for one in events]


def test_waves_of_a_rollout_that_is_complete_go_without_saying() -> None:
    def implied(*states: State) -> list[tuple[int, bool]]:
        events = milestones(plan_of(WAVES, seen(states)), remembered(), at=NOW, run="r")
        return [(one.wave, one.implied) for one in events if isinstance(one, Met)]

    assert implied(NEW, NEW, OLD) == [(0, False)]
    assert implied(NEW, NEW, NEW) == [(0, True), (1, True), (2, False)]


def test_a_wave_is_told_of_when_it_succeeds_and_when_it_no_longer_does() -> None:
    assert told(WAVES, NEW, NEW, OLD) == [(0, True)]
    known = remembered(met={(ID, 0): NOW - 5})
    assert told(WAVES, NEW, NEW, OLD, memory=known) == []
    assert told(WAVES, NEW, MOVING, OLD, memory=known) == [(0, False)]
    assert told(WAVES, NEW, NEW, NEW, memory=known) == [(1, True), (2, True)]
    whole = remembered(met={(ID, 0): NOW, (ID, 1): NOW, (ID, 2): NOW})
    assert told(WAVES, NEW, NEW, NEW, memory=whole) == [(2, True)], "that it is complete was never recorded"
    whole = msgspec.structs.replace(whole, complete={ID: NOW})
    assert told(WAVES, NEW, NEW, NEW, memory=whole) == []
    assert told(WAVES, NEW, NEW, OLD, memory=whole) == [(2, False), (1, False)]


def test_a_halt_is_told_once_and_again_where_more_failed() -> None:
    states = [FAILED, FAILED, NEW, OLD]
    assert (2, 3) in told(HALTING, *states)
    known = remembered(halts={ID: NOW}, failing={ID: frozenset({"u00", "u01"})})
    assert (2, 3) not in told(HALTING, *states, memory=known)
    assert (2, 3) in told(HALTING, *states, memory=remembered(halts={ID: NOW}, failing={ID: frozenset({"u00"})}))
    assert told(HALTING, NEW, NEW, OLD, memory=remembered(halts={ID: NOW})) == [(0, True)]


def test_the_last_wave_closes_nothing() -> None:
    assert rollout_of(plan_of(WAVES, seen([NEW, NEW, MOVING]))).waves[-1].closing is None
    assert rollout_of(plan_of(WAVES, seen([OLD, NEW]))).waves[0].closing is None
    assert told(WAVES, NEW, NEW, MOVING) == [(0, True)]


def test_who_another_rule_decides_weighs_nothing() -> None:
    plan = plan_of(WAVES, seen([OLD, OLD, OLD], sizes=[5, 6, 7]), pins={"u02": {"poller": "v1"}})
    assert [one.devices for one in rollout_of(plan).waves] == [11, 0]


def test_a_step_asks_for_the_share_of_its_wave() -> None:
    plan = plan_of(SHARES, seen([OLD, OLD], sizes=[9, 9]), staging=STAGING, settings={"a": 1})
    (change,) = plan.changes
    assert asked(change, STAGING).settings == (("a", 1), ("rollout_percent", 10))
    assert asked(change, None) is change
    assert asked(msgspec.structs.replace(change, share=msgspec.UNSET), STAGING).settings == (("a", 1),)
    assert share_of((("rollout_percent", "all"),), STAGING) == 100


def test_nothing_is_complete_while_nobody_is_there_and_one_that_is_may_go_no_further_than_all() -> None:
    found = rollout_of(plan_of(WAVES, seen([NEW, OLD], reach={0: DOWN, 1: DOWN})))
    assert (found.state, found.most) == (RolloutState.PROGRESSING, 2)
    done = rollout_of(
        plan_of(WAVES, seen([NEW, OLD, OLD], reach={1: DOWN}, sizes=[3, 4, 5]), pins={"u02": {"poller": "v1"}})
    )
    assert (done.state, done.devices, done.most) == (RolloutState.COMPLETE, 7, 7)


def test_a_unit_that_left_after_it_was_asked_is_owed_unless_it_is_on_its_way() -> None:
    sent = remembered(in_flight=(flying("u00"),))
    ready = State(assigned="v2", reported="v1", phase=Phase.READY)
    for state, holds in ((OLD, {"u00": HoldReason.OWED}), (ready, {})):
        plan = plan_of(WAVES, seen([state, OLD, OLD], reach={0: DOWN}), memory=sent)
        assert {unit: why for unit, why in held(plan).items() if unit == "u00"} == holds


def test_a_unit_is_explained_by_the_wave_that_takes_it_next() -> None:
    def wave_of(rollout: Rollout, row: int, *states: State, staging: Staging | None = None, **more: Any) -> int | None:
        snapshot = seen(states, sizes=[100] * len(states) if staging else None)
        one = assessed(rollout, snapshot, staging=staging, **more)
        plan = planned(one, {Release("w1", "v2"): ReleaseInfo(found=True)})
        found = explain(one, plan, Manifest({}, {}, {}, ""), row, snapshot.workloads[0]).wave
        return None if found is None else found.wave

    assert [wave_of(WAVES, row, NEW, OLD, OLD) for row in range(3)] == [0, 0, 1]
    assert wave_of(WAVES, 0, NEW, NEW, NEW) is None
    assert wave_of(WAVES, 2, OLD, OLD, OLD, pins={"u02": {"poller": "v1"}}) is None
    assert wave_of(Rollout(), 0, OLD) is None
    half = cohort(50, 50, share=50)
    assert [wave_of(SHARES, 0, one, OLD, staging=STAGING) for one in (OLD, half, cohort(100, 100))] == [0, 2, 2]


def flying(unit: str, *, to: str = "v2", until: float = NOW + 60, fleet: str = "fleet") -> InFlight:
    return InFlight(fleet=fleet, unit=unit, workload="w1", to=to, observed="", at=NOW - 9, until=until)


def test_what_was_sent_and_does_not_show_yet_is_on_the_way() -> None:
    def moving(*sent: InFlight, states: tuple[State, ...] = (OLD, OLD, OLD), **more: Any) -> tuple[int, int]:
        plan = plan_of(Rollout(max_moving="2"), seen(states, **more), memory=remembered(in_flight=sent))
        return rollout_of(plan).moving, len([one for one in going(plan) if one not in {it.unit for it in sent}])

    assert moving() == (0, 2)
    assert moving(flying("u00")) == (1, 1)
    assert moving(flying("u00"), flying("u01")) == (2, 0)
    assert moving(flying("u00"), states=(NEW, OLD, OLD)) == (0, 2)
    for other in (flying("u00", to="v1"), flying("u00", until=NOW), flying("u00", fleet="x"), flying("gone")):
        assert moving(other)[0] == 0
    assert moving(flying("u00"), sizes=[7, 1, 1]) == (7, 0)
    assert closing(NEW, OLD, OLD, memory=remembered(in_flight=(flying("u01"),))) is ClosedBy.SUCCESS
