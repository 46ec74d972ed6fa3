"""Sends one call and says truthfully what came of it: accepted, rejected or unknown.

What is already so counts as done: an activation of what is active (confirmed in code, NCS, by its words; the status is
open, so 409 counts as well), a pull of what is gone.
"""

from __future__ import annotations

import re

from reconciler.errors import PlatformError
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.answers import Answer, receipt_of
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.compile import ACTIVATE, PULL, RAISE
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.slots import NORMAL, REDRAW, STAGED
from reconciler.platforms.written import told

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
        operation = action.call.rpartition(".")[2]
        try:
            answer = self._routes.write(action.request, operation, deadline)
            whole, *results = (told(part, self._routes.client.scrub) for part in wire.results(answer.content))
            said = next((one for one in (whole, *results) if one.refused), None)
            if said is None:
                return self._accepted(action, answer, operation, whole.besides)
        except PlatformError as error:
            return self._refused(action, receipt_of(error))
        text = (
            f"memfault: {operation}: the platform answered {answer.status}, and the body is a refusal: {said.refused}"
        )
        status = said.status or answer.status
        kind = ReceiptKind.UNKNOWN if status >= 500 else ReceiptKind.REJECTED
        return self._refused(action, Receipt(kind, text, status))

    def _accepted(self, action: Action, answer: Answer, operation: str, besides: str) -> Receipt:
        """Return what a good answer comes to: one that says what became of the activation, unless nothing has yet."""
        client = self._routes.client
        if action.call == PULL or answer.status == QUEUED:
            client.decoded(answer, operation, wire.anything_or_nothing)
            return Receipt(ReceiptKind.ACCEPTED, status=answer.status, answer=besides)
        shown = client.decoded(answer, operation, wire.answered).rollout_percent
        if action.call == RAISE and shown != action.request.body[ROLLOUT]:
            return self._ineffective(shown, answer.status)
        return Receipt(ReceiptKind.ACCEPTED, status=answer.status)

    def _refused(self, action: Action, receipt: Receipt) -> Receipt:
        """Return what a refusal comes to: what is already so is done, what cannot be raised may be drawn anew."""
        status = receipt.status
        if receipt.kind is not ReceiptKind.REJECTED or status is None:
            return receipt
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
