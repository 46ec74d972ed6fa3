"""Progress on a terminal, drawn to a text stream."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.change import Verb
from reconciler.model.event import AnyEvent, Called, Event, Intended, Met, Note, Settled, Settling
from reconciler.model.event_parts import SlotName
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from reconciler.model.plan import Plan
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Ref
from reconciler.views import event_words
from reconciler.views.line import columns_of
from reconciler.views.progress import Live
from tests.golden import plans, reports
from tests.golden.plans import NOW


def drawn(*events: AnyEvent) -> str:
    stream = io.StringIO()
    live = Live(plans.large(), stream, width=120, height=40)
    with live:
        for event in events:
            live.record(event)
        live._console.print(live)
    return stream.getvalue()


def intended(plan: Plan, number: int = 0) -> Intended:
    fleet = plan.fleets[number]
    action = fleet.actions[0]
    slots = tuple(
        SlotName(fleet.changes[slot].unit, fleet.changes[slot].workload, Verb.RELEASE, 1) for slot in action.slots
    )
    return Intended(
        at=NOW, run="r", fleet=fleet.fleet, call=1, kind=action.call, request=action.request, wide=False, slots=slots
    )


def called(kind: ReceiptKind) -> Called:
    return Called(at=NOW, run="r", fleet="austin", call=1, receipt=Receipt(kind), seconds=0.2)


def settling(fleet: str = "austin", **numbers: Any) -> Settling:
    return Settling(at=NOW, run="r", fleet=fleet, **{"done": 0, "waiting": 0, "failed": 0, "pending": 0, **numbers})


def test_calls_are_counted_and_refused_ones_named() -> None:
    assert "austin call 1 of " in drawn(intended(plans.large()))
    assert "losant.release, 1,000 slots" in drawn(intended(plans.large()))
    found = drawn(
        intended(plans.large()),
        called(ReceiptKind.ACCEPTED),
        called(ReceiptKind.REJECTED),
        called(ReceiptKind.REJECTED),
        called(ReceiptKind.UNKNOWN),
    )
    assert "2 rejected, 1 unknown" in found


def test_settling_is_counted() -> None:
    first, then = (
        settling(done=1, waiting=2, failed=3, pending=1000),
        settling(done=900, waiting=2, failed=3, pending=101),
    )
    assert "900 done, 2 still waiting, 3 failed and 101 moving" in drawn(first, then)


def test_what_is_sent_in_later_stages_is_part_of_the_run() -> None:
    plan, stream = plans.waves(), io.StringIO()
    (fleet,) = plan.fleets
    all_of_it = len(fleet.changes) + sum(bool(one.stage) for one in fleet.held)
    with Live(plan, stream, width=120, height=40) as live:
        live.record(settling(fleet.fleet, pending=6, later=32))
        assert live.lines(120, 40) == [
            f"──────────────────── {fleet.fleet} settling: 6 moving and 32 in a later stage",
            f"0 of {all_of_it} changes ended, 0 s",
        ]


def test_a_rollout_that_is_complete_is_one_line() -> None:
    rollout, workload = RolloutId("austin", "vision", "v1.4.0"), Ref("vision", "vision")
    waves = [
        Met(at=NOW, run="r", rollout=rollout, workload=workload, wave=wave, met=True, implied=wave < 2, whole=wave == 2)
        for wave in range(3)
    ]
    found = drawn(*waves)
    assert "rollout of vision v1.4.0 is complete" in found
    assert "wave" not in found


def test_notes_stay_and_hostile_names_do_not_style() -> None:
    note = Note(at=NOW, run="r", level="error", fleet="austin", message=f"[bold]{plans.HOSTILE}")
    found = drawn(note, Settled(at=NOW, run="r", outcome=reports.outcome(1, Result.DONE)))
    assert "[bold]gw\\x1b[31m-" in found
    assert "\x1b" not in found


def test_a_note_is_repeated_only_once_something_moved() -> None:
    note = Note(at=NOW, run="r", level="warning", message="could not read back: gone")
    assert drawn(note, settling(pending=5), note, note).count("could not read back") == 1
    assert drawn(note, called(ReceiptKind.ACCEPTED), note).count("could not read back") == 2


def many(number: int) -> Plan:
    """Return a plan of so many fleets alike."""
    one = plans.large().fleets[0]
    return msgspec.structs.replace(
        plans.large(), fleets=tuple(msgspec.structs.replace(one, fleet=f"f{n}") for n in range(number))
    )


@given(st.integers(0, 60), st.integers(0, 60), st.integers(20, 200), st.integers(1, 50))
def test_fleets_never_leave_the_screen(calling: int, moving: int, width: int, height: int) -> None:
    live = Live(many(60), io.StringIO(), width=width, height=height)
    for number in range(calling):
        live.record(intended(many(60), number))
    for number in range(moving):
        live.record(settling(f"f{number}", pending=7))
    lines = live.lines(width, height)
    assert len(lines) <= height
    assert all(columns_of(line) <= width and line.isprintable() for line in lines)
    assert len(lines) == min(height, max(calling, moving) + 1), "what moves has a line each, and all together one"


def test_what_moves_stands_first_and_the_rest_is_counted() -> None:
    live = Live(many(60), io.StringIO())
    for number in range(20):
        live.record(settling(f"f{number}", pending=7))
    live.record(intended(many(60), 50))
    lines = live.lines(100, 6)
    assert lines[0].endswith("f50 call 1 of 3: losant.release, 1,000 slots")
    assert lines[1].endswith("f0 settling: 7 moving")
    assert lines[-1].startswith("60 fleets: 1 calling, 20 settling and 39 not begun; 0 of ")


def test_an_event_without_words_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="without words"):
        event_words.said(Event(at=NOW, run="r"), ())
