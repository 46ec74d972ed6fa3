"""What any platform promises of calling: exactly its slots move, twice is harmless, and receipts tell the truth."""

from __future__ import annotations

import pytest

from reconciler.model.outcome import ReceiptKind
from reconciler.model.snapshot import Query
from tests.contract.subjects import Rig, Subject, Truth, everywhere, moves


def moved(before: Truth, after: Truth) -> set[tuple[str, str]]:
    """Return the slots whose truth differs."""
    return {slot for slot in before | after if before.get(slot) != after.get(slot)}


@pytest.fixture
def steady(subject: Subject) -> Rig:
    """A rig whose units are all connected and take what they are told."""
    return subject.rig(2300, 2, offline=0.0, failing=0.0)


@pytest.mark.parametrize("whole", [True, False])
def test_each_call_moves_exactly_its_slots(steady: Rig, whole: bool) -> None:
    platform = steady.platform
    snapshot = platform.observe(Query())
    gone = set(snapshot.units.ids[:7])
    changes = moves(snapshot, lambda unit, _: None if unit in gone else steady.versions[0])
    for action in platform.compile(changes, snapshot, {}, whole=everywhere(snapshot) if whole else ()):
        before = steady.truth()
        receipt = platform.execute(action, steady.deadline)
        assert receipt.kind is ReceiptKind.ACCEPTED, receipt
        steady.settle()
        slots = {(changes[slot].unit.id, changes[slot].workload.id): changes[slot].to for slot in action.slots}
        after = steady.truth()
        assert moved(before, after) == set(slots)
        assert {slot: after.get(slot, (None, None))[0] for slot in slots} == slots
    assert moves(platform.observe(Query()), lambda unit, _: None if unit in gone else steady.versions[0]) == []


def test_executing_twice_is_harmless(steady: Rig) -> None:
    platform = steady.platform
    snapshot = platform.observe(Query())
    changes = moves(snapshot, lambda unit, _: None if unit == snapshot.units.ids[0] else steady.versions[0])
    actions = platform.compile(changes, snapshot, {}, whole=everywhere(snapshot))
    for action in actions:
        platform.execute(action, steady.deadline)
    steady.settle()
    once = steady.truth()
    for action in actions:
        receipt = platform.execute(action, steady.deadline)
        assert receipt.kind is (ReceiptKind.UNPROVED if action.wide else ReceiptKind.ACCEPTED)
    steady.settle()
    assert steady.truth() == once


@pytest.mark.parametrize(
    ("fault", "kind", "effect"),
    [
        ("reset=100%@writes", ReceiptKind.UNKNOWN, False),
        ("lost=100%@writes", ReceiptKind.UNKNOWN, True),
        ("500=100%@writes", ReceiptKind.UNKNOWN, False),
        ("html=100%@writes", ReceiptKind.UNKNOWN, False),
        ("truncate=100%@writes", ReceiptKind.UNKNOWN, True),
        ("slow=100%@writes", ReceiptKind.ACCEPTED, True),
        ("429=100%@writes", ReceiptKind.REJECTED, False),
        ("429=100%@writes*2", ReceiptKind.ACCEPTED, True),
        ("expire=100%@writes", ReceiptKind.REJECTED, False),
    ],
)
def test_receipts_tell_the_truth(subject: Subject, fault: str, kind: ReceiptKind, effect: bool) -> None:
    rig = subject.rig(20, 1, offline=0.0, failing=0.0)
    snapshot = rig.platform.observe(Query())
    changes = moves(snapshot, lambda *_: rig.versions[0])
    (action,) = rig.platform.compile(changes, snapshot, {}, whole=())
    rig.fault(fault)
    before, asked = rig.truth(), rig.requests()
    receipt = rig.platform.execute(action, rig.deadline)
    assert receipt.kind is kind, receipt
    assert rig.secret not in receipt.error
    assert bool(receipt.error) == (kind is not ReceiptKind.ACCEPTED)
    assert rig.requests() - asked <= 8
    if kind is ReceiptKind.UNKNOWN:
        assert rig.requests() - asked == 1, "what may have taken effect is not repeated"
    rig.fault()
    rig.settle()
    assert bool(moved(before, rig.truth())) == effect


def test_no_call_after_its_deadline(subject: Subject) -> None:
    rig = subject.rig(20, 1)
    snapshot = rig.platform.observe(Query())
    actions = rig.platform.compile(moves(snapshot, lambda *_: rig.versions[0]), snapshot, {}, whole=())
    asked = rig.requests()
    receipt = rig.platform.execute(actions[0], rig.clock.now() - 1)
    assert receipt.kind is ReceiptKind.REJECTED
    assert rig.requests() == asked


def test_a_wide_call_is_not_sent_when_another_unit_holds_the_version_by_now(subject: Subject) -> None:
    rig = subject.rig(2300, 1, offline=0.0, failing=0.0)
    if not rig.platform.capabilities.wide_calls:
        pytest.skip(f"{subject} has no wide calls")
    snapshot = rig.platform.observe(Query())
    some = moves(snapshot, lambda *_: rig.versions[0])
    wide = [action for action in rig.platform.compile(some, snapshot, {}, whole=everywhere(snapshot)) if action.wide]
    rig.intrude(wide[0])
    before = rig.truth()
    receipt = rig.platform.execute(wide[0], rig.deadline)
    assert receipt.kind is ReceiptKind.UNPROVED
    assert receipt.error
    rig.settle()
    assert rig.truth() == before


def test_checks_only_read_and_say_what_they_cannot_tell(subject: Subject) -> None:
    rig = subject.rig(5, 1)
    before = rig.truth()
    checks = list(rig.platform.check())
    assert {check.status for check in checks} <= {"ok", "warning", "failed", "unchecked"}
    assert not [check for check in checks if check.status == "failed"]
    assert any(check.status == "unchecked" for check in checks)
    assert rig.truth() == before
    rig.fault("expire=100%")
    failed = [check for check in rig.platform.check() if check.status == "failed"]
    assert failed
    assert rig.secret not in repr(failed)
