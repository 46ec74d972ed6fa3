"""Who may talk to the delivery server, and how an agent and the server say no, each in its own shape.

A login gives an access token and one to refresh it, `{accessToken, expireAt, refreshToken, refreshExpireAt}`; without a
good token the server answers 401 (confirmed: modules/login). An agent asks for nothing.

Agent: `{"message", "name", "statusCode"}`, all required (confirmed: seed 001, agent OpenAPI 0.5). Server: `{"name",
"statusCode", "message", "errorCode"?, "data", "timestamp", "path"}` (confirmed: rpc-exception.filter.ts). The names
are inferred.
"""

import re
from collections.abc import Mapping
from itertools import count

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.catalog import iso
from reconciler.simulators.routes import Refusal

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


_SERVER_PATH = re.compile(r"/api/v[12]/(login|catalog|checkHealth|delivery/(prepare|cache))")

_AGENT_NAMES = {
    400: "ValidationError",
    404: "NotFound",
    405: "NotAllowed",
    429: "TooManyRequests",
    500: "InternalServerError",
}
_SERVER_NAMES = {
    400: "BadRequestException",
    401: "UnauthorizedException",
    404: "NotFoundException",
    429: "ThrottlerException",
    500: "InternalServerErrorException",
}


def agent_error(status: int, message: str) -> Reply:
    """An AgentError."""
    return json_reply(status, {"message": message, "name": _AGENT_NAMES[status], "statusCode": status})


def server_error(status: int, message: str, path: str, now: float, code: str | None = None) -> Reply:
    """An error of the server; `code` is of the families of `errorCode`."""
    body: dict[str, Json] = {"name": _SERVER_NAMES[status], "statusCode": status, "message": message}
    if code is not None:
        body["errorCode"] = code
    return json_reply(status, body | {"data": None, "timestamp": iso(now), "path": path})


def of_the_server(path: str) -> bool:
    """Whether the server, and not an agent, answers at this path."""
    return _SERVER_PATH.match(path) is not None


def refused(status: int, message: str) -> Refusal:
    """An AgentError to raise."""
    return Refusal(agent_error(status, message))
