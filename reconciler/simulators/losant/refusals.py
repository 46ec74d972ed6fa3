"""How the platform says no: a status and `{"type", "message"}`.

`NotFound` and `MethodNotAllowed` are observed types (confirmed: JS test/promise_spec.js, AE errors); the others are
inferred.
"""

from reconciler.simulators.exchange import Reply, json_reply


class Refusal(Exception):
    """An endpoint will not do what was asked."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message

    def reply(self) -> Reply:
        """The refusal as the caller sees it."""
        return json_reply(self.status, {"type": self.kind, "message": self.message})


def malformed(message: str) -> Refusal:
    """400: the request does not fit its schema."""
    return Refusal(400, "Validation", message)


def not_found(what: str) -> Refusal:
    """404: `what` as in "Application was not found"."""
    return Refusal(404, "NotFound", f"{what} was not found")
