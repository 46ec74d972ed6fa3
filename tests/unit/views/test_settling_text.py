"""What an apply without a terminal says while units settle: what changed, many fleets in one line, and a rare sign of life."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.model.event import AnyEvent, Called, Note, Settling
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.views.line import text_of
from reconciler.views.settling_text import HEARTBEAT
from reconciler.views.watch_text import MOST, Log
from tests.golden import plans
from tests.golden.plans import NOW
from tests.unit.views.test_progress import intended


def settling(at: float, fleet: str = "austin", **numbers: Any) -> Settling:
    return Settling(
        at=NOW + at, run="r", fleet=fleet, **{"done": 0, "waiting": 0, "failed": 0, "pending": 0, **numbers}
    )


def said(*events: AnyEvent, steady: bool = True) -> list[str]:
    log = Log(steady=steady)
    lines = [one for event in events for one in log.record(event)]
    return [text_of(one).split(" ", 1)[1].strip() for one in [*lines, *log.flush()]]


def test_what_did_not_change_is_not_said_again() -> None:
    still = [settling(number * 10.0, pending=28) for number in range(10)]
    assert said(*still) == ["info    austin settling: 28 moving"]
    assert said(*still, settling(100, done=28)) == [
        "info    austin settling: 28 moving",
        "info    austin settling: 28 done",
    ]


def test_where_a_change_takes_several_calls_it_is_said_what_is_waited_for() -> None:
    pushed, both = {"a.push": 2}, {"a.prepare": 1, "a.push": 1}
    assert said(settling(0, pending=2, steps=both), settling(10, pending=2, steps=pushed), settling(20, pending=1)) == [
        "info    austin settling: 2 moving (1 after a.prepare, 1 after a.push)",
        "info    austin settling: 2 moving (after a.push)",
        "info    austin settling: 1 moving",
    ]
    some = [settling(n / 100, f"f{n}", pending=3, steps=pushed) for n in range(9)]
    (together,) = said(*some)
    assert together.endswith("settling: 27 moving (18 after a.push)")


def test_a_sign_of_life_is_rare() -> None:
    still = [settling(number * 10.0, pending=28) for number in range(61)]
    assert 2 <= len(said(*still)) <= 1 + 600 // HEARTBEAT
    assert len(said(*still, steady=False)) == 1


def test_many_fleets_share_a_line() -> None:
    rounds = [settling(at * 10 + n / 100, f"f{n}", done=at, pending=9 - at) for at in range(3) for n in range(300)]
    assert said(*rounds) == [
        f"info    f0, f1, f2 and 297 more settling: {numbers}"
        for numbers in ("2,700 moving", "300 done and 2,400 moving", "600 done and 2,100 moving")
    ]


def test_a_few_fleets_have_a_line_each() -> None:
    rounds = [settling(at * 10 + n / 100, f"f{n}", pending=9) for at in range(3) for n in range(2)]
    assert said(*rounds) == ["info    f0 settling: 9 moving", "info    f1 settling: 9 moving"]


def test_a_note_is_repeated_only_after_another_call() -> None:
    def gone(at: float) -> Note:
        return Note(at=NOW + at, run="r", level="warning", message="could not read back: gone")

    assert said(gone(1), settling(2, pending=5), gone(3), gone(14)) == [
        "warning could not read back: gone",
        "info    austin settling: 5 moving",
    ]
    assert len(said(gone(1), intended(plans.large()), gone(3))) == 2


def test_calls_that_were_accepted_alike_share_a_line() -> None:
    call = intended(plans.large())
    events: list[AnyEvent] = []
    for n in range(30):
        events.append(msgspec.structs.replace(call, call=n, fleet=f"f{n}"))
        receipt = Receipt(ReceiptKind.ACCEPTED, status=202)
        events.append(Called(at=NOW, run="r", fleet=f"f{n}", call=n, receipt=receipt, seconds=n / 10))
    assert said(*events) == [
        "info    f0, f1, f2 and 27 more: 30 calls: losant.release for 30,000 slots: accepted (the slowest: 202, 2.9 s)"
    ]


def test_answers_beyond_the_lines_of_a_kind_are_counted_in_the_end() -> None:
    call = intended(plans.large())
    events: list[AnyEvent] = [
        Called(at=NOW, run="r", fleet=f"f{n}", call=n, receipt=Receipt(ReceiptKind.REJECTED, "no"), seconds=0.1)
        for n in range(MOST + 5)
    ]
    lines = said(call, *events)
    assert len(lines) == MOST + 1
    assert lines[-1] == "info    … and 5 more kinds of answers to calls; all are in --result FILE"
