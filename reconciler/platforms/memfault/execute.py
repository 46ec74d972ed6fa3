"""Sends one call and says truthfully what came of it: accepted, rejected or unknown.

What is already so counts as done: an activation of what is active (confirmed in code, NCS, by its words; the status is
open, so 409 counts as well), a pull of what is gone.
"""

from __future__ import annotations

import re

from reconciler.errors import NotFound, PlatformError, Rejected
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.answers import receipt_of
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.compile import ACTIVATE, PULL, RAISE
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.slots import NORMAL, REDRAW, STAGED

_METHODS = {ACTIVATE: "POST", PULL: "DELETE", RAISE: "PATCH"}


class Sender:
    """Calls of one project. A percentage that cannot be raised may be drawn anew where `redraw` says so."""

    def __init__(self, routes: Routes, *, redraw: bool) -> None:
        """Take the routes, and what the connection says of drawing anew."""
        self._routes = routes
        self._redraw = redraw

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds."""
        reason = self._forbidden(action)
        if reason:
            return Receipt(ReceiptKind.REJECTED, f"not sent: {reason}")
        try:
            if action.call == PULL:
                return self._routes.write(action.request, wire.nothing, deadline).receipt(1)
            found = self._routes.write(action.request, wire.answered, deadline)
        except PlatformError as error:
            return self._failed(action, error)
        shown = found.value.rollout_percent if found.value is not None else None
        if action.call == RAISE and not found.refused and shown != action.request.body[ROLLOUT]:
            return self._ineffective(found.status, shown)
        return found.receipt(1)

    def _failed(self, action: Action, error: PlatformError) -> Receipt:
        if action.call == PULL and isinstance(error, NotFound):
            return Receipt(ReceiptKind.ACCEPTED, status=404)
        if action.call == ACTIVATE and isinstance(error, Rejected) and _already(error):
            return Receipt(ReceiptKind.ACCEPTED, status=error.status)
        receipt = receipt_of(error)
        if action.call != RAISE or not isinstance(error, Rejected) or receipt.kind is not ReceiptKind.REJECTED:
            return receipt
        if self._redraw:
            text = f"{error}; it is pulled and activated anew"
            return Receipt(ReceiptKind.REJECTED, text, error.status, alternative=True)
        return Receipt(ReceiptKind.REJECTED, f"{error}; {REDRAW}", error.status)

    def _ineffective(self, status: int, shown: float | None) -> Receipt:
        """Return what a raise came to that was accepted and does not show.

        It may show later. But a server may take what it does not know and do nothing, which the reference leaves open
        (SW): where it may be drawn anew, the receipt says so.
        """
        left = "names no percentage" if shown is None else f"left it at {shown} %"
        text = f"memfault: raise: it answered {status} and {left}"
        if self._redraw:
            return Receipt(ReceiptKind.UNKNOWN, text, status, alternative=True)
        return Receipt(ReceiptKind.UNKNOWN, f"{text}; if it stays so: {REDRAW}", status)

    def _forbidden(self, action: Action) -> str:
        """Return why a call must never be sent, whoever made it: another project, no cohort or no version named."""
        request = action.request
        path = re.escape(f"{self._routes.project}/deployments") + ("" if action.call == ACTIVATE else "/[0-9]+")
        if _METHODS.get(action.call) != request.method or re.fullmatch(path, request.path) is None:
            return f"{action.call} {request.method} {request.path} is no call of this project"
        body = request.body if isinstance(request.body, dict) else {}
        if action.call == ACTIVATE and not (body.get("release") and body.get("cohort")):
            return "an activation names a release and a cohort"
        if action.call == ACTIVATE and (body.get("type"), ROLLOUT in body) not in {(NORMAL, False), (STAGED, True)}:
            return "an activation is for all devices, or staged with a percentage"
        if action.call == RAISE and set(body) != {ROLLOUT}:
            return "a raise says the percentage and nothing else"
        return ""


def _already(error: Rejected) -> bool:
    return error.status == 409 or "already active" in error.reason.lower()
