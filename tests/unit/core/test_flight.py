"""What calls of earlier runs may still do: held for as long as that may be, and no longer."""

from __future__ import annotations

import pytest

from reconciler.core.flight import CALL_DEADLINE, CLOCKS, FORGOTTEN, LONGEST_PAUSE, Flight
from reconciler.core.progress import RESEND_AFTER
from reconciler.model.change import Request, Verb
from reconciler.model.event import AnyEvent, Called, Intended, Settled
from reconciler.model.event_parts import SlotName
from reconciler.model.memory import InFlight
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.unit import Ref

FLOW = Ref("f", "flow")
LOST = CALL_DEADLINE + CLOCKS


def intended(at: float, *units: str, to: str = "v2", call: int = 1, fleet: str = "all") -> Intended:
    slots = tuple(SlotName(Ref(unit, unit), FLOW, Verb.REPLACE, 1, to, f"was-{unit}") for unit in units)
    request = Request("POST", "/release")
    return Intended(at=at, run="r", fleet=fleet, call=call, kind="release", request=request, wide=False, slots=slots)


def called(at: float, kind: ReceiptKind, *refused: str, call: int = 1) -> Called:
    receipt = Receipt(kind, refused=tuple((unit, "no") for unit in refused))
    return Called(at=at, run="r", fleet="all", call=call, receipt=receipt, seconds=1.0)


def settled(at: float, unit: str, result: Result) -> Settled:
    outcome = Outcome(fleet="all", unit=Ref(unit, unit), workload=FLOW, verb=Verb.REPLACE, to="v2", result=result)
    return Settled(at=at, run="r", outcome=outcome)


def flying(*events: AnyEvent, fleets: tuple[str, ...] = ("all",), since: float = 0.0) -> dict[str, float]:
    """Return until when the calls for which units may take effect, after events."""
    fold = Flight()
    for event in events:
        fold.record(event)
    return {one.unit: one.until for one in fold.of(fleets, since) if one.until}


def test_a_call_without_an_answer_may_take_effect_for_as_long_as_a_call_takes() -> None:
    assert flying(intended(100, "a", "b")) == {"a": 100 + LOST, "b": 100 + LOST}


def test_an_accepted_call_has_its_time_to_show_and_units_that_were_refused_have_none() -> None:
    found = flying(intended(100, "a", "b"), called(110, ReceiptKind.ACCEPTED, "b"))
    assert found == {"a": 110 + RESEND_AFTER}


@pytest.mark.parametrize("kind", [ReceiptKind.REJECTED, ReceiptKind.UNKNOWN, ReceiptKind.UNPROVED])
def test_who_saw_any_other_answer_goes_by_what_is_read(kind: ReceiptKind) -> None:
    assert flying(intended(100, "a"), called(110, kind)) == {}


@pytest.mark.parametrize(
    ("result", "left"),
    [
        (Result.DONE, {}),
        (Result.FAILED, {}),
        (Result.WAITING, {"a": 170.0}),
        (Result.UNKNOWN, {"a": 170.0}),
        (Result.STALE, {"a": 170.0}),
        (Result.NOT_TRIED, {"a": 170.0}),
    ],
)
def test_what_came_of_a_change_ends_it(result: Result, left: dict[str, float]) -> None:
    assert flying(intended(100, "a"), called(110, ReceiptKind.ACCEPTED), settled(120, "a", result)) == left


def test_of_two_calls_for_a_slot_the_last_counts() -> None:
    events = intended(100, "a"), intended(105, "a", call=2), called(106, ReceiptKind.REJECTED, call=2)
    assert flying(*events) == {}
    assert flying(*events, called(110, ReceiptKind.ACCEPTED)) == {}, "nothing is left for the first one's answer"
    assert flying(called(110, ReceiptKind.ACCEPTED)) == {}, "an answer to nobody's call"


def test_fleets_are_kept_apart_and_what_is_long_over_is_forgotten() -> None:
    assert flying(intended(100, "a"), fleets=("other",)) == {}
    assert flying(intended(100, "a"), since=101) == {}
    later = 100 + FORGOTTEN
    assert flying(intended(100, "a"), intended(later, "b", call=2)) == {"b": later + LOST}


def test_it_is_said_what_was_sent_and_what_was_there() -> None:
    fold = Flight()
    fold.record(intended(100, "a"))
    assert list(fold.of({"all"}, 0)) == [
        InFlight(fleet="all", unit="a", workload="f", to="v2", observed="was-a", at=100, until=100 + LOST, again=160)
    ]


def test_what_has_no_lasting_effect_goes_later_and_later() -> None:
    fold, at, pauses = Flight(), 100.0, list[float]()
    for call in range(1, 10):
        for event in (
            intended(at, "a", call=call),
            called(at + 1, ReceiptKind.ACCEPTED, call=call),
            settled(at + 9, "a", Result.FAILED),
        ):
            fold.record(event)
        (sent,) = fold.of({"all"}, 0)
        assert (sent.until, sent.times) == (0.0, call), "nothing is on its way any more"
        pauses.append(sent.again - at)
        at = sent.again
    assert pauses == [60, 120, 240, 480, 960, 1920, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    fold.record(intended(at, "a", to="v3", call=10))
    assert [one.times for one in fold.of({"all"}, 0)] == [1], "another version begins anew"
