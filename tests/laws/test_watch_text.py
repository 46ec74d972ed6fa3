"""What a watch says: as many lines as there are kinds of things, of whatever units; nothing twice; everything in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.change import Reason, Request, Verb
from reconciler.model.event import (
    AnyEvent,
    Blocked,
    Called,
    Completed,
    Differing,
    Drifted,
    Finished,
    Intended,
    Note,
    Notified,
    Passed,
    Settled,
    Settling,
    Started,
)
from reconciler.model.event_parts import SlotName
from reconciler.model.event_shape import fleet_of
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.unit import Ref
from reconciler.views.line import plain, text_of
from reconciler.views.watch_text import HEARTBEAT, LONGEST, MOST, Log
from reconciler.views.words import clean
from tests.laws.strategies import NOW

WORKLOAD = Ref("w1", "poller")
KINDS = 8
"""Kinds of events that are gathered."""
LIMIT = 900_000
"""Bytes that a summary of a pipeline may have."""


def _refs(numbers: Sequence[int], name: str = "gw") -> tuple[Ref, ...]:
    return tuple(Ref(f"u{number}", f"{name}-{number}") for number in numbers)


@st.composite
def passes(draw: st.DrawFn, number: int = 1, most: int = 12) -> list[AnyEvent]:
    """Draw the events of one pass over some fleets, in an order in which they come."""
    names = st.sampled_from(["a", "b", "ü" * 30, "x\n::error::"])
    versions = st.sampled_from([None, "v1", "v2"])
    events: list[AnyEvent] = []
    for _ in range(draw(st.integers(0, most))):
        at, fleet = NOW + draw(st.floats(0, 100)), draw(names)
        head: dict[str, Any] = {"at": at, "run": "r"}
        unit = Ref(f"u{draw(st.integers(0, 9))}", draw(names))
        receipt = Receipt(draw(st.sampled_from(ReceiptKind)), draw(names))
        slots = tuple(SlotName(one, WORKLOAD, Verb.RELEASE, 1) for one in _refs(range(draw(st.integers(1, 3)))))
        outcome = Outcome(
            fleet=fleet,
            unit=unit,
            workload=WORKLOAD,
            verb=draw(st.sampled_from(Verb)),
            to=draw(versions),
            result=draw(st.sampled_from(Result)),
            detail=draw(names),
        )
        call = len(events)
        events += draw(
            st.sampled_from(
                [
                    [Started(**head, kind="watch")],
                    [Note(**head, level=draw(st.sampled_from(["info", "error"])), message=draw(names), fleet=fleet)],
                    [Note(**head, level="warning", message=draw(names))],
                    [Blocked(**head, fleet=fleet, violations=(Violation(kind=LimitKind.REMOVE, intended=call),))],
                    [
                        Intended(
                            **head,
                            fleet=fleet,
                            call=call,
                            kind="k",
                            request=Request("GET", "/"),
                            wide=False,
                            slots=slots,
                        ),
                        Called(**head, fleet=fleet, call=call, receipt=receipt, seconds=0.1),
                    ],
                    [Settling(**head, fleet=fleet, done=call, waiting=1, failed=0, pending=0)],
                    [Settled(**head, outcome=outcome)],
                    [
                        Notified(
                            **head,
                            target="ops",
                            kind=NoticeKind.DRIFT,
                            result=draw(st.sampled_from(Delivery)),
                            title=draw(names),
                            error=draw(names),
                        )
                    ],
                    [
                        Drifted(
                            **head,
                            fleet=fleet,
                            unit=unit,
                            workload=WORKLOAD,
                            was="v0",
                            now=draw(versions),
                            desired="v9",
                        )
                    ],
                    [
                        Differing(
                            **head,
                            fleet=fleet,
                            workload=WORKLOAD,
                            verb=Verb.REPLACE,
                            now=draw(versions),
                            desired="v9",
                            reason=Reason.OUT_OF_SYNC,
                            units=_refs(range(draw(st.integers(1, 4)))),
                        )
                    ],
                    [Finished(**head, results={}, exit_code=0, seconds=1)],
                ]
            )
        )
    events.sort(key=lambda event: event.at)
    events += [_passed(name, number) for name in draw(st.sets(names))]
    return [*events, Completed(at=NOW + 101, run="r", number=number, fleets=1, seconds=1)]


def _passed(fleet: str, number: int, changes: int = 0, at: float = NOW + 100) -> Passed:
    return Passed(
        at=at,
        run="r",
        fleet=fleet,
        number=number,
        sync="synced",
        health="healthy",
        changes=changes,
        held=0,
        violations=0,
    )


def _said(log: Log, events: Sequence[AnyEvent]) -> list[str]:
    return [text_of(line) for event in events for line in log.record(event)]


def _grown(event: AnyEvent, times: int) -> list[AnyEvent]:
    """Return an event as it comes where a fleet has that many times the units."""
    if isinstance(event, Drifted):
        return [
            Drifted(
                at=event.at,
                run="r",
                fleet=event.fleet,
                unit=Ref(f"{event.unit.id}-{one}", event.unit.name),
                workload=WORKLOAD,
                was=event.was,
                now=event.now,
                desired=event.desired,
            )
            for one in range(times)
        ]
    return [event] * times if isinstance(event, Settled) else [event]


@given(passes(), st.integers(2, 30))
def test_lines_do_not_become_more_with_more_units(events: list[AnyEvent], times: int) -> None:
    few = _said(Log(), events)
    many = _said(Log(), [more for event in events for more in _grown(event, times)])
    assert len(many) == len(few)


@given(passes(most=60))
def test_a_pass_is_bounded_and_leaves_nothing_unsaid(events: list[AnyEvent]) -> None:
    log = Log()
    said = _said(log, events)
    settling = sum(isinstance(event, Settling) for event in events)
    assert len(said) <= KINDS * (MOST + 1) + settling + 1
    assert log.flush() == []
    for event in events:
        if isinstance(event, Blocked | Drifted):
            assert any(clean(fleet_of(event)) in line for line in said)


@given(passes(most=40), st.booleans())
def test_the_times_of_lines_never_go_back(events: list[AnyEvent], steady: bool) -> None:
    """A line of several calls or results bears the time of the last; what happened before stands above it."""
    log = Log(steady=steady)
    ordered = sorted(
        (one for one in events if not isinstance(one, Passed | Completed | Settling)), key=lambda one: one.at
    )
    lines = [text_of(line) for event in ordered for line in log.record(event)] + [text_of(one) for one in log.flush()]
    times = [line[:20] for line in lines if not line[29:].startswith("…")]
    assert times == sorted(times)


@given(passes(), passes())
def test_with_details_the_same_lines_come_and_each_event_besides(one: list[AnyEvent], two: list[AnyEvent]) -> None:
    quiet, loud = Log(), Log(verbose=True)
    lines = _said(loud, [*one, *two])
    assert [line for line in lines if " debug " not in line] == _said(quiet, [*one, *two])
    slots = sum(
        len(event.units)
        if isinstance(event, Differing)
        else isinstance(event, Drifted | Settled | Called | Intended)
        or (isinstance(event, Notified) and event.result not in {Delivery.FAILED, Delivery.DROPPED})
        for event in [*one, *two]
    )
    assert len(lines) - len(_said(Log(), [*one, *two])) == slots


def test_whatever_is_in_names_a_pass_stays_below_what_a_summary_takes() -> None:
    long = "\U000e0001" * 390
    drift = [
        Drifted(
            at=NOW,
            run="r",
            fleet=f"{long}{fleet}",
            unit=Ref("u", long),
            workload=WORKLOAD,
            was=long,
            now=str(number),
            desired=long,
        )
        for fleet in range(40)
        for number in range(50)
    ]
    notes = [
        Note(at=NOW, run="r", level="error", message=f"{number}{long}", fleet=f"{long}{number}")
        for number in range(500)
    ]
    stands = [_passed(f"{long}{number}", 1, changes=number) for number in range(500)]
    log = Log()
    events: list[AnyEvent] = [*drift, *notes, *stands, Completed(at=NOW, run="r", number=1, fleets=5000, seconds=1)]
    written = "".join(plain(log.record(event)) for event in events)
    assert 1000 < len(written.encode()) < LONGEST + 10_000 < LIMIT
    assert "480 more fleets: 480 synced" in written


def test_fleets_that_stand_as_before_are_not_said_again_but_that_the_watch_lives_is() -> None:
    log = Log()
    fleets = [f"f{number}" for number in range(600)]

    def turn(number: int, at: float, changes: int = 0) -> list[str]:
        events = [_passed(name, number, changes if name == "f7" else 0, at) for name in fleets]
        return _said(log, [*events, Completed(at=at, run="r", number=number, fleets=600, seconds=1)])

    (first,) = turn(1, NOW)
    assert "f0, f1, f2 and 597 more pass 1: synced, healthy; 0 changes" in first
    assert turn(2, NOW + 60) == []
    (one,) = turn(3, NOW + 120, changes=3)
    assert "f7 pass 3: synced, healthy; 3 changes" in one
    assert turn(4, NOW + 180, changes=3) == []
    (alive,) = turn(5, NOW + 121 + HEARTBEAT, changes=3)
    assert "pass 5: nothing new; 600 fleets: 600 synced" in alive


def test_what_fails_the_same_way_in_every_pass_is_said_once_and_again_after_it_went_well() -> None:
    log = Log()

    def turn(result: Result, units: int) -> list[str]:
        outcomes = [
            Outcome(fleet="f", unit=one, workload=WORKLOAD, verb=Verb.REPLACE, to="v2", result=result)
            for one in _refs(range(units))
        ]
        events: list[AnyEvent] = [Settled(at=NOW, run="r", outcome=one) for one in outcomes]
        return _said(log, [*events, Completed(at=NOW, run="r", number=1, fleets=1, seconds=1)])

    assert [len(turn(Result.FAILED, units)) for units in (5, 5, 6, 6)] == [1, 0, 1, 0]
    assert len(turn(Result.DONE, 6)) == 1
    assert len(turn(Result.FAILED, 6)) == 1


def test_warnings_that_differ_in_names_are_one_line_and_a_new_one_is_said() -> None:
    log = Log()

    def turn(pins: Sequence[int]) -> list[str]:
        texts = [f"a.yaml:{pin}:1: no unit has the id or name 'gw-{pin}': this pin holds nothing" for pin in pins]
        notes = [Note(at=NOW, run="r", level="warning", message=text, fleet="f") for text in texts]
        return _said(log, [*notes, Completed(at=NOW, run="r", number=1, fleets=1, seconds=1)])

    (first,) = turn(range(1, 501))
    assert "500 alike: a.yaml:1:1: no unit has the id or name 'gw-1'" in first
    assert first.endswith("(also 'gw-2', 'gw-3', 'gw-4' and 496 more)")
    assert turn(range(1, 501)) == []
    (new,) = turn(range(1, 502))
    assert "a.yaml:501:1: no unit has the id or name 'gw-501'" in new
    assert "alike" not in new
