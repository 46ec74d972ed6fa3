"""Sends one call and says truthfully what came of it. That it was accepted is all an answer says: readings tell the rest."""

from __future__ import annotations

import msgspec

from reconciler.errors import PlatformError
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.release import PrepareStatus
from reconciler.platforms.answers import receipt_of
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.compile import PREFIX
from reconciler.platforms.getapp.precondition import precondition_failure
from reconciler.platforms.getapp.prepare import preparation
from reconciler.platforms.getapp.routes import Routes, Server
from reconciler.platforms.getapp.steps import PREPARE, Table
from reconciler.ports import Clock

NOT_ALLOWED = 405
"""What agents answer where the state of a release forbids the step (confirmed code, V1SPEC; meaning inferred)."""


class Sender:
    """Calls of one connection."""

    def __init__(self, routes: Routes, server: Server | None, table: Table, clock: Clock) -> None:
        """Take whom to call, which calls there are, and the time."""
        self._clock = clock
        self._routes = routes
        self._server = server
        self._table = table

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds."""
        step = action.call.removeprefix(PREFIX)
        named = self._table.named(step, action.request) if action.call == PREFIX + step and not action.wide else None
        if named is None:
            text = f"{action.call} {action.request.method} {action.request.path} is no call of this connection"
            return Receipt(ReceiptKind.REJECTED, f"not sent: {text}")
        if step != PREPARE and len(named[1]) != len(action.slots):
            return Receipt(ReceiptKind.REJECTED, f"not sent: it names {len(named[1])} devices for {len(action.slots)}")
        try:
            if step == PREPARE and self._server is not None:
                return _prepare(self._server, action, named[0], deadline)
            if self._clock.monotonic() >= deadline:
                return Receipt(ReceiptKind.REJECTED, "nothing was sent: no time was left")
            failure = precondition_failure(self._routes, step, *named, fleet=self._table.fleet)
            if failure:
                return Receipt(ReceiptKind.UNPROVED, f"not sent: {failure}")
            request = action.request
            self._routes.client.write(
                request.path, f"{step} {named[0]}", request.body, wire.accepted, deadline, method=request.method
            )
        except PlatformError as error:
            receipt = receipt_of(error)
            if error.sent and error.status == NOT_ALLOWED:
                return msgspec.structs.replace(receipt, error=f"not allowed in this state: {receipt.error}")
            return receipt
        return Receipt(ReceiptKind.ACCEPTED)


def _prepare(server: Server, action: Action, catalog_id: str, deadline: float) -> Receipt:
    """Ask for a preparation, again where it runs already: that answers how it stands. An error comes with HTTP 200.

    Both confirmed (section 7.5).
    """
    request = action.request
    answer = server.client.write(request.path, f"prepare {catalog_id}", request.body, wire.prepared, deadline)
    found = preparation(answer)
    if found.status is PrepareStatus.ERROR:
        return Receipt(ReceiptKind.REJECTED, f"the delivery server could not prepare {catalog_id}: {found.error}")
    return Receipt(ReceiptKind.ACCEPTED)
