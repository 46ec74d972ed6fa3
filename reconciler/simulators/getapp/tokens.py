"""Who may talk to the delivery server: a login gives an access token and one to refresh it (confirmed: modules/login).

`{accessToken, expireAt, refreshToken, refreshExpireAt}`; without a good token the server answers 401.
"""

from collections.abc import Mapping
from itertools import count

from reconciler.simulators.getapp.catalog import iso

USERNAME, PASSWORD = "operator", "simulated-password"
REFRESH_LIVES = 10


class Tokens:
    """The tokens in force and until when (seconds since 1970); an access token is good for `life` seconds."""

    def __init__(self, life: float) -> None:
        self.life = life
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}
        self._numbers = count(1)

    def login(self, username: object, password: object, now: float) -> dict[str, str] | None:
        """New tokens; None for a wrong name or password."""
        return self._issue(now) if (username, password) == (USERNAME, PASSWORD) else None

    def refresh(self, token: object, now: float) -> dict[str, str] | None:
        """New tokens for a refresh token; None where it is unknown or expired."""
        good = isinstance(token, str) and self._refresh.get(token, 0.0) > now
        return self._issue(now) if good else None

    def good(self, headers: Mapping[str, str], now: float) -> bool:
        """Whether a request bears an access token that is in force."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._access.get(token.strip(), 0.0) > now

    def expire(self) -> None:
        """Forget all tokens."""
        self._access.clear()
        self._refresh.clear()

    def _issue(self, now: float) -> dict[str, str]:
        number = next(self._numbers)
        access, refresh = f"simulated-access-{number}", f"simulated-refresh-{number}"
        self._access[access] = now + self.life
        self._refresh[refresh] = now + self.life * REFRESH_LIVES
        return {
            "accessToken": access,
            "expireAt": iso(self._access[access]),
            "refreshToken": refresh,
            "refreshExpireAt": iso(self._refresh[refresh]),
        }
