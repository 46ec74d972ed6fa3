"""What calls came to, worked into the open changes: accepted, refused, put off, objected to, or nobody knows."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.ending import given_up
from reconciler.core.progress import MAX_SENDS, Answers, Call
from reconciler.core.working import Working
from reconciler.model.change import SlotId
from reconciler.model.outcome import Receipt, ReceiptKind, Result

ATTEMPTS = 4
"""How often one change is sent at most when answers are lost, put off or objected to."""

NO_RIGHTS = (401, 403)
PUT_OFF = (None, 429)
"""Statuses of refusals that say nothing against the changes: the call did not arrive, or came too soon."""

FAIL_FAST = "stopped at the first failure (--fail-fast)"


def take(run: Working, answers: Answers) -> None:
    """Take note of what calls came to. A change is accepted when the last of its calls is."""
    for _, receipt in answers:
        _judge_halt(run, receipt)
    failed: set[SlotId] = set()
    for call, receipt in answers:
        if receipt is not None:
            failed.update(_refused(run, call, receipt))
        if receipt is None or receipt.kind is not ReceiptKind.ACCEPTED:
            failed.update(call.slots)
            _failed(run, call, receipt)
        else:
            run.revealed |= frozenset(call.action.reveals)
    _drop_dependents(run, failed)
    left = {slot for call in run.queue for slot in call.slots}
    carried = {slot: change for call, _ in answers for slot, change in zip(call.slots, call.changes, strict=True)}
    for slot, change in carried.items():
        if slot not in failed and slot not in left and slot in run.tracks:
            run.accept(slot, change)


def _judge_halt(run: Working, receipt: Receipt | None) -> None:
    if receipt is None or not receipt.is_failure or run.halted:
        return
    if receipt.status in NO_RIGHTS:
        run.halted = f"the platform no longer accepts the credentials: {receipt.error}"
    elif run.before.fail_fast:
        run.halted = FAIL_FAST


def _refused(run: Working, call: Call, receipt: Receipt) -> list[SlotId]:
    """End the slots of units that the platform refuses a call for."""
    why = dict(receipt.refused)
    slots = [slot for slot in call.slots if slot in run.tracks and slot[0] in why]
    for slot in slots:
        run.end(slot, Result.FAILED, why[slot[0]])
    return slots


def _failed(run: Working, call: Call, receipt: Receipt | None) -> None:
    """Take note of a call that was not accepted."""
    slots = [slot for slot in call.slots if slot in run.tracks]
    if receipt is None:
        run.reread(slots)
    elif receipt.kind is ReceiptKind.UNPROVED:
        _objected(run, slots, receipt.error)
    elif receipt.kind is ReceiptKind.UNKNOWN:
        _lost(run, slots, call, receipt)
    elif receipt.alternative:
        run.reread(slots, error=receipt.error)
        _refuse(run, slots, call)
    else:
        _rejected(run, slots, receipt)


def _drop_dependents(run: Working, failed: set[SlotId]) -> None:
    """Take back later calls that rest on a failed one; what else they carry is planned anew after a reading."""
    kept = []
    for call in run.queue:
        if failed.isdisjoint(call.slots):
            kept.append(call)
        else:
            run.reread(slot for slot in call.slots if slot in run.tracks and slot not in failed)
            failed.update(call.slots)
    run.queue = kept


def _refuse(run: Working, slots: Iterable[SlotId], call: Call) -> None:
    for slot in slots:
        run.refused[slot] = run.refused.get(slot, frozenset()) | {call.action.call}


def _objected(run: Working, slots: list[SlotId], why: str) -> None:
    """Have a call read again that was not sent, split from its second time on.

    What one slot shows must not keep all others of a call from going.
    """
    for slot in slots:
        track = run.tracks[slot]
        if len(slots) == 1 and track.objected + 1 >= ATTEMPTS:
            run.end(slot, given_up(track), why)
            continue
        cap = half(len(slots)) if track.objected else track.cap
        run.change(slot, reread=True, objected=track.objected + 1, cap=cap, error="")


def _lost(run: Working, slots: list[SlotId], call: Call, receipt: Receipt) -> None:
    for slot in slots:
        track = run.tracks[slot]
        if receipt.alternative and track.lost + 1 >= MAX_SENDS:
            _refuse(run, [slot], call)
            run.change(slot, reread=True, lost=0, error=receipt.error)
        else:
            run.change(slot, reread=True, lost=track.lost + 1, error=receipt.error)


def half(slots: int) -> int:
    """Return how many slots a call may carry after one of so many was refused: two calls at most come of it."""
    return (slots + 1) // 2


def _rejected(run: Working, slots: list[SlotId], receipt: Receipt) -> None:
    put_off = receipt.status in PUT_OFF
    split = not run.halted and not put_off and len(slots) > 1 and run.splits > 0
    run.splits -= split
    for slot in slots:
        track = run.tracks[slot]
        if not run.halted and put_off and track.put_off + 1 < ATTEMPTS:
            run.change(slot, reread=True, put_off=track.put_off + 1, error=receipt.error)
        elif split:
            run.change(slot, reread=True, cap=half(len(slots)), error=receipt.error)
        else:
            run.end(slot, Result.FAILED, receipt.error)
