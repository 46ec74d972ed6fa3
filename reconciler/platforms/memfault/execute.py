"""Sends one call and says truthfully what came of it: accepted, rejected or unknown.

What is already so counts as done: an activation of what is active (confirmed in code, NCS, by its words; the status is
open, so 409 counts as well), a pull of what is gone.
"""

from __future__ import annotations

import re

from reconciler.errors import PlatformError, Rejected
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.answers import clean, receipt_of
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.compile import ACTIVATE, PULL, RAISE
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.slots import NORMAL, REDRAW, STAGED
from reconciler.platforms.written import status_named

QUEUED = 202
"""Accepted and done later, confirmed (WEB docs/reference/reference-http-response-status-codes): reading shows when."""
_NO_ANSWER = frozenset({401, 403, 404, 429})
"""Refusals that say nothing of whether a percentage can be raised."""

_METHODS = {ACTIVATE: "POST", PULL: "DELETE", RAISE: "PATCH"}


class Sender:
    """Calls of one project. A percentage that cannot be raised may be drawn anew where `redraw` says so."""

    def __init__(self, routes: Routes, *, redraw: bool) -> None:
        self._routes = routes
        self._redraw = redraw

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds. A refusal is one, whatever its status."""
        reason = self._forbidden(action)
        if reason:
            return Receipt(ReceiptKind.REJECTED, f"not sent: {reason}")
        try:
            return self._sent(action, deadline)
        except PlatformError as error:
            return self._refused(action, receipt_of(error))

    def _sent(self, action: Action, deadline: float) -> Receipt:
        """Return what a good answer comes to: one that says what became of the activation, unless nothing has yet."""
        client, operation = self._routes.client, action.call.rpartition(".")[2]
        answer = self._routes.write(action.request, operation, deadline)
        later = action.call == PULL or answer.status == QUEUED
        decode = wire.anything_or_nothing if later else wire.answered
        try:
            found = client.written(answer, operation, decode)
        except Rejected as error:
            error.status = status_named(answer.content) or answer.status
            raise
        if found.value is not None and (other := _other(found.value, action)):
            text = f"memfault: {operation}: the platform answered {answer.status}, but about {other}, which was not asked for"
            return Receipt(ReceiptKind.UNKNOWN, text, answer.status)
        shown = found.value.rollout_percent if found.value is not None else None
        if action.call == RAISE and not later and shown != action.request.body[ROLLOUT]:
            return self._ineffective(shown, answer.status)
        return found.receipt(1)

    def _refused(self, action: Action, receipt: Receipt) -> Receipt:
        """Return what a refusal comes to: what is already so is done, what cannot be raised may be drawn anew."""
        status = receipt.status
        if receipt.kind is not ReceiptKind.REJECTED or status is None:
            return receipt
        if status >= 500:
            return Receipt(ReceiptKind.UNKNOWN, receipt.error, status)
        already = action.call == ACTIVATE and (status == 409 or "already active" in receipt.error.lower())
        if already or (action.call == PULL and status == 404):
            return Receipt(ReceiptKind.ACCEPTED, status=status)
        if action.call != RAISE or status in _NO_ANSWER:
            return receipt
        what = "it is pulled and activated anew" if self._redraw else REDRAW
        return Receipt(ReceiptKind.REJECTED, f"{receipt.error}; {what}", status, alternative=self._redraw)

    def _ineffective(self, shown: float | None, status: int) -> Receipt:
        """Return what a raise came to that was accepted and does not show.

        It may show later. But a server may take what it does not know and do nothing, which the reference leaves open
        (SW): where it may be drawn anew, the receipt says so.
        """
        left = "names no percentage" if shown is None else f"left it at {shown} %"
        text = f"memfault: raise: it answered {status} and {left}"
        advice = "" if self._redraw else f"; if it stays so: {REDRAW}"
        return Receipt(ReceiptKind.UNKNOWN, text + advice, status, alternative=self._redraw)

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


def _other(answered: wire.Answered, action: Action) -> str:
    """Return what an answer is about, where that is not what was asked; what it does not say it may leave out."""
    if action.call == RAISE:
        asked = action.request.path.rpartition("/")[2]
        return "" if str(answered.id) == asked else f"deployment {answered.id}"
    body = action.request.body
    answers = ((answered.release, "version", body["release"]), (answered.cohort, "slug", body["cohort"]))
    named = ((one.get(key), asked) for one, key, asked in answers if isinstance(one, dict))
    return next((clean(name) for name, asked in named if isinstance(name, str) and name != asked), "")
