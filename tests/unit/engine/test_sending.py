"""Rounds of sending: what is asked again, what is halved, what is given up, and how each change comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from reconciler.core.advance import MAX_OLD
from reconciler.core.answers import ATTEMPTS
from reconciler.core.gate import FRESH
from reconciler.core.progress import SPLITS
from reconciler.model.change import Action, Change
from reconciler.model.event import AnyEvent, Called, Intended, Note
from reconciler.model.fleet import Limits, Override, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from reconciler.model.release import ReleaseInfo
from reconciler.model.snapshot import Coverage
from reconciler.views.reason_words import outcome_words
from tests.unit.engine.memory import (
    ACCEPTED,
    LOST,
    REFUSED,
    TOO_SOON,
    UNPROVED,
    Clock,
    Memory,
    applied,
    gone,
    lost_after,
    planned,
    request,
)


@pytest.fixture
def memory() -> Memory:
    return Memory(Clock())


def results(run: Any) -> dict[str, Result]:
    return {outcome.unit.id: outcome.result for outcome in run.outcomes}


def all_are(result: Result, count: int = 4) -> dict[str, Result]:
    return {f"u{number}": result for number in range(count)}


def bad(*units: str) -> object:
    """Return an answer that refuses calls naming any of these units."""

    def answer(action: Action) -> Receipt:
        return REFUSED if set(units) & set(action.request.body["units"]) else ACCEPTED

    return answer


def test_one_call_does_it_and_is_told_before_and_after(memory: Memory) -> None:
    run, events = applied(memory, request())
    assert memory.calls == [("2", ("u0", "u1", "u2", "u3"))]
    assert results(run) == all_are(Result.DONE)
    assert run.exit_code == 0
    told = [type(event) for event in events if isinstance(event, Intended | Called)]
    assert told == [Intended, Called]


def test_a_lost_answer_is_read_back_and_not_sent_again_when_it_worked(memory: Memory) -> None:
    memory.script = [lost_after(memory)]
    run, _ = applied(memory, request())
    assert len(memory.calls) == 1
    assert results(run) == all_are(Result.DONE)
    assert run.exit_code == 0


def test_a_lost_call_that_did_not_work_is_sent_again(memory: Memory) -> None:
    memory.script = [LOST]
    run, _ = applied(memory, request())
    assert len(memory.calls) == 2
    assert results(run) == all_are(Result.DONE)


def test_a_call_lost_every_time_is_unknown_in_the_end(memory: Memory) -> None:
    memory.script = [LOST] * 20
    run, _ = applied(memory, request())
    assert len(memory.calls) == ATTEMPTS
    assert results(run) == all_are(Result.UNKNOWN)
    assert run.exit_code == 4
    assert {outcome.detail for outcome in run.outcomes} == {LOST.error}


def test_one_bad_id_costs_one_unit(memory: Memory) -> None:
    memory.script = [bad("u2")] * 50  # type: ignore[list-item]  # an answer
    run, _ = applied(memory, request())
    assert results(run) == {**all_are(Result.DONE), "u2": Result.FAILED}
    assert len(memory.calls) == 5
    assert run.exit_code == 4


def test_halving_has_its_bound() -> None:
    memory = Memory(Clock(), count=200)
    memory.script = [REFUSED] * 1000
    run, _ = applied(memory, request())
    assert len(memory.calls) <= 2 * SPLITS + 1
    assert set(results(run).values()) == {Result.FAILED}


def test_a_unit_that_vanished_leaves_a_refused_call_and_the_others_go(memory: Memory) -> None:
    def vanish(action: Action) -> Receipt:
        del memory.units["u1"]
        return REFUSED

    memory.script = [vanish]
    run, _ = applied(memory, request())
    assert memory.calls[1:] == [("2", ("u0", "u2")), ("2", ("u3",))]
    assert results(run) == {**all_are(Result.DONE), "u1": Result.STALE}


def test_somebody_else_who_was_faster_is_respected(memory: Memory) -> None:
    def meddle(action: Action) -> Receipt:
        memory.set("u0", "3")
        memory.set("u1", "2")
        return REFUSED

    memory.script = [meddle]
    run, _ = applied(memory, request())
    assert results(run) == {**all_are(Result.DONE), "u0": Result.STALE}
    assert memory.calls[1:] == [("2", ("u2", "u3"))]


def test_calls_that_came_too_soon_are_sent_again_whole(memory: Memory) -> None:
    memory.script = [TOO_SOON, TOO_SOON]
    run, _ = applied(memory, request())
    assert [units for _, units in memory.calls] == [("u0", "u1", "u2", "u3")] * 3
    assert run.exit_code == 0


def test_calls_that_always_come_too_soon_fail_in_the_end(memory: Memory) -> None:
    memory.script = [TOO_SOON] * 20
    run, _ = applied(memory, request())
    assert len(memory.calls) == ATTEMPTS
    assert results(run) == all_are(Result.FAILED)


def test_an_unproved_wide_call_goes_by_ids_instead(memory: Memory) -> None:
    memory.script = [UNPROVED]
    run, _ = applied(memory, request())
    assert memory.wide_calls == [True, False]
    assert results(run) == all_are(Result.DONE)


def test_a_wide_call_whose_answer_was_lost_may_go_wide_again(memory: Memory) -> None:
    memory.script = [LOST]
    applied(memory, request())
    assert memory.wide_calls == [True, True]


@pytest.mark.parametrize("status", [401, 403])
def test_without_rights_nothing_more_is_sent(memory: Memory, status: int) -> None:
    memory.ids_per_call = 2
    memory.script = [Receipt(ReceiptKind.REJECTED, "no rights", status)]
    run, _ = applied(memory, request(units=Selector(ids=["u0", "u1", "u2", "u3"])))
    assert len(memory.calls) == 1
    found = results(run)
    assert Counter(found.values()) == {Result.FAILED: 2, Result.NOT_TRIED: 2}
    assert all("credentials" in one.detail for one in run.outcomes if one.result is Result.NOT_TRIED)
    assert run.exit_code == 4


def test_fail_fast_stops_at_the_first_refusal(memory: Memory) -> None:
    memory.ids_per_call = 1
    memory.script = [ACCEPTED, REFUSED]
    run, _ = applied(memory, request(units=Selector(ids=["u0", "u1", "u2", "u3"])), fail_fast=True)
    assert results(run) == {"u0": Result.DONE, "u1": Result.FAILED, "u2": Result.NOT_TRIED, "u3": Result.NOT_TRIED}


def test_a_stop_lets_the_running_call_finish_and_says_what_was_not_tried(memory: Memory) -> None:
    def stop(action: Action) -> Receipt:
        memory.clock.stop = True
        return ACCEPTED

    memory.ids_per_call = 2
    memory.script = [stop]
    run, _ = applied(memory, request(units=Selector(ids=["u0", "u1", "u2", "u3"])))
    assert results(run) == {
        "u0": Result.WAITING,
        "u1": Result.WAITING,
        "u2": Result.NOT_TRIED,
        "u3": Result.NOT_TRIED,
    }
    assert [one.detail for one in run.outcomes if one.unit.id == "u0"] == ["accepted; it was not read back"]
    assert run.exit_code == 4


def test_a_stop_after_a_lost_answer_leaves_its_changes_unknown(memory: Memory) -> None:
    def stop(action: Action) -> Receipt:
        memory.clock.stop = True
        return LOST

    memory.script = [stop]
    run, _ = applied(memory, request())
    assert results(run) == all_are(Result.UNKNOWN)
    assert len(memory.calls) == 1


def test_when_nothing_can_be_read_back_a_lost_call_is_unknown_and_a_refused_one_failed(memory: Memory) -> None:
    memory.ids_per_call = 2
    memory.script = [LOST, REFUSED]
    memory.unreadable = [None, gone()]
    run, events = applied(memory, request(units=Selector(ids=["u0", "u1", "u2", "u3"])))
    assert results(run) == {"u0": Result.UNKNOWN, "u1": Result.UNKNOWN, "u2": Result.FAILED, "u3": Result.FAILED}
    assert [event.level for event in events if isinstance(event, Note)] == ["warning"]


def test_a_reading_that_makes_the_manifest_wrong_about_a_unit_stops_that_one(memory: Memory) -> None:
    def twin(action: Action) -> Receipt:
        memory.units["u9"] = memory.units["u0"]
        memory.names["u9"] = "u0"
        return LOST

    memory.script = [twin]
    run, _ = applied(memory, request(units=Selector(names=["u0", "u1"])))
    assert results(run) == {"u0": Result.UNKNOWN, "u1": Result.DONE}
    (unknown,) = [outcome for outcome in run.outcomes if outcome.result is Result.UNKNOWN]
    assert [(hold.code, hold.text[:17]) for hold in unknown.holds] == [(HoldReason.MISTAKE, "2 units are named")]


def test_an_old_reading_is_read_again_before_anything_is_sent(memory: Memory) -> None:
    today = planned(memory, request())
    memory.clock.time += FRESH + 1
    memory.set("u0", "3")
    run, _ = applied(memory, request(), today=today)
    assert memory.calls == [("2", ("u1", "u2", "u3"))]
    assert results(run) == {**all_are(Result.DONE), "u0": Result.STALE}


def test_a_reading_that_grows_old_while_calls_go_is_read_again() -> None:
    memory = Memory(Clock(), count=60)

    def slow(action: Action) -> Receipt:
        memory.clock.time += FRESH / 2 + 1
        return ACCEPTED

    memory.ids_per_call = 1
    memory.script = [slow] * 100
    run, _ = applied(memory, request(units=Selector(not_=Selector(ids=[]))), deadline=1e6)
    assert len(memory.calls) == 60
    assert set(results(run).values()) == {Result.DONE}
    assert memory.reads >= 30


def test_a_version_that_is_overwritten_meanwhile_is_not_sent_again(memory: Memory) -> None:
    def overwrite(action: Action) -> Receipt:
        memory.catalogue = {"2": ReleaseInfo(found=True, identity="other")}
        return LOST

    memory.script = [overwrite]
    run, _ = applied(memory, request())
    assert len(memory.calls) == 1
    assert results(run) == all_are(Result.STALE)
    assert "overwritten" in run.outcomes[0].detail


def test_a_version_that_is_deleted_meanwhile_leaves_a_lost_call_unknown(memory: Memory) -> None:
    def delete(action: Action) -> Receipt:
        memory.catalogue = {"2": ReleaseInfo(found=False)}
        return LOST

    memory.script = [delete]
    run, _ = applied(memory, request())
    assert results(run) == all_are(Result.UNKNOWN)
    assert outcome_words(run.outcomes[0]) == "the connection broke off; and now held: the platform has no version 2"


def test_a_version_that_is_deleted_meanwhile_ends_a_refused_call(memory: Memory) -> None:
    def delete(action: Action) -> Receipt:
        memory.catalogue = {"2": ReleaseInfo(found=False)}
        return REFUSED

    memory.script = [delete]
    run, _ = applied(memory, request())
    assert len(memory.calls) == 1
    assert results(run) == all_are(Result.NOT_TRIED)


@pytest.mark.parametrize(("sent", "result"), [(True, Result.UNKNOWN), (False, Result.FAILED)])
def test_a_platform_that_raises_is_understood(memory: Memory, sent: bool, result: Result) -> None:
    def fail(action: Action) -> Receipt:
        error = gone(None)
        error.sent = sent
        raise error

    memory.script = [fail] * 20
    run, _ = applied(memory, request())
    assert results(run) == all_are(result)
    assert len(memory.calls) == ATTEMPTS


def test_stages_go_one_after_another(memory: Memory) -> None:
    workloads = {
        "poller": WorkloadSpec(version="2", overrides=[Override(units=Selector(ids=["u0"]), absent=True)]),
    }
    run, events = applied(memory, request(workloads=workloads, limits=Limits(remove="100%")))
    assert [version for version, _ in memory.calls] == ["2", None]
    assert results(run) == all_are(Result.DONE)
    assert order(events) == ["Intended", "Called", "Intended", "Called"]


def order(events: list[AnyEvent]) -> list[str]:
    return [type(event).__name__ for event in events if isinstance(event, Intended | Called)]


def test_calls_of_a_stage_share_a_bounded_pool(memory: Memory) -> None:
    memory.ids_per_call = 1
    run, events = applied(memory, request(units=Selector(ids=["u0", "u1", "u2", "u3"])), concurrency=2)
    assert results(run) == all_are(Result.DONE)
    running = most = 0
    for event in events:
        running += isinstance(event, Intended) - isinstance(event, Called)
        most = max(most, running)
    assert most == 2


def objected(*units: str) -> object:
    """Return an answer that objects to calls naming any of these units, as a look right before them showed."""

    def answer(action: Action) -> Receipt:
        return UNPROVED if set(units) & set(action.request.body["units"]) else ACCEPTED

    return answer


def test_one_unit_that_is_objected_to_every_time_costs_itself_and_its_reason_is_told(memory: Memory) -> None:
    memory.script = [objected("u2")] * 50  # type: ignore[list-item]  # an answer
    run, _ = applied(memory, request())
    assert results(run) == {**all_are(Result.DONE), "u2": Result.NOT_TRIED}
    assert [outcome.detail for outcome in run.outcomes if outcome.unit.id == "u2"] == [UNPROVED.error]
    assert len(memory.calls) <= 8


def test_an_objection_after_a_lost_answer_leaves_it_unknown() -> None:
    memory = Memory(Clock(), count=1)
    memory.script = [LOST, *[UNPROVED] * 50]
    run, _ = applied(memory, request())
    assert results(run) == {"u0": Result.UNKNOWN}


def test_rounds_have_an_end_whatever_the_platform_says(memory: Memory) -> None:
    memory.script = [UNPROVED] * 99
    run, _ = applied(memory, request())
    assert len(memory.calls) <= 4 * ATTEMPTS
    assert results(run) == all_are(Result.NOT_TRIED)
    assert {outcome.detail for outcome in run.outcomes} == {UNPROVED.error}


def test_a_unit_that_an_incomplete_reading_lacks_is_not_said_to_be_gone(memory: Memory) -> None:
    def hide(action: Action) -> Receipt:
        del memory.units["u1"]
        memory.coverage = Coverage(False, ("page 2 could not be read",))
        return REFUSED

    memory.script = [hide]
    run, _ = applied(memory, request())
    (one,) = (outcome for outcome in run.outcomes if outcome.unit.id == "u1")
    assert (one.result, one.detail) == (
        Result.NOT_TRIED,
        "held: the state of the slot is unknown: page 2 could not be read",
    )


def test_a_clock_that_runs_away_between_reading_and_sending_ends_in_a_word(memory: Memory) -> None:
    today = planned(memory, request())
    ticks = count()
    memory.clock.monotonic = lambda: next(ticks) * (FRESH / 2 + 1)  # type: ignore[method-assign]  # all takes too long
    run, _ = applied(memory, request(), today=today, deadline=1e9)
    assert memory.calls == []
    assert results(run) == all_are(Result.NOT_TRIED)
    assert {one.detail for one in run.outcomes} == {"a reading takes longer than 60 s"}
    assert memory.reads <= MAX_OLD + 1


def test_a_change_without_any_call_fails_and_the_others_go(memory: Memory) -> None:
    compiled = memory.compile

    def compile_(changes: Sequence[Change], *args: Any, **options: Any) -> tuple[Action, ...]:
        found = [
            msgspec.structs.replace(
                action, slots=tuple(slot for slot in action.slots if changes[slot].unit.id != "u1"), wide=False
            )
            for action in compiled(changes, *args, **options)
        ]
        return tuple(action for action in found if action.slots)

    memory.compile = compile_  # type: ignore[method-assign]  # has no call for one unit
    run, _ = applied(memory, request())
    (one,) = (outcome for outcome in run.outcomes if outcome.unit.id == "u1")
    assert (one.result, one.detail) == (Result.FAILED, "the platform has no call for this change")
    assert {outcome.result for outcome in run.outcomes if outcome.unit.id != "u1"} == {Result.DONE}
