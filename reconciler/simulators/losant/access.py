"""Who may do what: bearer tokens with scopes.

A route names its own scope, such as `edgeDeployments.get`; the resource's star scope and the scopes for everything
serve as well (confirmed: JS docs/edgeDeployments.md). Read scopes for everything serve reads only.
"""

from collections.abc import Iterable, Mapping

from reconciler.simulators.losant.refusals import Refusal
from reconciler.simulators.losant.variants import Variants

FULL, READ_ONLY = "simulated-token", "simulated-read-only-token"

_EVERYTHING = [f"all.{owner}{kind}" for owner in ("Application", "Organization", "User") for kind in ("", ".bounded")]
_EVERY_READ = [f"all.{owner}.read" for owner in ("Application", "Organization", "User")]


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

    def revoke(self, token: str) -> None:
        """Make a token unknown."""
        self.tokens.pop(token, None)

    def check(self, headers: Mapping[str, str], scope: str, *, reads: bool, expired: bool) -> None:
        """Raise a 401 `Refusal` for an unknown or expired token; 401 or 403 (a variant) for a scope too narrow."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        scopes = self.tokens.get(token.strip()) if scheme.lower() == "bearer" and not expired else None
        if scopes is None:
            raise Refusal(401, "Unauthorized", "The access token is missing, unknown or expired")
        enough = {scope, f"{scope.partition('.')[0]}.*", *_EVERYTHING, *(_EVERY_READ if reads else ())}
        if not enough & scopes:
            status = int(self.variants["scope-status"])
            kind = "Forbidden" if status == 403 else "Unauthorized"
            raise Refusal(status, kind, f"The access token lacks the scope {scope}")
