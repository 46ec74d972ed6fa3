"""Drift over passes: on slots that are held as on any other, with who made it, and until it is over for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from reconciler.core import digest
from reconciler.engine.attribution import named
from reconciler.engine.run import Options
from reconciler.engine.watched import Watched
from reconciler.errors import PlatformError
from reconciler.model.change import SlotId
from reconciler.model.drift import Actor, ActorKind, DriftCause
from reconciler.model.event import AnyEvent, Differing, Drifted, Passed
from reconciler.model.fleet import Quarantine, Rollout, Selector, Suspend, Window
from reconciler.model.hold import HoldReason
from reconciler.model.observation import Phase, State
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach
from reconciler.views.plan_words import assigned_words
from tests.unit.engine.memory import Memory, gone, request
from tests.unit.engine.test_watching import INTERVAL, Between, Git, drifts, passes, watch_of, watched

Happens = Callable[[Memory], object]


def of_kind(events: list[AnyEvent], kind: type[AnyEvent]) -> list[Any]:
    return [one for one in events if isinstance(one, kind)]


NEVER = [Window(deny="* * * * *", duration="1h")]
HOLDS: dict[str, tuple[dict[str, Any], HoldReason]] = {
    "suspended": ({"suspend": Suspend(reason="audit")}, HoldReason.SUSPENDED),
    "quarantined": (
        {"quarantine": [Quarantine(workload="poller", version="1", reason="boot")]},
        HoldReason.QUARANTINED,
    ),
    "window": ({"windows": NEVER}, HoldReason.OUTSIDE_WINDOW),
    "pinned outside a window": ({"pins": {"u1": {"poller": "1"}}, "windows": NEVER}, HoldReason.OUTSIDE_WINDOW),
}


@pytest.mark.parametrize("apply", [True, False])
@pytest.mark.parametrize("name", HOLDS)
def test_drift_on_a_held_slot_is_drift_and_says_what_holds_its_correction(name: str, apply: bool) -> None:
    more, reason = HOLDS[name]
    memory = passes(lambda one: one.set("u1", "7"), lambda one: None)
    events = watched(memory, Git(request("1", **more)), apply=apply)
    (drift,) = of_kind(events, Drifted)
    assert (drift.unit.id, drift.was, drift.now, drift.desired, drift.verb) == ("u1", "1", "7", "1", "replace")
    assert [one.code for one in drift.holds] == [reason]
    assert memory.calls == []
    assert of_kind(events, Differing) == [], "it was reported as drift"


def test_drift_on_a_slot_whose_wave_is_not_open_is_drift() -> None:
    """The rollout of 2 has reached its first wave; a unit of the last one is changed by somebody."""
    git = Git(request("2", rollout=Rollout(waves=["1%", "100%"], soak="1d")))
    memory = passes(lambda one: one.set("u9", "7"), lambda one: None, count=30)
    (drift,) = of_kind(watched(memory, git), Drifted)
    assert (drift.unit.id, drift.now, [one.code for one in drift.holds]) == ("u9", "7", [HoldReason.WAVE_NOT_OPEN])


def test_drift_that_nothing_holds_bears_no_holds() -> None:
    (drift,) = of_kind(watched(passes(lambda one: one.set("u1", "7")), Git(request("1"))), Drifted)
    assert drift.holds == ()


def test_what_a_person_holds_is_reported_by_unit_once_and_what_waits_for_its_turn_is_not() -> None:
    audit = request("2", suspend=Suspend(reason="audit"))
    for apply in (True, False):
        told = of_kind(watched(passes(lambda one: None), Git(audit), apply=apply), Differing)
        assert [(len(one.units), [hold.code for hold in one.holds]) for one in told] == [(4, [HoldReason.SUSPENDED])]
    closed = request("2", windows=NEVER)
    assert of_kind(watched(passes(lambda one: None), Git(closed)), Differing) == []


@pytest.mark.parametrize("other", ["comes", "goes"])
def test_a_unit_that_comes_or_goes_hides_no_drift_of_the_same_pass(other: str) -> None:
    def happen(one: Memory) -> None:
        one.set("u1", "7")
        one.slots["u2", "w1"] = State("1", "0")
        if other == "comes":
            one.units["a"] = Reach.CONNECTED
            one.slots["a", "w1"] = State("1", "1")
        else:
            del one.units["u0"]

    events = watched(passes(happen), Git(request("1")), apply=False)
    assert drifts(events) == [("u1", "1", "7", "1"), ("u2", "1", "0", "1")]


class Asked(Memory):
    """A platform that says who assigned a version; `said` answers, and `questions` are those that came."""

    said: Callable[[SlotId], Actor | None] = staticmethod(lambda slot: Actor(name="ann", kind=ActorKind.USER, at=5.0))
    fails: PlatformError | None = None

    def __init__(self, *happens: Happens, count: int = 4) -> None:
        clock = Between()
        super().__init__(clock, count)
        clock.happens = [partial(one, self) for one in happens]
        self.questions: list[tuple[dict[SlotId, str | None], float]] = []

    def attribute(self, slots: Mapping[SlotId, str | None], before: Snapshot | None = None) -> Mapping[SlotId, Actor]:
        self.questions.append((dict(slots), before.read_at if before is not None else 0.0))
        if self.fails is not None:
            raise self.fails
        return {slot: actor for slot in slots if (actor := self.said(slot)) is not None}


def two(one: Memory) -> None:
    for unit in ("u1", "u2"):
        one.set(unit, "7")


def test_who_changed_a_slot_is_asked_once_a_pass_for_all_and_only_where_something_drifted() -> None:
    memory = Asked(two, lambda one: None)
    began = memory.clock.time
    events = watched(memory, Git(request("1")), apply=False)
    assert [(one.by, one.by_kind, one.changed_at) for one in of_kind(events, Drifted)] == [("ann", "user", 5.0)] * 2
    ((slots, read_at),) = memory.questions
    assert slots == {("u1", "w1"): "7", ("u2", "w1"): "7"}
    assert read_at == began, "the reading that showed something else"


@pytest.mark.parametrize("how", ["nobody", "some", "fails"])
def test_where_the_platform_does_not_say_who_it_was_drift_is_reported_without(how: str) -> None:
    memory = Asked(two)
    ann = Actor(name="ann")
    memory.said = lambda slot: ann if how == "some" and slot[0] == "u2" else None
    memory.fails = gone(403) if how == "fails" else None
    events = watched(memory, Git(request("1")), apply=False)
    assert [one.by for one in of_kind(events, Drifted)] == ["", "ann" if how == "some" else ""]
    assert [one.error for one in of_kind(events, Passed)] == ["", ""]


def test_nobody_is_asked_about_what_a_unit_did_and_what_git_says_anew() -> None:
    git = Git(request("1"))
    memory = Asked(lambda one: one.slots.update({("u1", "w1"): State("1", "0")}), lambda one: git.say(request("3")))
    events = watched(memory, git, apply=False)
    assert [one.cause for one in of_kind(events, Drifted)] == [DriftCause.UNIT]
    assert memory.questions == []


def kept(memory: Memory, *, held: bool = False) -> FleetPlan:
    """Return the plan of a fleet that a single pass keeps for people to read."""
    plans: list[Plan] = []
    git = Git(request("1", suspend=Suspend(reason="audit") if held else None))
    for _ in watch_of(memory, git, Watched(once=True), lambda seen: plans.append(named(seen))).events():
        pass
    assert digest.sealed(plans[0]) == plans[0]
    return plans[0].fleets[0]


@pytest.mark.parametrize("held", [True, False])
def test_a_plan_that_is_kept_says_who_assigned_what_differs(held: bool) -> None:
    memory = Asked(count=9)
    for number in range(5):
        memory.set(f"u{number}", "7")
    memory.set("u8", None)
    memory.said = lambda slot: Actor(name="bob" if slot[0] == "u4" else "ann", at=float(slot[0][1:]))
    found = kept(memory, held=held)
    assert [(one.version, one.slots, one.by, one.at, len(one.units)) for one in found.assigned] == [
        ("7", 4, "ann", 3.0, 3),
        ("7", 1, "bob", 4.0, 1),
        (None, 1, "ann", 8.0, 1),
    ]
    assert "poller 7 on 4 units (u0, u1, u2 and 1 more): ann, last at " in assigned_words(found.assigned[0])
    assert assigned_words(found.assigned[2]).startswith("poller removed on 1 unit (u8): ann at ")


@pytest.mark.parametrize("how", ["in sync", "says nothing", "fails"])
def test_a_plan_of_which_nobody_says_more_is_kept_as_it_is(how: str) -> None:
    memory = passes() if how == "says nothing" else Asked()
    if how != "in sync":
        memory.set("u1", "7")
    if isinstance(memory, Asked):
        memory.fails = gone(403)
    assert kept(memory).assigned == ()
    assert how != "in sync" or (isinstance(memory, Asked) and memory.questions == [])


# --- over for good ------------------------------------------------------------------------------------------------------

FAILED = State("1", "0", Phase.FAILED, error="disk full")
TRIED = State("1", "0", Phase.MOVING)
WELL = State("1", "1")


def becomes(state: State) -> Happens:
    return lambda one: one.slots.update({("u1", "w1"): state})


def kinds(*states: State, first: State = WELL) -> list[tuple[int, int]]:
    """Return of each pass how many slots fail, and how many failed and are not well yet."""
    memory = passes(*map(becomes, states))
    becomes(first)(memory)
    ended = of_kind(watched(memory, Git(request("1")), apply=False), Passed)
    return [(sum(one.slots for one in each.failing), sum(one.slots for one in each.unsettled)) for each in ended]


def test_a_slot_that_is_tried_again_is_not_well_until_it_reports_the_version() -> None:
    assert kinds(FAILED, TRIED, FAILED, TRIED, WELL, TRIED) == [(0, 0), (1, 0), (0, 1), (1, 0), (0, 1), (0, 0), (0, 0)]


def test_a_slot_of_which_nothing_is_known_is_not_well() -> None:
    assert kinds(FAILED, State(phase=Phase.UNKNOWN), WELL) == [(0, 0), (1, 0), (0, 1), (0, 0)]


def test_what_was_on_its_way_when_a_process_began_may_have_failed_before() -> None:
    memory = passes(becomes(WELL), becomes(TRIED))
    becomes(TRIED)(memory)
    ended = of_kind(watched(memory, Git(request("1")), apply=False), Passed)
    assert [[(one.version, one.slots) for one in each.unsettled] for each in ended] == [[("1", 0)], [], []]


@pytest.mark.parametrize("how", ["another version", "unmanaged", "gone", "absent"])
def test_what_nobody_asks_for_any_more_is_no_trouble(how: str) -> None:
    git = Git(request("1"))

    def end(one: Memory) -> None:
        becomes(TRIED)(one)
        if how == "gone":
            del one.units["u1"]
        else:
            asked = {
                "another version": request("3"),
                "absent": request(None),
                "unmanaged": request("1", units=Selector(ids=["u0"])),
            }
            git.say(asked[how], commit="d")

    events = watched(passes(becomes(FAILED), becomes(TRIED), end), git, apply=False)
    assert [len(one.unsettled) for one in of_kind(events, Passed)] == [0, 0, 1, 0]


def test_a_unit_that_an_incomplete_reading_does_not_show_is_in_trouble_still() -> None:
    def hide(one: Memory) -> None:
        del one.units["u1"]
        one.coverage = msgspec.structs.replace(one.coverage, complete=False, problems=("cut",))

    events = watched(passes(becomes(FAILED), hide), Git(request("1")), apply=False)
    (last,) = of_kind(events, Passed)[-1].unsettled
    assert [unit.id for unit in last.units] == ["u1"]


def test_drift_is_over_once_the_unit_reports_what_git_says() -> None:
    moving = State("1", "7", Phase.MOVING)
    memory = passes(lambda one: one.set("u1", "7"), becomes(moving), becomes(State("1", "0")), becomes(WELL))
    events = watched(memory, Git(request("1")), apply=False)
    assert [one.astray for one in of_kind(events, Passed)] == [0, 1, 1, 1, 0]


# --- what is printed last -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait", [True, False])
def test_a_pass_that_waits_says_how_its_fleets_stand_at_its_end(wait: bool) -> None:
    memory = passes()
    options = Options(concurrency=1, wait=wait, deadline=INTERVAL / 2)
    watching = watch_of(memory, Git(request("2")), Watched(once=True, apply=True, detailed=True, options=options))
    (last,) = of_kind(list(watching.events()), Passed)
    assert (last.sync, last.changes) == (("synced", 0) if wait else ("out of sync", 4))
    assert last.waited is wait
    assert watching.exit_code == 0


def test_what_drifted_while_a_pass_waited_is_left_at_its_end() -> None:
    memory = passes()
    options = Options(concurrency=1, wait=True, deadline=INTERVAL / 2)
    watching = watch_of(memory, Git(request("2")), Watched(once=True, apply=True, detailed=True, options=options))
    events = []
    for event in watching.events():
        if type(event).__name__ == "Finished":
            memory.set("u0", "7")
        events.append(event)
    (last,) = of_kind(events, Passed)
    assert (last.sync, last.changes) == ("out of sync", 1)
    assert watching.exit_code == 2


def test_a_pass_whose_last_reading_fails_says_so() -> None:
    memory = passes()
    options = Options(concurrency=1, wait=True, deadline=INTERVAL / 2)
    watching = watch_of(memory, Git(request("2")), Watched(once=True, apply=True, detailed=True, options=options))
    events = []
    for event in watching.events():
        if type(event).__name__ == "Finished":
            memory.unreadable = [gone()]
        events.append(event)
    (last,) = of_kind(events, Passed)
    assert (last.sync, last.error) == ("unknown", "memory: list: no connection")
    assert watching.exit_code == 1
