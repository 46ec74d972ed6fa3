"""What is remembered of events, what of them still matters later, and what a reading shows of calls without an answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from reconciler.core.remember import Remembering
from reconciler.core.standing import standing
from reconciler.engine.plan import plan
from reconciler.model.change import Verb
from reconciler.model.event import (
    AnyEvent,
    Called,
    Halted,
    Met,
    Note,
    Notified,
    Resolved,
    RollbackFailed,
    RolledBack,
    Ruled,
)
from reconciler.model.event_parts import SlotName
from reconciler.model.memory import FailedRollback, Memory
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref
from tests.unit.engine.memory import NOW, Clock, request
from tests.unit.engine.memory import Memory as Platform
from tests.unit.journal.happenings import VISION, called, intended, settled

NORTH = RolloutId("north", "w1", "v2")
SOUTH = RolloutId("south", "w1", "v2")


def remembered(*events: AnyEvent, since: float = 0.0) -> Memory:
    fold = Remembering(0.0, durable=False)
    for one in events:
        fold.record(one)
    return fold.memory({"north": ""}, since)


def met(at: float, wave: int = 0, *, rollout: RolloutId = NORTH, still: bool = True) -> Met:
    return Met(at=at, run="r", rollout=rollout, workload=VISION, wave=wave, met=still)


def halted(at: float, rollout: RolloutId = NORTH, units: Sequence[str] = ()) -> Halted:
    refs = tuple(Ref(unit, unit) for unit in units)
    return Halted(at=at, run="r", rollout=rollout, workload=VISION, failed=1, attempted=2, units=refs)


def ruled(at: float, command: Command, rollout: RolloutId = NORTH, wave: int | None = None) -> Ruled:
    ruling = Ruling(command=command, reason="because", by="ann", at=at, wave=wave)
    return Ruled(at=at, run="r", rollout=rollout, workload=VISION, ruling=ruling)


@pytest.mark.parametrize(
    ("kind", "went", "unanswered"),
    [
        (ReceiptKind.ACCEPTED, 1, 0),
        (ReceiptKind.UNKNOWN, 1, 1),
        (ReceiptKind.REJECTED, 0, 0),
        (ReceiptKind.UNPROVED, 0, 0),
    ],
)
def test_what_may_have_taken_effect_counts(kind: ReceiptKind, went: int, unanswered: int) -> None:
    memory = remembered(intended(1), called(2, kind=kind))
    assert (len(memory.went), len(memory.unanswered)) == (went, unanswered)


def test_results_say_something_only_while_a_call_has_no_answer() -> None:
    fold = Remembering(0.0, durable=False)
    for event, doubts in ((intended(1), True), (called(2), False), (settled(3), False)):
        fold.record(event)
        assert fold.doubts is doubts


def test_a_unit_that_the_platform_refused_does_not_count() -> None:
    receipt = Receipt(ReceiptKind.UNKNOWN, refused=(("u1", "too old"),))
    memory = remembered(
        intended(1, units=3), Called(at=2, run="r1", fleet="north", call=1, receipt=receipt, seconds=1.0)
    )
    assert [one.unit for one in memory.went] == ["u0", "u2"]
    assert [one.unit.id for one in memory.unanswered] == ["u0", "u2"]


def test_what_went_has_its_weight_unless_it_counts_against_no_limit() -> None:
    def sizes(**fields: object) -> list[int]:
        slots = tuple(msgspec.structs.replace(slot, **fields) for slot in intended(1).slots)
        return [one.size for one in remembered(msgspec.structs.replace(intended(1), slots=slots), called(2)).went]

    assert (sizes(size=3), sizes(free=True)) == ([3], [])


def test_an_answer_to_a_call_that_nobody_made_says_nothing() -> None:
    assert remembered(called(1)) == remembered()


def test_a_slot_is_settled_by_its_last_call_a_result_or_a_reading() -> None:
    twice = intended(1), intended(2, 2)
    late = (called(3, 1), called(4, 2))
    assert [one.call for one in remembered(*twice, late[0]).unanswered] == [2]
    assert remembered(*twice, *late).unanswered == ()
    assert remembered(*twice, settled(3)).unanswered == ()
    assert len(remembered(*twice, settled(3, 0, Result.UNKNOWN)).unanswered) == 1
    slots = (SlotName(Ref("u0", "gw-0"), VISION, Verb.RELEASE, 1, "v2"),)
    read = Resolved(at=3, run="r2", fleet="north", of="r1", call=2, effect=True, slots=slots)
    assert remembered(*twice, read).unanswered == ()
    assert [one.at for one in remembered(*twice, read, since=1.5).went] == [2]
    assert len(remembered(*twice, msgspec.structs.replace(read, call=1)).unanswered) == 1


def test_a_reading_answers_a_call_for_the_slots_that_it_shows() -> None:
    made = intended(1, units=2)
    one = Resolved(at=3, run="r2", fleet="north", of="r1", call=1, effect=True, slots=made.slots[:1])
    both = msgspec.structs.replace(one, at=4, slots=made.slots)
    elsewhere = msgspec.structs.replace(one, of="r9")

    def answered(*read: Resolved) -> list[tuple[str, float | None]]:
        return sorted((each.unit, each.answered) for each in remembered(made, *read).went)

    assert answered(one) == [("u0", 3), ("u1", None)]
    assert answered(one, both) == [("u0", 3), ("u1", 4)]
    assert answered(both) == [("u0", 4), ("u1", 4)]
    assert answered(elsewhere) == [("u0", None), ("u1", None)]


def test_a_wave_is_remembered_since_it_first_met_its_success_without_a_break() -> None:
    assert remembered(met(1), met(2)).met == {(NORTH, 0): 1}
    assert remembered(met(1), met(2, still=False), met(3)).met == {(NORTH, 0): 3}
    assert remembered(met(1), met(2, 1)).met == {(NORTH, 0): 1, (NORTH, 1): 2}


def test_a_halt_is_remembered_since_it_began_until_a_person_resumes() -> None:
    found = remembered(halted(1, units=["ua"]), halted(2, units=["ua", "ub"]))
    assert (found.halts, found.failing) == ({NORTH: 1}, {NORTH: frozenset({"ua", "ub"})})
    resumed = remembered(halted(1, units=["ua"]), ruled(5, Command.RESUME))
    assert (resumed.halts, resumed.failing, resumed.excused) == ({}, {}, {NORTH: frozenset({"ua"})})
    assert remembered(halted(1), ruled(5, Command.PAUSE)).halts == {NORTH: 1}
    assert remembered(ruled(5, Command.RESUME)).excused == {NORTH: frozenset()}


def test_the_last_word_of_a_person_stands_and_a_promotion_besides() -> None:
    found = remembered(ruled(5, Command.PROMOTE, wave=1), ruled(6, Command.PAUSE), ruled(7, Command.PROMOTE, wave=0))
    assert found.promoted == {NORTH: 1}
    assert found.rulings[NORTH].command is Command.PAUSE
    assert remembered(ruled(5, Command.PROMOTE)).promoted == {NORTH: 0}


def test_nothing_else_is_remembered_and_nothing_of_other_fleets() -> None:
    assert remembered(met(1, still=False), Note(at=1, run="r", level="info", message="m")) == Memory()
    assert remembered(met(1, rollout=SOUTH), halted(2, SOUTH), ruled(3, Command.ABORT, SOUTH)) == Memory()


def test_only_what_still_matters_stands() -> None:
    note = Note(at=1, run="r", level="info", message="hello")
    gone: list[AnyEvent] = [met(1), met(2, still=False), halted(3), ruled(4, Command.PAUSE)]
    stays: list[AnyEvent] = [
        ruled(5, Command.RESUME),
        halted(6),
        met(7),
        met(8, 1),
        halted(9, SOUTH),
        ruled(10, Command.ABORT, SOUTH),
    ]
    repeats: list[AnyEvent] = [halted(11), met(12), met(13, 2, still=False)]
    assert standing([note, intended(0), *gone, *stays, *repeats]) == stays


def sent(at: float, *keys: str, kind: NoticeKind = NoticeKind.DRIFT, result: Delivery = Delivery.SENT) -> Notified:
    return Notified(
        at=at, run="r", target="ops", kind=kind, result=result, title="t", keys=keys, sizes=(1,) * len(keys)
    )


def rolled_back(at: float) -> RolledBack:
    return RolledBack(at=at, run="r", rollout=NORTH, workload=VISION, to="v1", branch="b", commit="c", pushed=True)


def refused(at: float) -> RollbackFailed:
    return RollbackFailed(at=at, run="r", rollout=NORTH, workload=VISION, error="gone", times=2, pause=60.0)


def whole(at: float, *, still: bool = True) -> Met:
    return msgspec.structs.replace(met(at, 2, still=still), whole=True)


@pytest.mark.parametrize(
    ("events", "stays"),
    [
        ([refused(1), refused(2)], [1]),
        ([refused(1), rolled_back(2)], [1]),
        ([halted(1), rolled_back(2), ruled(3, Command.PAUSE)], [0, 1, 2]),
        ([halted(1), rolled_back(2), ruled(3, Command.RESUME)], [2]),
        ([whole(1), whole(2, still=False)], [0, 1]),
        ([met(1, 2), whole(2), whole(3)], [0, 1]),
        ([sent(1, "a"), sent(2, "b"), sent(3, "a", "b", kind=NoticeKind.RECOVERY)], []),
        ([sent(1, "a"), sent(2, "a")], [1]),
        ([sent(1, "a", "b"), sent(2, "a", kind=NoticeKind.RECOVERY)], [0, 1]),
        ([sent(1, "a"), sent(2, "a", kind=NoticeKind.RECOVERY, result=Delivery.FAILED)], [0]),
        ([sent(1, "a", result=Delivery.DROPPED), sent(2)], []),
    ],
)
def test_of_rollbacks_and_messages_the_last_word_stands(events: list[AnyEvent], stays: list[int]) -> None:
    assert standing(events) == [events[number] for number in stays]
    assert remembered(*standing(events)).notified == remembered(*events).notified


def test_when_messages_went_and_what_came_of_rollbacks_is_remembered() -> None:
    gone = sent(3, "b", result=Delivery.FAILED), sent(4, "c", result=Delivery.LIMITED)
    assert remembered(sent(1, "a"), sent(2, "a"), *gone, since=2).messages == {"ops": (2, 3)}
    memory = remembered(halted(1), refused(2))
    assert memory.failed_rollbacks == {NORTH: FailedRollback(error="gone", times=2, pause=60.0, at=2)}
    memory = remembered(halted(1), refused(2), rolled_back(3), whole(4), whole(5, still=False))
    assert (memory.failed_rollbacks, memory.rolled_back, memory.complete) == ({}, {NORTH: "b"}, {NORTH: 4})
    assert memory.workloads == {("north", "w1"): "vision"}


def test_nobody_else_acts_as_far_as_a_process_knows() -> None:
    assert Remembering(0.0, durable=False).claim(["a"]) is None


def test_a_reading_shows_what_came_of_calls_without_an_answer() -> None:
    platform = Platform(Clock())
    platform.clock.time = NOW + 10
    platform.slots["u0", "w1"] = State("v2", "1")
    platform.slots["u3", "w1"] = State("v2", phase=Phase.UNKNOWN)
    fold = Remembering(0.0, durable=False)
    fold.record(intended(NOW, fleet="fleet", units=4))
    gone = intended(NOW, 2, fleet="fleet")
    slot = msgspec.structs.replace(gone.slots[0], unit=Ref("u9", "gw-9"))
    fold.record(msgspec.structs.replace(gone, slots=(slot,)))
    soon = plan(request("v2"), lambda _: platform, platform.clock, fold)
    assert [one.effect for one in soon.resolved(at=NOW + 11, run="r2")] == [True], "the others may take effect yet"
    platform.clock.time = NOW + 1000
    found = plan(request("v2"), lambda _: platform, platform.clock, fold)
    told = list(found.resolved(at=NOW + 1001, run="r2"))
    assert [(one.of, one.call, one.effect, [unit.unit.id for unit in one.slots]) for one in told] == [
        ("r1", 1, True, ["u0"]),
        ("r1", 1, False, ["u1", "u2"]),
    ]
    platform.clock.time = NOW - 3600  # a clock that went back: the reading may be from before the call
    before = plan(request("v2"), lambda _: platform, platform.clock, fold)
    assert list(before.resolved(at=NOW, run="r2")) == []
