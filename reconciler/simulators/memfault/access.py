"""Who may call what: organization tokens, a user's e-mail address and key, the project key of devices.

An organization token comes as a bearer, or as the password of an empty user; a user's key as the password of the
address (confirmed: WEB /api; MDX docs/ci/authentication.mdx). Tokens that may only upload symbols exist (confirmed: CLI
METADATA changelog 1.0.11). Which status `/auth/me` has for an organization token is inferred.
"""

import base64
import binascii
from collections.abc import Mapping

from reconciler.simulators.memfault.refusals import Refusal

TOKEN, SYMBOLS_TOKEN = "oat_simulated", "oat_simulated-symbols"
EMAIL, KEY, PROJECT_KEY = "robot@example.invalid", "simulated-user-key", "simulated-project-key"

ORGANIZATION, USER, DEVICE, NOBODY = "", "user", "device", "nobody"
"""Who a route is for: tokens and users, users alone, devices with the project key, or anyone."""


class Access:
    """What opens the project; `grant` and `revoke` change it."""

    def __init__(self) -> None:
        self.tokens: set[str] = {TOKEN, SYMBOLS_TOKEN}
        self.restricted: set[str] = {SYMBOLS_TOKEN}
        self.users: dict[str, str] = {EMAIL: KEY}
        self.project_key = PROJECT_KEY

    def grant(self, token: str, *, restricted: bool = False) -> None:
        """Make an organization token valid; a restricted one may only upload symbols."""
        self.tokens.add(token)
        (self.restricted.add if restricted else self.restricted.discard)(token)

    def revoke(self, token: str) -> None:
        """Make a token, or a user's key, unknown."""
        self.tokens.discard(token)
        self.users = {email: key for email, key in self.users.items() if key != token}

    def expire_tokens(self) -> None:
        """Make every token and every user's key unknown."""
        self.tokens.clear()
        self.users.clear()

    def check(self, headers: Mapping[str, str], scope: str, *, expired: bool) -> None:
        """Raise a `Refusal`: 401 for who is not known (any more), 403 for who may not, or a wrong project key."""
        if scope == NOBODY:
            return
        if scope == DEVICE:
            if headers.get("memfault-project-key") != self.project_key:
                raise Refusal(403, "The project key is missing or unknown")
            return
        email, secret = _credentials(headers.get("authorization", ""))
        user = email != "" and self.users.get(email) == secret
        token = email == "" and secret in self.tokens
        if expired or not (user or token):
            raise Refusal(401, "The credentials are missing, unknown or expired")
        if token and (secret in self.restricted or scope == USER):
            raise Refusal(403, "The credentials do not grant this")


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


def is_user(headers: Mapping[str, str]) -> bool:
    """Whether a person calls, rather than an organization token."""
    return bool(_credentials(headers.get("authorization", ""))[0])
