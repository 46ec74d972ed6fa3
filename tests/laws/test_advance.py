"""What `core.advance` keeps whatever calls come to, whatever is read, and whatever others do meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.advance import advance
from reconciler.core.answers import ATTEMPTS
from reconciler.core.begin import begin
from reconciler.core.gate import FRESH
from reconciler.core.progress import MAX_SENDS, Advance, Answers, Call, Look, Moment, Progress, Sight, Unread
from reconciler.model.change import Change, SlotId
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import State
from reconciler.model.outcome import Outcome, ReceiptKind, Result
from reconciler.model.unit import Reach
from tests.laws.advancing import MEDDLING, NEW, OLD, ONE, PAIRS, RECEIPTS, STEPS, WORKLOADS, Choose, World
from tests.laws.strategies import document

LIFTED = ("release", "replace", "remove", "empty-scope")
DEADLINE = 900.0
ROUNDS = 400
"""More advances than any run of a small fleet may take."""
SENDS = 4 * ATTEMPTS * MAX_SENDS
"""How often one slot is sent at most in a run, whatever happens."""


class Referee:
    """Holds every advance of one run against the laws, from what went before and what the world is."""

    def __init__(self, progress: Progress, ended: Sequence[Outcome], sight: Sight, world: World) -> None:
        self.slots = frozenset(progress.tracks) | {slot(one) for one in ended}
        self.outcomes = list(ended)
        self.explained = {one: {state_of(sight, one).assigned, goal_of(progress, one)} for one in progress.tracks}
        self.content = {it[:2]: it[2] for it in sight.plan.basis.versions} if sight.plan is not None else {}
        self.before = frozenset(world.foreign)
        self.owed = {(change.unit.id, change.workload.id) for _, change in world.late}  # by a run that was killed
        self.room: dict[SlotId, int] = {}
        self.sent: Counter[SlotId] = Counter()
        self.last: dict[SlotId, tuple[int, int]] = {}
        self.failed: set[SlotId] = set()
        self.over = False

    def judge(self, before: Progress, moment: Moment, sight: Sight | Unread, answers: Answers, world: World) -> Advance:
        """Advance; hold what comes of it against the laws."""
        said = repr((before, moment, answers))
        step = advance(before, moment, sight, answers)
        assert advance(before, moment, sight, answers) == step, "it is not the same each time"
        assert repr((before, moment, answers)) == said, "it changes what it was given"
        self._ends(step, sight, world)
        if step.calls:
            assert isinstance(sight, Sight)
            self._sends(step, moment, sight)
        elif step.look is Look.NOTHING:
            assert step.ended, "nothing goes on, and something is open"
        return step

    def _ends(self, step: Advance, sight: Sight | Unread, world: World) -> None:
        self.outcomes += step.outcomes
        ended = [slot(one) for one in self.outcomes]
        assert len(set(ended)) == len(ended), "a change ended twice"
        assert set(ended).isdisjoint(step.progress.tracks)
        assert step.progress.tracks.keys() <= self.slots
        for one in step.outcomes:
            if one.result is Result.DONE:
                assert isinstance(sight, Sight)
                state = state_of(sight, slot(one))
                assert state.assigned == one.to, "done, and it is not there"
                assert one.detail or state.reported == one.to, "done, and it does not run"
            if one.result is Result.STALE:
                assert slot(one) in (world.foreign - self.before) | self.owed, one

    def _sends(self, step: Advance, moment: Moment, sight: Sight) -> None:
        assert not self.over, "sent after a halt"
        assert not moment.stopping, "sent after a stop"
        assert sight.plan is not None
        assert moment.now - sight.done_at <= FRESH, "sent on an old reading"
        (stage,) = {call.action.stage for call in step.calls}
        slots = [one for call in step.calls for one in call.slots]
        assert len(set(slots)) == len(slots), "a slot is in two calls of one stage"
        allowed = set(sight.plan.changes)
        for call in step.calls:
            assert allowed.issuperset(call.changes), "today's plan does not have it"
            for one, change in zip(call.slots, call.changes, strict=True):
                self._one(one, change, call, sight, stage)

    def _one(self, one: SlotId, change: Change, call: Call, sight: Sight, stage: int) -> None:
        assert sight.plan is not None
        assert len(call.slots) <= self.room.get(one, len(call.slots)), "as large as what was refused"
        assert state_of(sight, one).assigned in self.explained[one] | {None}, "somebody else was there"
        now = {it[:2]: it[2] for it in sight.plan.basis.versions}
        key = (one[1], change.to or "")
        assert now.get(key) == self.content.get(key), "its content was overwritten"
        number, then = self.last.get(one, (0, -1))
        assert sight.number > number or (stage > then and one not in self.failed), "sent again without a reading"
        self.last[one] = sight.number, stage
        self.failed.discard(one)
        self.sent[one] += 1
        assert self.sent[one] <= SENDS, "sent again and again"

    def answered(self, answers: Answers, progress: Progress, *, fail_fast: bool) -> None:
        """Take note of what calls came to."""
        for call, receipt in answers:
            accepted = receipt is not None and receipt.kind is ReceiptKind.ACCEPTED
            refused = receipt is not None and receipt.kind is ReceiptKind.REJECTED and not receipt.alternative
            self.over |= refused and (fail_fast or (receipt is not None and receipt.status in {401, 403}))
            for one in call.slots:
                if accepted:
                    self.room.pop(one, None)
                else:
                    self.failed.add(one)
                if refused and receipt is not None and receipt.status == 400 and progress.splits:
                    self.room[one] = max(1, (len(call.slots) + 1) // 2)


def slot(one: Outcome) -> SlotId:
    return one.unit.id, one.workload.id


def goal_of(progress: Progress, one: SlotId) -> str | None:
    return progress.tracks[one].goal.to


def state_of(sight: Sight, one: SlotId) -> State:
    row = sight.snapshot.units.index.get(one[0])
    return sight.snapshot.state(one[1], row) if row is not None else State()


# --- what is drawn ------------------------------------------------------------------------------------------------------


def choosing(data: st.DataObject, budget: int) -> Choose[str]:
    """Return a way to choose what happens: `budget` times drawn, then always the first option."""
    left = [budget]

    def choose(options: Sequence[str]) -> str:
        left[0] -= 1
        return data.draw(st.sampled_from(options)) if left[0] >= 0 else options[0]

    return choose


@st.composite
def worlds(draw: st.DrawFn, *, most: int = 4) -> World:
    """A small fleet that wants version 2 of one workload, and of another one this or that."""
    units = [f"u{number}" for number in range(draw(st.integers(1, most)))]
    other = draw(st.sampled_from([None, None, WorkloadSpec(version=NEW), WorkloadSpec(absent=True)]))
    workloads = {"poller": WorkloadSpec(version=NEW), **({"vision": other} if other is not None else {})}
    spec = FleetSpec(connection="plant", units=Selector(all=True), workloads=workloads)
    firsts = st.sampled_from([OLD, OLD, OLD, None, NEW])
    slots = {(unit, it.id): State(first, first) for unit in units for it in WORKLOADS for first in [draw(firsts)]}
    away = draw(st.sets(st.sampled_from(units), max_size=1))
    world = World(document(spec), draw(st.sampled_from([ONE, STEPS, PAIRS])), draw(st.integers(1, 4)), slots, away)
    world.blocked = set(draw(st.sets(st.sampled_from(units), max_size=1))) if draw(st.booleans()) else set()
    return world


def read(world: World, number: int, look: Look, choose: Choose[str]) -> Sight | Unread:
    """Read the world as a run asks for it, and as it can be read."""
    world.settle()
    how = choose(["whole", *(["open"] * 3 if look is Look.OPEN else []), "old", "failed", "no rights", "lacking"])
    if how in {"failed", "no rights"}:
        return Unread(number=number, error="no connection", final=how == "no rights")
    lacking = {choose(sorted(world.units))} if how == "lacking" and world.units else set()
    found = world.sight(number, whole=how != "open", lacking=lacking)
    world.time += FRESH + 1 if how == "old" else 0.0
    world.arrive()
    return found


def go(world: World, choose: Choose[str], *, wait: bool = True, fail_fast: bool = False) -> list[Outcome] | None:
    """Drive one run to its end, or until it is killed; return what came of it, None where it was killed."""
    began, number = world.time, 1
    first = world.sight(number)
    assert first.plan is not None
    assert first.assessment is not None
    begun = begin(
        first.plan, first.assessment, None, allowed=LIFTED, wait=wait, steps=world.kind == STEPS, fail_fast=fail_fast
    )
    referee = Referee(begun.progress, begun.outcomes, first, world)
    progress = begun.progress
    sight: Sight | Unread = first
    sending: Answers = ()
    for _ in range(ROUNDS):
        moment = Moment(now=world.time, stopping=world.stop, over=wait and world.time - began >= DEADLINE)
        step = referee.judge(progress, moment, sight, sending, world)
        progress = step.progress
        if step.ended:
            assert {slot(one) for one in referee.outcomes} == referee.slots or not wait
            return referee.outcomes
        happens = choose(["go on"] * 30 + ["die", "stop"])
        if happens == "die":
            return None
        world.stop |= happens == "stop"
        if step.calls:
            sending = send(world, step.calls, choose, fail_fast=fail_fast)
            referee.answered(sending, progress, fail_fast=fail_fast)
            continue
        world.time += min(step.pause, max(began + DEADLINE - world.time, 0.0) or step.pause)
        if choose(["nothing", "nothing", "unblock"]) == "unblock" or step.pause > 5:
            world.blocked.clear()
        what = choose(["nothing"] * 12 + list(MEDDLING))
        if what != "nothing" and world.units:
            world.meddle(what, choose(sorted(world.units)))
        number += 1
        sight, sending = read(world, number, step.look, choose), ()
    raise AssertionError("it never ends")


def send(world: World, calls: Sequence[Call], choose: Choose[str], *, fail_fast: bool) -> Answers:
    """Send calls as `engine.dispatch` does: nothing more once the run is over, or as its reading grew old."""
    found = []
    over = False
    for call in calls:
        world.time += 1.0
        receipt = None if over else world.answer(call, choose(["accepted"] * 4 + list(RECEIPTS)))
        refused = receipt is not None and receipt.kind is ReceiptKind.REJECTED and not receipt.alternative
        over |= refused and (fail_fast or (receipt is not None and receipt.status == 401))
        found.append((call, receipt))
    return tuple(found)


# --- laws ---------------------------------------------------------------------------------------------------------------


@given(worlds(), st.data(), st.sampled_from([True, True, True, False]), st.booleans())
def test_whatever_happens(world: World, data: st.DataObject, wait: bool, fail_fast: bool) -> None:
    go(world, choosing(data, 60), wait=wait, fail_fast=fail_fast)


@given(worlds(most=12), st.data())
def test_one_bad_id_costs_one_unit(world: World, data: st.DataObject) -> None:
    world.units = dict.fromkeys(world.units, Reach.CONNECTED)
    world.blocked.clear()
    world.bad = data.draw(st.sets(st.sampled_from(sorted(world.units)), max_size=2))
    found = go(world, lambda options: options[0])
    assert found is not None
    assert [one for one in found if one.result is not Result.DONE and one.unit.id not in world.bad] == []
    assert {one.result for one in found if one.unit.id in world.bad} <= {Result.FAILED}
    assert all(state.assigned == world.wanted(*slot) for slot, state in world.slots.items() if slot[0] not in world.bad)


@given(worlds(), st.data())
def test_killed_anywhere_and_run_again_the_same_end_is_reached(world: World, data: st.DataObject) -> None:
    def fate(options: Sequence[str]) -> str:
        return choose([one for one in options if one not in MEDDLING or one == "nothing"])

    choose = choosing(data, 40)
    for _ in range(3):
        go(world, fate, wait=data.draw(st.booleans()))
        world.stop = False
    world.blocked.clear()
    world.arrive()
    for _ in range(2):
        go(world, lambda options: options[0])
    assert not world.foreign
    assert {slot: state.assigned for slot, state in world.slots.items()} == {
        slot: world.wanted(*slot) for slot in world.slots
    }
    again = world.sight(1).plan
    assert again is not None
    assert not again.changes


@given(worlds(), st.lists(st.sampled_from(sorted(RECEIPTS)), min_size=1, max_size=4), st.booleans())
def test_a_run_ends_whatever_is_answered_for_ever(world: World, answers: list[str], wait: bool) -> None:
    turns = cycle(answers)

    def choose(options: Sequence[str]) -> str:
        return next(turns) if "accepted" in options else options[0]

    found = go(world, choose, wait=wait)
    assert found is not None
    if set(answers) == {"lost"}:
        assert {one.result for one in found} <= {Result.DONE, Result.UNKNOWN}


@given(worlds(most=3), st.sampled_from(["accepted without effect", "lost"]))
def test_a_step_without_effect_is_sent_a_few_times(world: World, answer: str) -> None:
    sent: Counter[str] = Counter()

    def choose(options: Sequence[str]) -> str:
        sent["calls"] += "accepted" in options
        return answer if "accepted" in options else options[0]

    world.blocked.clear()
    first = world.sight(1).plan
    assert first is not None
    go(world, choose)
    most = ATTEMPTS if answer == "lost" else MAX_SENDS if world.kind == STEPS else 1
    assert sent["calls"] <= most * len(first.actions)
