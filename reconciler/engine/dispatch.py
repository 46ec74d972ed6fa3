"""Sending calls: a bounded pool, an event before and after each, and a stop that is obeyed between them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import msgspec

from reconciler.core.answers import NO_RIGHTS
from reconciler.core.flight import CALL_DEADLINE
from reconciler.core.progress import Call
from reconciler.engine.run import Run
from reconciler.errors import PlatformError
from reconciler.model.change import FREE
from reconciler.model.event import AnyEvent, Called, Intended
from reconciler.model.event_parts import SlotName
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.ports import Platform


class Sending(msgspec.Struct, frozen=True, eq=False):
    """A call of a fleet, the platform that it is sent to, and until when it may start, in monotonic seconds."""

    fleet: str
    platform: Platform
    call: Call
    until: float


class Dispatch:
    """Sends one batch; afterwards `receipts` has what came back, by the position in the batch."""

    def __init__(self, batch: Sequence[Sending], run: Run) -> None:
        """Take what to send; calls of one batch may be sent in any order."""
        self.batch = batch
        self.run = run
        self.receipts: dict[int, Receipt] = {}
        self._halted: set[str] = set()

    def events(self) -> Generator[AnyEvent, None, None]:
        """Send the batch. What is not sent, since the run stops, its fleet failed or its reading grew old, has no receipt."""
        waiting = list(reversed(range(len(self.batch))))
        running: dict[Future[Receipt], tuple[int, int, float]] = {}
        with ThreadPoolExecutor(max_workers=self.run.options.concurrency) as pool:
            while waiting or running:
                while waiting and len(running) < self.run.options.concurrency:
                    position = waiting.pop()
                    if self._may_go(self.batch[position]):
                        number, began = self.run.number(), self.run.clock.monotonic()
                        yield self._intended(self.batch[position], number)
                        if self.run.stopping():  # asked to while the intention was written, or it could not be
                            yield self._not_sent(self.batch[position], number)
                            continue
                        running[pool.submit(_execute, self.batch[position], began + CALL_DEADLINE)] = (
                            position,
                            number,
                            began,
                        )
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield self._called(*running.pop(future), future.result())

    def _may_go(self, one: Sending) -> bool:
        in_time = self.run.clock.monotonic() < one.until
        return in_time and one.fleet not in self._halted and not self.run.stopping()

    def _intended(self, one: Sending, number: int) -> Intended:
        action = one.call.action
        return Intended(
            at=self.run.now(),
            run=self.run.id,
            fleet=one.fleet,
            call=number,
            kind=action.call,
            request=action.request,
            wide=action.wide,
            slots=tuple(
                SlotName(
                    change.unit,
                    change.workload,
                    change.verb,
                    change.size,
                    change.to,
                    change.observed,
                    change.reason in FREE,
                )
                for change in one.call.changes
            ),
        )

    def _not_sent(self, one: Sending, number: int) -> Called:
        receipt = Receipt(ReceiptKind.REJECTED, "not sent: the run was asked to stop")
        return Called(at=self.run.now(), run=self.run.id, fleet=one.fleet, call=number, receipt=receipt, seconds=0.0)

    def _called(self, position: int, number: int, began: float, receipt: Receipt) -> Called:
        one = self.batch[position]
        self.receipts[position] = receipt
        if receipt.is_failure and (receipt.status in NO_RIGHTS or self.run.options.fail_fast):
            self._halted.add(one.fleet)
        seconds = self.run.clock.monotonic() - began
        return Called(
            at=self.run.now(), run=self.run.id, fleet=one.fleet, call=number, receipt=receipt, seconds=seconds
        )


def _execute(one: Sending, deadline: float) -> Receipt:
    try:
        return one.platform.execute(one.call.action, deadline)
    except PlatformError as error:
        kind = ReceiptKind.UNKNOWN if error.sent else ReceiptKind.REJECTED
        return Receipt(kind, str(error), error.status)
