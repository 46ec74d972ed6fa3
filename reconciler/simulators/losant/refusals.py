"""How the platform says no: a status and `{"type", "message"}`.

`NotFound` and `MethodNotAllowed` are observed types (confirmed: JS test/promise_spec.js, AE errors); the others are
inferred.
"""

from reconciler.simulators.exchange import json_reply
from reconciler.simulators.simulator import Refusal as AnyRefusal


class Refusal(AnyRefusal):
    """An endpoint will not do what was asked."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(json_reply(status, {"type": kind, "message": message}))
        self.kind = kind
        self.message = message


def malformed(message: str) -> Refusal:
    """400: the request does not fit its schema."""
    return Refusal(400, "Validation", message)


def not_found(what: str) -> Refusal:
    """404: `what` as in "Application was not found"."""
    return Refusal(404, "NotFound", f"{what} was not found")
