"""Who may do what, and how the platform says no: bearer tokens with scopes, a status and `{"type", "message"}`.

A route names its own scope, such as `edgeDeployments.get`; the resource's star scope and the scopes for everything
serve as well (confirmed: JS docs/edgeDeployments.md). Read scopes for everything serve reads only. `NotFound` and
`MethodNotAllowed` are observed types (confirmed: JS test/promise_spec.js, AE errors); the others are inferred.
"""

from collections.abc import Iterable, Mapping

from reconciler.simulators.exchange import json_reply
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.routes import Refusal

FULL, READ_ONLY = "simulated-token", "simulated-read-only-token"

_EVERYTHING = [f"all.{owner}{kind}" for owner in ("Application", "Organization", "User") for kind in ("", ".bounded")]
_EVERY_READ = [f"all.{owner}.read" for owner in ("Application", "Organization", "User")]

_KINDS = {
    400: "Validation",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    429: "TooManyRequests",
    500: "InternalServerError",
}


def refused(status: int, message: str) -> Refusal:
    """An error to raise."""
    return Refusal(json_reply(status, {"type": _KINDS[status], "message": message}))


def malformed(message: str) -> Refusal:
    """400: the request does not fit its schema."""
    return refused(400, message)


def not_found(what: str) -> Refusal:
    """404: `what` as in "Application was not found"."""
    return refused(404, f"{what} was not found")


class Access:
    """The tokens of the application, each with its scopes."""

    def __init__(self, variants: Variants) -> None:
        self.variants = variants
        self.tokens: dict[str, frozenset[str]] = {}
        self.grant(FULL, ["all.Application"])
        self.grant(READ_ONLY, ["all.Application.read"])

    def grant(self, token: str, scopes: Iterable[str]) -> None:
        """Make a token valid for these scopes, and for nothing else."""
        self.tokens[token] = frozenset(scopes)

    def check(self, headers: Mapping[str, str], scope: str, *, reads: bool, expired: bool) -> None:
        """Raise a 401 `Refusal` for an unknown or expired token; 401 or 403 (a variant) for a scope too narrow."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        scopes = self.tokens.get(token.strip()) if scheme.lower() == "bearer" and not expired else None
        if scopes is None:
            raise refused(401, "The access token is missing, unknown or expired")
        enough = {scope, f"{scope.partition('.')[0]}.*", *_EVERYTHING, *(_EVERY_READ if reads else ())}
        if not enough & scopes:
            raise refused(int(self.variants["scope-status"]), f"The access token lacks the scope {scope}")
