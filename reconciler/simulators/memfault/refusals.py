"""How the platform says no: a status and `{"error": {"code", "http_code", "message", "type"}}`.

The shape, the code 1003 and the type `NotFoundError` are confirmed in code (AWSJS; GO pkg/responses.go); that the
official client reads message and type is confirmed (CLI upload.py); the other codes and types are inferred.
"""

from reconciler.simulators.exchange import json_reply
from reconciler.simulators.simulator import Refusal as AnyRefusal

_KINDS = {
    400: (1000, "InvalidRequestError"),
    401: (1001, "UnauthorizedError"),
    403: (1002, "ForbiddenError"),
    404: (1003, "NotFoundError"),
    405: (1004, "MethodNotAllowedError"),
    409: (1005, "ConflictError"),
    429: (1006, "RateLimitError"),
    500: (1007, "InternalServerError"),
}


class Refusal(AnyRefusal):
    """An endpoint will not do what was asked."""

    def __init__(self, status: int, message: str) -> None:
        code, kind = _KINDS[status]
        error = {"code": code, "http_code": status, "message": message, "type": kind}
        super().__init__(json_reply(status, {"error": error}))
        self.message = message


def malformed(message: str) -> Refusal:
    """400: the request cannot be understood, or asks for what may not be."""
    return Refusal(400, message)


def not_found(what: str) -> Refusal:
    """404: `what` as in "Cohort 'beta' was not found"."""
    return Refusal(404, f"{what} was not found")
