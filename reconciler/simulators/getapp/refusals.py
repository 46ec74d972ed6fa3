"""How an agent and the server say no, each in its own shape.

Agent: `{"message", "name", "statusCode"}`, all required (confirmed: seed 001, agent OpenAPI 0.5). Server: `{"name",
"statusCode", "message", "errorCode"?, "data", "timestamp", "path"}` (confirmed: rpc-exception.filter.ts). The names
are inferred.
"""

import re

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.catalog import iso
from reconciler.simulators.simulator import Refusal

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
