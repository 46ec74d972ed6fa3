"""One API call on its way through an endpoint, how agent and server say no, and the commands that devices take.

Agent: `{"message", "name", "statusCode"}`, all required (confirmed: seed 001, agent OpenAPI 0.5). Server: `{"name",
"statusCode", "message", "errorCode"?, "data", "timestamp", "path"}` (confirmed: rpc-exception.filter.ts); without a good
token it answers 401 (confirmed: modules/login), an agent asks for none. The names are inferred.

A command to a device that is offline is lost (confirmed: sse.md), and so is, by inference, one that the device refuses.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from reconciler.simulators.exchange import Json, Reply, json_object, json_reply
from reconciler.simulators.getapp.agents import Agents, NotAllowed
from reconciler.simulators.getapp.fleet import Device, Release, iso
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.routes import Call as AnyCall
from reconciler.simulators.routes import Refusal

Command: TypeAlias = Callable[[Agents, Device, Release], None]

_FLAGS = {"true": True, "false": False}

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


class Call(AnyCall[GetAppWorld]):
    """A call of an agent or of the server."""

    def values(self, name: str) -> list[str]:
        """All values of a query parameter that may be repeated."""
        return [value for key, value in self.request.query if key == name]

    def flag(self, name: str) -> bool:
        """A boolean query parameter, false where it is absent; 400 for anything but true and false."""
        text = next(iter(self.values(name)), "false")
        if text not in _FLAGS:
            raise refused(400, f"query parameter {name} must be true or false")
        return _FLAGS[text]

    def body(self) -> dict[str, Json] | None:
        """The body as an object; None where it is none."""
        return json_object(self.request.body)

    def release(self) -> Release | None:
        """The release that the path names."""
        return self.world.fleet.catalog.releases.get(self.path["catalog_id"])


def carry_out(call: Call, command: Command, device: Device, found: Release) -> str | None:
    """Let a device do something, later where the call is struck by lag; say why it does not."""

    def now() -> str | None:
        try:
            command(call.world.agents, device, found)
        except NotAllowed as refusal:
            return str(refusal)
        return None

    def late() -> None:
        if device.online:
            now()

    if call.lag:
        call.world.fleet.later(call.world.faults.lag_for, late)
        return None
    return now()
