"""What any platform promises of calling: exactly its slots move, twice is harmless, and receipts tell the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reconciler.model.change import Action, Change
from reconciler.model.outcome import ReceiptKind
from reconciler.model.snapshot import Query
from reconciler.testing.changes import assigned, everywhere, moves, sendable
from reconciler.testing.subject import Rig, Subject


def slots_of(rig: Rig, action: Action, changes: Sequence[Change]) -> list[tuple[str | None, str | None] | None]:
    """Return what the slots of a call truly are."""
    truth = rig.truth()
    return [truth.get((changes[slot].unit.id, changes[slot].workload.id)) for slot in action.slots]


@pytest.fixture
def steady(subject: Subject) -> Rig:
    """A rig whose units are all connected and take what they are assigned."""
    rig = subject.rig(subject.many, 2, offline=0.0, failing=0.0)
    rig.settle()
    return rig


def desired(rig: Rig, gone: set[str]) -> Callable[[str, str], str | None]:
    """Return what slots should have: nothing on some units, the highest version on the others."""
    return lambda unit, workload: None if unit in gone else rig.versions_of(workload)[-1]


@pytest.mark.parametrize("whole", [True, False])
def test_each_call_moves_no_slots_but_its_own_until_all_are_as_wanted(
    subject: Subject, steady: Rig, whole: bool
) -> None:
    platform = steady.platform
    first = platform.observe(Query())
    wanted = desired(steady, set(first.units.ids[: max(1, min(7, len(first.units) // 2))]))
    for turn in range(1, 12):
        snapshot = platform.observe(Query())
        changes, catalog = sendable(steady, moves(snapshot, wanted), snapshot)
        if not changes:
            break
        assert turn == 1 or platform.capabilities.steps
        for action in platform.compile(changes, snapshot, catalog, fleet_wide=everywhere(snapshot) if whole else ()):
            before = assigned(steady)
            receipt = platform.execute(action, steady.deadline)
            overtaken = ReceiptKind.UNPROVED if platform.capabilities.steps else ReceiptKind.ACCEPTED
            assert receipt.kind in {ReceiptKind.ACCEPTED, overtaken}, receipt
            steady.settle()
            slots = {(changes[slot].unit.id, changes[slot].workload.id): changes[slot].to for slot in action.slots}
            after = assigned(steady)
            changed = {slot for slot in before | after if before.get(slot) != after.get(slot)}
            assert {slot for slot in changed if slot[1] not in subject.brings} <= set(slots)
            if not platform.capabilities.steps:
                assert {slot: after.get(slot) for slot in slots} == slots
    assert not changes, f"after {turn} passes there is still to do: {changes[:3]}"


def test_executing_twice_is_harmless(steady: Rig) -> None:
    platform = steady.platform
    snapshot = platform.observe(Query())
    changes, catalog = sendable(steady, moves(snapshot, desired(steady, {snapshot.units.ids[0]})), snapshot)
    actions = platform.compile(changes, snapshot, catalog, fleet_wide=everywhere(snapshot))
    for action in actions:
        platform.execute(action, steady.deadline)
    steady.settle()
    once = steady.truth()
    for action in actions:
        receipt = platform.execute(action, steady.deadline)
        if not platform.capabilities.steps:
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
        ("masked=100%@writes", ReceiptKind.REJECTED, False),
        ("expire=100%@writes", ReceiptKind.REJECTED, False),
    ],
)
def test_receipts_tell_the_truth(subject: Subject, fault: str, kind: ReceiptKind, effect: bool) -> None:
    if fault.startswith("expire") and not subject.credentials:
        pytest.skip(f"{subject} asks nobody who they are")
    rig = subject.rig(20, 1, offline=0.0, failing=0.0)
    snapshot = rig.platform.observe(Query())
    changes, catalog = sendable(rig, moves(snapshot, desired(rig, set())), snapshot)
    action = rig.platform.compile(changes, snapshot, catalog, fleet_wide=())[0]
    rig.fault(fault)
    before, asked, wrote = slots_of(rig, action, changes), rig.requests(), rig.writes()
    receipt = rig.platform.execute(action, rig.deadline)
    if subject.silent and fault.startswith("truncate"):
        kind = ReceiptKind.ACCEPTED  # there was nothing to cut off
    assert receipt.kind is kind, receipt
    assert rig.secret not in receipt.error
    assert bool(receipt.error) == (kind is not ReceiptKind.ACCEPTED)
    assert rig.requests() - asked <= 8
    if kind is ReceiptKind.UNKNOWN:
        assert rig.writes() - wrote == 1, "what may have taken effect is not repeated"
    rig.fault()
    rig.settle()
    assert (slots_of(rig, action, changes) != before) == effect


def test_no_call_after_its_deadline(subject: Subject) -> None:
    rig = subject.rig(20, 1)
    snapshot = rig.platform.observe(Query())
    changes, catalog = sendable(rig, moves(snapshot, desired(rig, set())), snapshot)
    actions = rig.platform.compile(changes, snapshot, catalog, fleet_wide=())
    asked = rig.requests()
    receipt = rig.platform.execute(actions[0], rig.clock.now() - 1)
    assert receipt.kind is ReceiptKind.REJECTED
    assert rig.requests() == asked


def test_a_wide_call_is_not_sent_when_another_unit_holds_the_version_by_now(subject: Subject) -> None:
    rig = subject.rig(subject.many, 1, offline=0.0, failing=0.0)
    if not rig.platform.capabilities.wide_calls:
        pytest.skip(f"{subject} has no wide calls")
    snapshot = rig.platform.observe(Query())
    some = moves(snapshot, lambda *_: rig.versions[0])
    wide = [
        action for action in rig.platform.compile(some, snapshot, {}, fleet_wide=everywhere(snapshot)) if action.wide
    ]
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
    rig.fault("expire=100%" if subject.credentials else "reset=100%")
    failed = [check for check in rig.platform.check() if check.status == "failed"]
    assert failed
    assert rig.secret not in repr(failed)
