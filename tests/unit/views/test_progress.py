"""Progress on a terminal, drawn to a text stream."""

from __future__ import annotations

import io

import pytest

from reconciler.model.change import Verb
from reconciler.model.event import AnyEvent, Called, Event, Intended, Note, Settled, Settling, SlotName
from reconciler.model.outcome import Receipt, ReceiptKind, Result
from reconciler.views import event_line
from reconciler.views.progress import Live
from tests.golden import plans, reports
from tests.golden.plans import NOW


def drawn(*events: AnyEvent) -> str:
    plan = plans.large()
    stream = io.StringIO()
    live = Live(plan, stream, width=120)
    with live:
        for event in events:
            live.record(event)
        live._console.print(live._progress.get_renderable())
    return stream.getvalue()


def called(kind: ReceiptKind) -> Called:
    return Called(at=NOW, run="r", fleet="austin", call=1, receipt=Receipt(kind), seconds=0.2)


def test_calls_are_counted_and_refused_ones_named() -> None:
    fleet = plans.large().fleets[0]
    action = fleet.actions[0]
    slots = tuple(
        SlotName(fleet.changes[slot].unit, fleet.changes[slot].workload, Verb.RELEASE, 1) for slot in action.slots
    )
    intended = Intended(
        at=NOW, run="r", fleet="austin", call=1, kind=action.call, request=action.request, wide=False, slots=slots
    )
    assert "austin calling" in drawn(intended)
    assert "losant.release, 1,000 slots" in drawn(intended)
    found = drawn(
        called(ReceiptKind.ACCEPTED),
        called(ReceiptKind.REJECTED),
        called(ReceiptKind.REJECTED),
        called(ReceiptKind.UNKNOWN),
    )
    assert "2 rejected, 1 unknown" in found


def test_settling_is_counted() -> None:
    first = Settling(at=NOW, run="r", fleet="austin", done=1, waiting=2, failed=3, pending=1000)
    then = Settling(at=NOW, run="r", fleet="austin", done=900, waiting=2, failed=3, pending=101)
    assert "900 done, 2 still waiting, 3 failed and 101 moving" in drawn(first, then)


def test_notes_stay_and_hostile_names_do_not_style() -> None:
    note = Note(at=NOW, run="r", level="error", fleet="austin", message=f"[bold]{plans.HOSTILE}")
    found = drawn(note, Settled(at=NOW, run="r", outcome=reports.outcome(1, Result.DONE)))
    assert "[bold]gw\\x1b[31m-" in found
    assert "\x1b" not in found


def test_an_event_without_words_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="without words"):
        event_line._said(Event(at=NOW, run="r"), ())
