"""What a process remembers of the events it tells: halts, waves, what people said, what went."""

from __future__ import annotations

from reconciler.core.remember import Remembering
from reconciler.model.event import AnyEvent, Halted, Met, Note, Ruled
from reconciler.model.memory import Memory
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref

ID = RolloutId("austin", "w1", "v2")
OTHER = RolloutId("berlin", "w1", "v2")
POLLER = Ref("w1", "poller")


def met(at: float, *, met: bool = True, wave: int = 0, rollout: RolloutId = ID) -> Met:
    return Met(at=at, run="r", rollout=rollout, workload=POLLER, wave=wave, met=met)


def halted(at: float, *units: str) -> Halted:
    refs = tuple(Ref(unit, unit) for unit in units)
    return Halted(at=at, run="r", rollout=ID, workload=POLLER, failed=len(units), attempted=9, units=refs)


def ruled(command: Command, at: float = 5, wave: int | None = None) -> Ruled:
    said = Ruling(command=command, reason="why", by="ann", at=at, wave=wave)
    return Ruled(at=at, run="r", rollout=ID, workload=POLLER, ruling=said)


def remembered(*events: AnyEvent, since: float = 0.0) -> Memory:
    found = Remembering(1.0, durable=False)
    for event in events:
        found.record(event)
    return found.memory(["austin"], since)


def test_a_wave_is_remembered_since_it_first_met_its_success_without_a_break() -> None:
    assert remembered(met(1), met(2)).met == {(ID, 0): 1}
    assert remembered(met(1), met(2, met=False), met(3)).met == {(ID, 0): 3}
    assert remembered(met(1, met=False)).met == {}
    assert remembered(met(1), met(2, wave=1), met(3, rollout=OTHER)).met == {(ID, 0): 1, (ID, 1): 2}


def test_a_halt_is_remembered_since_it_began_until_a_person_resumes() -> None:
    found = remembered(halted(1, "ua"), halted(2, "ua", "ub"))
    assert dict(found.halts) == {ID: 1}
    assert dict(found.failing) == {ID: frozenset({"ua", "ub"})}
    resumed = remembered(halted(1, "ua"), ruled(Command.RESUME))
    assert not resumed.halts
    assert not resumed.failing
    assert dict(resumed.excused) == {ID: frozenset({"ua"})}
    assert remembered(halted(1, "ua"), ruled(Command.PAUSE)).halts == {ID: 1}
    assert remembered(ruled(Command.RESUME)).excused == {ID: frozenset()}


def test_the_last_word_of_a_person_stands_and_a_promotion_besides() -> None:
    found = remembered(ruled(Command.PROMOTE, wave=1), ruled(Command.PAUSE, 6), ruled(Command.PROMOTE, wave=0))
    assert found.promoted == {ID: 1}
    assert found.rulings[ID].command is Command.PAUSE
    assert remembered(ruled(Command.PROMOTE)).promoted == {ID: 0}


def test_nothing_else_is_remembered() -> None:
    assert remembered(Note(at=1, run="r", level="info", message="m")) == Memory(since=1.0)
