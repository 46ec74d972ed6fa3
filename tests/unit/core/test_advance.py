"""Examples of single advances: refused forms of a call, batches that were not sent, and stages that never came."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from reconciler.core.advance import advance
from reconciler.core.begin import begin
from reconciler.core.progress import MAX_SENDS, Advance, Answers, Look, Moment, Progress, Sight, Track, Unread
from reconciler.model.change import Change, Refusals
from reconciler.model.hold import HoldReason
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from tests.golden.plans import held
from tests.unit.engine.memory import Clock, Memory, planned, request

REFUSED = Receipt(ReceiptKind.REJECTED, "no such field", 400, alternative=True)
IGNORED = Receipt(ReceiptKind.UNKNOWN, "it answered 200 and left it as it was", alternative=True)


class Recording:
    """A platform's compiler that keeps what it was told was refused."""

    def __init__(self, sight: Sight) -> None:
        self.real = sight.compiler
        self.refused: list[Refusals] = []

    def review(self, changes: Sequence[Change]) -> object:
        return self.real.review(changes)

    def compile(self, changes: Sequence[Change], fleet_wide: object, *, wide: bool = True, refused: Refusals) -> object:
        self.refused.append(refused)
        return self.real.compile(changes, (), wide=wide)


def start(count: int = 2) -> tuple[Progress, Sight, Recording]:
    """Begin a run of a fleet in memory, all of whose units go from 1 to 2."""
    result = planned(Memory(Clock(), count=count), request())
    _, view = result.groups[0]
    reading, today = view.readings["plant"], view.plans["fleet"]
    begun = begin(today, reading.assessments[0], None, allowed=(), wait=True, steps=False, fail_fast=False)
    sight = Sight(
        number=1,
        snapshot=reading.snapshot,
        patience=reading.assessments[0].patience,
        compiler=reading.compiler,
        done_at=reading.seen.done_at,
        plan=today,
        assessment=reading.assessments[0],
    )
    recording = Recording(sight)
    return begun.progress, msgspec.structs.replace(sight, compiler=recording), recording


def at(sight: Sight) -> Moment:
    return Moment(now=sight.done_at)


def again(step: Advance, sight: Sight, receipt: Receipt | None) -> tuple[Advance, Sight]:
    """Answer every call alike, then read again."""
    answers: Answers = [(call, receipt) for call in step.calls]
    step = advance(step.progress, at(sight), sight, answers)
    assert (step.calls, step.look) == ((), Look.WHOLE)
    sight = msgspec.structs.replace(sight, number=sight.number + 1)
    return advance(step.progress, at(sight), sight), sight


def test_a_call_that_is_refused_with_another_way_to_the_same_end_is_compiled_anew() -> None:
    progress, sight, recording = start()
    step, sight = again(advance(progress, at(sight), sight), sight, REFUSED)
    assert len(step.calls) == 1
    assert recording.refused[-1] == dict.fromkeys(progress.tracks, frozenset({"memory.set"}))
    assert not step.outcomes


@pytest.mark.parametrize("fail_fast", [False, True])
def test_an_accepted_call_that_refuses_a_unit_costs_that_unit(fail_fast: bool) -> None:
    progress, sight, _ = start(count=3)
    progress = msgspec.structs.replace(progress, fail_fast=fail_fast)
    step = advance(progress, at(sight), sight)
    (call,) = step.calls
    refused, *others = call.slots
    receipt = Receipt(ReceiptKind.ACCEPTED, refused=((refused[0], "not connected"), ("u99", "unknown")))
    step = advance(step.progress, at(sight), sight, [(call, receipt)])
    assert [(one.unit.id, one.result, one.detail) for one in step.outcomes] == [
        (refused[0], Result.FAILED, "not connected")
    ]
    assert all(step.progress.tracks[slot].sent is not None for slot in others)
    assert bool(step.progress.halted) == fail_fast


def test_a_call_without_effect_counts_as_refused_after_some_times() -> None:
    progress, sight, recording = start(count=1)
    step = advance(progress, at(sight), sight)
    for _ in range(MAX_SENDS):
        assert not recording.refused[-1]
        step, sight = again(step, sight, IGNORED)
    assert recording.refused[-1] == dict.fromkeys(progress.tracks, frozenset({"memory.set"}))


def test_a_batch_of_which_nothing_was_sent_is_read_again_before_it_goes() -> None:
    progress, sight, _ = start()
    step, _ = again(advance(progress, at(sight), sight), sight, None)
    assert len(step.calls) == 1


def test_a_stage_is_not_tried_when_reading_fails_for_good() -> None:
    progress, _, _ = start()
    later = held(1, stage=2)
    progress = msgspec.structs.replace(progress, tracks={("u9", "w1"): Track(goal=later)})
    step = advance(progress, Moment(now=0.0), Unread(number=1, error="the token expired", final=True))
    assert [(one.result, one.detail) for one in step.outcomes] == [
        (Result.NOT_TRIED, "waiting ended before its stage came")
    ]
    assert step.ended
    assert HoldReason.REQUIREMENT_NOT_MET not in {hold.code for one in step.outcomes for hold in one.holds}
