"""Sends one call and says truthfully what came of it: accepted, rejected or unknown.

What is already so counts as done: an activation of what is active (confirmed in code, NCS, by its words; the status is
open, so 409 counts as well), a pull of what is gone.
"""

from __future__ import annotations

import re
from collections import Counter

from reconciler.errors import NotFound, PlatformError, Rejected
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.compile import ACTIVATE, PULL, RAISE
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.slots import NORMAL, REDRAW, ROLLOUT, STAGED
from reconciler.platforms.receipts import receipt_of

UNHEARD = 3
"""How often a raise may be accepted without effect until that counts as a refusal."""

_METHODS = {ACTIVATE: "POST", PULL: "DELETE", RAISE: "PATCH"}


class Sender:
    """Calls of one project. `refused` is what the server said when it would not raise a percentage."""

    def __init__(self, routes: Routes, *, redraw: bool) -> None:
        """Take the routes, and whether a percentage that cannot be raised may be drawn anew."""
        self._routes = routes
        self._redraw = redraw
        self.refused = ""
        self._turns: Counter[tuple[str, int]] = Counter()

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds."""
        reason = self._forbidden(action)
        if reason:
            return Receipt(ReceiptKind.REJECTED, f"not sent: {reason}")
        try:
            if action.call == PULL:
                return self._pull(action, deadline)
            answered = self._routes.write(action.request, wire.answered, deadline)
        except PlatformError as error:
            return self._failed(action, error)
        if action.call == RAISE and answered.rollout_percent != action.request.body[ROLLOUT]:
            return self._unheard(action, answered.rollout_percent)
        return Receipt(ReceiptKind.ACCEPTED, status=200)

    def _pull(self, action: Action, deadline: float) -> Receipt:
        self._routes.write(action.request, wire.nothing, deadline)
        return Receipt(ReceiptKind.ACCEPTED, status=204)

    def _failed(self, action: Action, error: PlatformError) -> Receipt:
        if action.call == PULL and isinstance(error, NotFound):
            return Receipt(ReceiptKind.ACCEPTED, status=404)
        if action.call == ACTIVATE and isinstance(error, Rejected) and _already(error):
            return Receipt(ReceiptKind.ACCEPTED, status=error.status)
        receipt = receipt_of(error)
        if action.call == RAISE and isinstance(error, Rejected) and receipt.kind is ReceiptKind.REJECTED:
            return self._refused(error.reason, str(error), error.status)
        return receipt

    def _unheard(self, action: Action, told: float | None) -> Receipt:
        """Return what a raise came to that was accepted and does not show.

        It may show later. But a server may take what it does not know and do nothing, which the reference leaves open
        (SW): after some turns that counts as a refusal, for it would never end.
        """
        said = "it answered 200 and names no percentage" if told is None else f"it answered 200 and left it at {told} %"
        key = action.request.path, action.request.body[ROLLOUT]
        self._turns[key] += 1
        if self._turns[key] < UNHEARD:
            return Receipt(ReceiptKind.UNKNOWN, f"memfault: raise: {said}")
        return self._refused(said, f"memfault: raise: {said}, {UNHEARD} times", 200)

    def _refused(self, reason: str, text: str, status: int | None) -> Receipt:
        self.refused = reason
        if self._redraw:  # not a failure of the change: as one put off, it is planned anew in the same run
            return Receipt(ReceiptKind.REJECTED, f"{text}; it will be pulled and activated anew")
        return Receipt(ReceiptKind.REJECTED, f"{text}; {REDRAW}", status)

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
