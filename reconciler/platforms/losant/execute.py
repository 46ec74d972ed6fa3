"""Sends one call and says truthfully what came of it: accepted, rejected, unknown, or not sent since unproved."""

from __future__ import annotations

from typing import Any

from reconciler.errors import PlatformError
from reconciler.model.change import Action
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.answers import receipt_of
from reconciler.platforms.losant.compile import IDS_PER_CALL, RELEASE, REMOVE, REPLACE
from reconciler.platforms.losant.routes import Routes

_ENDS = {RELEASE: "/edge/deployments/release", REPLACE: "/edge/deployments/replace", REMOVE: "/edge/deployments/remove"}


class Sender:
    """Calls of one application."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds.

        A wide call is sent only when a count read right before it equals its slots (design rule 4).
        """
        reason = self._forbidden(action)
        if reason:
            return Receipt(ReceiptKind.REJECTED, f"not sent: {reason}")
        body = action.request.body
        if action.wide:
            unproved = self._unproved(body, len(action.slots))
            if unproved:
                return Receipt(ReceiptKind.UNPROVED, unproved)
        return self._sent(action, body, deadline)

    def _sent(self, action: Action, body: dict[str, Any], deadline: float) -> Receipt:
        operation = action.call.removeprefix("losant.")
        units = body.get("deviceIds") or ([body["deviceId"]] if action.call == REMOVE else [])
        try:
            found = self._routes.write(action.request.path, operation, body, deadline, units)
        except PlatformError as error:
            return receipt_of(error)
        return found.receipt(len(units))

    def _unproved(self, body: dict[str, str], slots: int) -> str:
        """Return why a wide call may not go: the count of holders differs from its slots, or cannot be read."""
        try:
            count = self._routes.count(body["flowId"], body["oldVersion"])
        except PlatformError as error:
            return f"not sent: how many devices hold {body['oldVersion']!r} could not be read: {error}"
        if count != slots:
            return f"not sent: {count} devices hold {body['oldVersion']!r}, the plan is for {slots}"
        return ""

    def _forbidden(self, action: Action) -> str:
        """Return why a call must never be sent, whoever made it: another application, or no devices named."""
        end = _ENDS.get(action.call)
        if end is None or action.request.method != "POST" or action.request.path != self._routes.base + end:
            return f"{action.call} {action.request.path} is no call of this application"
        body = action.request.body
        if not isinstance(body, dict) or not body.get("flowId"):
            return "it names no workflow"
        if action.call == RELEASE and not 0 < len(body.get("deviceIds") or ()) <= IDS_PER_CALL:
            return f"a release names between 1 and {IDS_PER_CALL} devices"
        if action.call == REMOVE and not body.get("deviceId"):
            return "a removal names its device"
        if action.call == REPLACE and not (action.wide and body.get("oldVersion") and body.get("newVersion")):
            return "a replacement is marked wide and names both versions"
        return ""
