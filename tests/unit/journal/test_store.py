"""What a history keeps, in a file and on a server: in order, once, and before anything rests on it."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.errors import JournalError
from reconciler.journal.rows import event_of
from reconciler.journal.store import Store
from reconciler.model.event import Completed, Notified, Passed, Settling
from reconciler.model.event_shape import to_builtins
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.outcome import ReceiptKind, Result
from tests.postgres import Postgres, name_of
from tests.unit.journal.conftest import Opened
from tests.unit.journal.happenings import TARGETS, called, intended, passed, settled


def unanswered(store: Store) -> list[tuple[str, int]]:
    return [(one.unit.name, one.call) for one in store.memory(TARGETS, 0).unanswered]


def test_an_intention_is_there_for_others_at_once(opened: Opened, where: str) -> None:
    first, second = opened(where), opened(where, writes=False)
    first.record(intended(1000.5, units=2))
    assert [(one.unit, one.at) for one in second.memory(TARGETS, 0).went] == [("u0", 1000.5), ("u1", 1000.5)]
    assert unanswered(second) == [("gw-0", 1), ("gw-1", 1)]


def test_an_answer_ends_the_doubt_and_no_answer_leaves_it_to_a_reading(opened: Opened, where: str) -> None:
    store = opened(where)
    for event in (intended(1, 1), called(2, 1), intended(3, 2), called(4, 2, ReceiptKind.UNKNOWN)):
        store.record(event)
    assert unanswered(store) == [("gw-0", 2)]
    store.record(settled(5, 0, Result.UNKNOWN))
    assert unanswered(store) == [("gw-0", 2)]
    store.record(settled(6, 0, run="r2"))
    assert unanswered(store) == []


def test_what_is_gathered_is_written_when_it_is_asked_for_and_when_it_is_closed(opened: Opened, where: str) -> None:
    first, second = opened(where), opened(where)
    first.record(intended(1, 1))
    first.record(settled(2))
    assert unanswered(second) == [("gw-0", 1)]
    first.memory(TARGETS, 0)
    assert unanswered(second) == []
    first.record(settled(3, 1))
    first.close()
    assert len(_kinds(opened(where), "settled")) == 2


def test_two_that_begin_and_write_at_once_have_one_chain(opened: Opened, where: str) -> None:
    first, second = opened(where), opened(where)
    for number in range(5):
        first.record(intended(number, number, run="a"))
        second.record(intended(number, number, run="b"))
    rows = _kinds(first, "intended")
    assert [row.id for row in rows] == list(range(1, 11))
    assert [row.run for row in rows] == ["a", "b"] * 5


def test_a_pass_that_found_nothing_new_is_not_kept(opened: Opened, where: str) -> None:
    store = opened(where)
    for number in range(1, 5):
        store.record(passed(number, number, "synced" if number < 4 else "out of sync"))
        store.record(Settling(at=number, run="r1", fleet="north", done=1, waiting=0, failed=0, pending=0))
        store.record(Completed(at=number, run="r1", number=number, fleets=1, seconds=1.0))
    assert [row.at for row in _kinds(store, "passed")] == [1, 4]
    assert [row.at for row in _kinds(store, "completed")] == [1, 4]
    assert _kinds(store, "settling") == []


def test_a_fleet_of_another_application_is_refused(opened: Opened, where: str) -> None:
    opened(where).memory(TARGETS, 0)
    store = opened(where, writes=False)
    with pytest.raises(
        JournalError, match=r"another fleet 'north': there it is of losant:.*/1, here of other"
    ) as raised:
        store.memory({"north": "other"}, 0)
    assert "--history" in raised.value.hint
    assert store.memory({"north": "", "south": "other"}, 0).went == ()


def test_what_could_not_be_written_is_written_later_in_its_order_and_once(
    opened: Opened, database: str, postgres: Postgres
) -> None:
    store = opened(database)
    store.record(intended(1, 1))
    postgres.execute("ALTER TABLE history_events RENAME TO gone", database=name_of(database))
    for event in (called(2, 1), settled(3), intended(4, 2)):
        if not isinstance(event, type(settled(0))):
            with pytest.raises(JournalError, match="history_events"):
                store.record(event)
        else:
            store.record(event)
    postgres.execute("ALTER TABLE gone RENAME TO history_events", database=name_of(database))
    store.record(called(5, 2))
    assert [row.at for row in _kinds(store)] == [1, 2, 3, 4, 5]


def test_a_server_that_cuts_the_connection_costs_no_event(opened: Opened, database: str, postgres: Postgres) -> None:
    store = opened(database)
    store.record(intended(1, 1))
    postgres.disconnect(database)
    store.record(called(2, 1))
    assert [row.at for row in _kinds(store)] == [1, 2]


def _kinds(store: Store, kind: str = "") -> list:
    """Return the rows of a kind, in their order."""
    from sqlalchemy import select

    from reconciler.journal.tables import EVENTS

    with store._database.reading() as on:
        rows = on.execute(select(EVENTS).order_by(EVENTS.c.id)).all()
    assert [row.kind for row in rows] == [msgspec.json.decode(row.body)["event"] for row in rows]
    return [row for row in rows if row.kind.startswith(kind)]


def test_what_is_remembered_besides_calls_is_so_where_nothing_was_ever_sent(opened: Opened, where: str) -> None:
    first = opened(where)
    first.record(
        Notified(
            at=1000.0,
            run="w",
            target="team",
            kind=NoticeKind.DRIFT,
            result=Delivery.SENT,
            title="drift",
            keys=("drift:north",),
            sizes=(1,),
        )
    )
    assert first.memory(TARGETS, 0).notified == {("team", "drift:north"): 1}
    first.close()
    assert opened(where).memory(TARGETS, 0).notified == {("team", "drift:north"): 1}


@pytest.mark.parametrize("at", [None, 1_795_979_826.25])
def test_moments_in_events_are_texts_and_the_numbers_of_before_are_read(at: float | None) -> None:
    event = Passed(
        at=2.0,
        run="r",
        fleet="f",
        number=1,
        sync="synced",
        health="healthy",
        changes=0,
        held=0,
        violations=0,
        read_at=at,
    )
    body = to_builtins(event)
    assert body["read_at"] == (at and "2026-11-29T19:17:06.250Z")
    assert event_of(2.0, msgspec.json.encode(body).decode()) == event
    assert event_of(2.0, msgspec.json.encode({**body, "read_at": at}).decode()) == event
    assert event_of(2.0, msgspec.json.encode({**body, "read_at": "soon"}).decode()) is None
