"""Who may call what, and how the platform says no.

An organization token comes as a bearer, or as the password of an empty user; a user's key as the password of the
address (confirmed: WEB /api; MDX docs/ci/authentication.mdx). Which status `/auth/me` has for an organization token is
inferred.

A refusal is a status and `{"error": {"code", "http_code", "message", "type"}}`. That shape, the code 1003 and the type
`NotFoundError` are confirmed in code (AWSJS; GO pkg/responses.go); that the official client reads message and type is
confirmed (CLI upload.py); the other codes and types are inferred.
"""

import base64
import binascii
from collections.abc import Mapping

from reconciler.simulators.exchange import json_reply
from reconciler.simulators.routes import Refusal

TOKEN, EMAIL, KEY = "oat_simulated", "robot@example.invalid", "simulated-user-key"

USER, NOBODY = "user", "nobody"
"""The scopes of routes that are for users alone, not for tokens, and of routes that ask for nothing."""

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


def refused(status: int, message: str) -> Refusal:
    """An error to raise."""
    code, kind = _KINDS[status]
    error = {"code": code, "http_code": status, "message": message, "type": kind}
    return Refusal(json_reply(status, {"error": error}))


def malformed(message: str) -> Refusal:
    """400: the request cannot be understood, or asks for what may not be."""
    return refused(400, message)


def not_found(what: str) -> Refusal:
    """404: `what` as in "Cohort 'beta' was not found"."""
    return refused(404, f"{what} was not found")


class Access:
    """What opens the project; `grant` and `expire_tokens` change it."""

    def __init__(self) -> None:
        self.tokens: set[str] = {TOKEN}
        self.users: dict[str, str] = {EMAIL: KEY}

    def grant(self, token: str) -> None:
        """Make an organization token valid."""
        self.tokens.add(token)

    def expire_tokens(self) -> None:
        """Make every token and every user's key unknown."""
        self.tokens.clear()
        self.users.clear()

    def check(self, headers: Mapping[str, str], scope: str, *, expired: bool) -> None:
        """Raise a `Refusal`: 401 for who is not known (any more), 403 for who may not."""
        if scope == NOBODY:
            return
        email, secret = _credentials(headers.get("authorization", ""))
        user = email != "" and self.users.get(email) == secret
        token = email == "" and secret in self.tokens
        if expired or not (user or token):
            raise refused(401, "The credentials are missing, unknown or expired")
        if token and scope == USER:
            raise refused(403, "The credentials do not grant this")


def deployer(headers: Mapping[str, str]) -> tuple[int, str, str] | None:
    """The user who calls, as a deployment names them; None for a token."""
    email, _ = _credentials(headers.get("authorization", ""))
    return (1, email, "Robot") if email else None


def _credentials(header: str) -> tuple[str, str]:
    """User and secret; a bearer has no user, and what cannot be read is nobody's."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return "", value.strip()
    try:
        user, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, secret) if scheme.lower() == "basic" and colon else ("", "")
