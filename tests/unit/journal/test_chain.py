"""A chain shows what was changed or lost, and goes on where its oldest part was forgotten."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from reconciler.errors import JournalError
from reconciler.journal.chain import prune, verify
from reconciler.journal.store import Store
from reconciler.model.event import Halted, Met
from reconciler.model.ruling import RolloutId
from tests.unit.journal.conftest import Opened
from tests.unit.journal.happenings import TARGETS, VISION, called, intended, settled

ROLLOUT = RolloutId("north", "w1", "v2")


def filled(opened: Opened, where: str) -> Store:
    """Return a history of a halt long ago, and of a few calls later."""
    store = opened(where)
    store.record(Halted(at=10.25, run="r0", rollout=ROLLOUT, workload=VISION, failed=3, attempted=9))
    store.record(Met(at=11, run="r0", rollout=ROLLOUT, workload=VISION, wave=0, met=True))
    for number in range(1, 4):
        store.record(intended(100.0 * number, number, units=3))
        store.record(called(100.0 * number + 1, number))
        store.record(settled(100.0 * number + 2))
    store.flush()
    return store


def test_a_chain_that_nobody_touched_holds(opened: Opened, where: str) -> None:
    store = filled(opened, where)
    found = verify(store._database)
    assert (found.events, found.last) == (11, 11)
    assert abs(found.since - time.time()) < 60


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE history_events SET body = replace(body, 'v2', 'v3') WHERE id = 4", "event 4 .called"),
        ("UPDATE history_events SET body = replace(body, 'gw', 'gx') WHERE id = 6", "event 6 .intended"),
        ("UPDATE history_events SET at = at + 1 WHERE id = 5", "event 5 .settled, 1970-01-01T00:01:43Z, run r1"),
        ("UPDATE history_events SET fleet = 'south' WHERE id = 3", "event 3 .intended"),
        ("UPDATE history_slots SET unit_name = 'gw-7' WHERE event = 3 AND position = 1", "event 3 .intended"),
        ("DELETE FROM history_slots WHERE event = 6 AND position = 2", "event 6 .intended"),
        ("DELETE FROM history_slots WHERE event = 9", "event 9 .intended"),
        ("DELETE FROM history_events WHERE id = 7", "event 7 is missing"),
        ("DELETE FROM history_events WHERE id = 1", "event 1 is missing"),
        ("UPDATE history_checkpoints SET at = 0", "its beginning"),
        ("DELETE FROM history_checkpoints", "its beginning"),
    ],
)
def test_the_first_event_that_was_changed_or_lost_is_named(opened: Opened, where: str, harm: str, said: str) -> None:
    store = filled(opened, where)
    with store._database.appending(durable=False) as on:
        on.execute(text(harm))
    if "replace(body, 'v2'" in harm:
        assert verify(store._database).events == 11, "an answer names no version: nothing was changed"
        return
    with pytest.raises(JournalError, match=f"is broken: {said}"):
        verify(store._database)


def test_what_is_forgotten_leaves_what_still_matters_and_a_chain_that_holds(opened: Opened, where: str) -> None:
    store = filled(opened, where)
    before = store.memory(TARGETS, 250)
    assert prune(store._database, 200) == 5
    assert prune(store._database, 200) == 0
    later = opened(where)
    after = later.memory(TARGETS, 250)
    assert (after.met, after.halts, after.went) == (before.met, before.halts, before.went)
    assert after.halts == {ROLLOUT: 10.25}
    assert after.since >= 200
    store.record(called(400, 9))
    assert (verify(store._database).events, verify(store._database).last) == (7, 12)
    assert prune(store._database, 1000) == 7
    assert (verify(store._database).events, verify(store._database).last) == (0, 12)
    store.record(called(401, 9))
    assert verify(opened(where)._database).events == 1
    assert opened(where).memory(TARGETS, 0).halts == {ROLLOUT: 10.25}


def test_a_changed_checkpoint_is_seen(opened: Opened, where: str) -> None:
    store = filled(opened, where)
    prune(store._database, 200)
    with store._database.appending(durable=False) as on:
        on.execute(text("UPDATE history_checkpoints SET body = replace(body, 'v2', 'v3')"))
    with pytest.raises(JournalError, match="its beginning"):
        verify(store._database)


def test_old_events_are_forgotten_by_themselves(opened: Opened, where: str) -> None:
    from reconciler.model.event import Completed

    store = filled(opened, where)
    keeps = Store(store._database, 86400.0)
    keeps.record(Completed(at=86400.0 + 250, run="r2", number=1, fleets=1, seconds=1.0))
    keeps.record(intended(86400.0 + 260, 1, run="r2"))
    assert verify(store._database).events == 4
