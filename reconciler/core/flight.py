"""Events → calls that may still take effect, although nothing of that is to be seen. Pure.

A call whose sender may have died, or may be cut off, can be on its way for as long as a call may take, with its attempts.
An accepted one can take a while to show. Either would be sent again by a run that reads too early. What was sent and left no
lasting effect would be sent again by every run: it goes later and later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from reconciler.core.progress import RESEND_AFTER
from reconciler.model.event import AnyEvent, Called, Intended, Settled
from reconciler.model.memory import InFlight
from reconciler.model.outcome import ReceiptKind, Result

CALL_DEADLINE = 120.0
"""Seconds that one call may take with all its attempts."""

CLOCKS = 30.0
"""Seconds by which the clocks of those who keep one history may differ."""

SLOWLY = frozenset({Result.WAITING, Result.STALE, Result.NOT_TRIED, Result.UNKNOWN})
"""Results that say nothing of whether a call has taken effect."""

LONGEST_PAUSE = 3600.0
"""Seconds at most until what has no lasting effect is sent once more; each pause is twice the one before."""

FORGOTTEN = 3 * LONGEST_PAUSE
"""Seconds after which something sent once more counts as sent for the first time."""

Slot = tuple[str, str, str]
"""Fleet, id of the unit, id of the workload."""


class Flight:
    """Folds events; of each slot it keeps the last call."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, int], Intended] = {}
        self._slots: dict[Slot, InFlight] = {}
        self._latest = 0.0

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        if isinstance(event, Intended | Called):
            self._latest = max(self._latest, event.at)
        if isinstance(event, Intended):
            self._calls[event.run, event.call] = event
            until = event.at + CALL_DEADLINE + CLOCKS
            for one in event.slots:
                slot = event.fleet, one.unit.id, one.workload.id
                times = self._times(slot, (one.to, one.observed), event.at)
                self._slots[slot] = InFlight(
                    fleet=event.fleet,
                    unit=one.unit.id,
                    workload=one.workload.id,
                    to=one.to,
                    observed=one.observed,
                    at=event.at,
                    until=until,
                    times=times,
                    again=event.at + min(RESEND_AFTER * 2.0 ** (min(times, 10) - 1), LONGEST_PAUSE),
                )
        elif isinstance(event, Called):
            self._called(event)
        elif isinstance(event, Settled) and event.outcome.result not in SLOWLY:
            self._settled((event.outcome.fleet, event.outcome.unit.id, event.outcome.workload.id), event.outcome.result)

    def _times(self, slot: Slot, sent: tuple[str | None, str], at: float) -> int:
        """Return how often the same was sent in a row to a slot that was the same, this time included."""
        last = self._slots.get(slot)
        same = last is not None and (last.to, last.observed) == sent and at - last.at < FORGOTTEN
        return 1 + last.times if last is not None and same else 1

    def _settled(self, slot: Slot, result: Result) -> None:
        """Take what came of a slot: nothing is on its way any more, and what failed must not go again at once."""
        found = self._slots.pop(slot, None)
        if found is not None and result is Result.FAILED:
            self._slots[slot] = msgspec.structs.replace(found, until=0.0)

    def _called(self, event: Called) -> None:
        """Give an accepted call its time to show; who saw any other answer, or that none came, reads and goes by that."""
        call = self._calls.pop((event.run, event.call), None)
        refused = {unit for unit, _ in event.receipt.refused}
        for one in call.slots if call is not None else ():
            slot = event.fleet, one.unit.id, one.workload.id
            found = self._slots.get(slot)
            if found is None:
                continue
            if event.receipt.kind is ReceiptKind.ACCEPTED and one.unit.id not in refused:
                self._slots[slot] = msgspec.structs.replace(found, until=event.at + RESEND_AFTER)
            else:
                del self._slots[slot]

    def of(self, fleets: Collection[str], since: float) -> Iterator[InFlight]:
        """Yield what of fleets may still take effect after the last call, or was sent lately, of what began since then."""
        gone = [slot for slot, one in self._slots.items() if self._latest >= max(one.until, one.at + FORGOTTEN)]
        for slot in gone:
            del self._slots[slot]
        yield from (one for slot, one in self._slots.items() if slot[0] in fleets and one.at >= since)
