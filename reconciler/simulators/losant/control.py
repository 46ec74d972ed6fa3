"""The control surface, `/simulator/…`: how a demo or a test in another process breaks things by hand.

| request | what |
|---|---|
| GET /simulator/state | every deployment row: device, flow, desired, current |
| GET /simulator/calls | the writes received with their fate, and counts of reads; DELETE forgets them |
| GET /simulator/faults | the faults in force |
| POST /simulator/faults | `{"lost": "20%", "429": {"rate": 1, "on": "writes", "maximum": 2}, "latency": "20ms"}` |
| POST /simulator/grant | `{"token": "t", "scopes": ["devices.get"]}` |
| POST /simulator/VERB | a verb of the world with its arguments, such as `{"device": "gw-017", "online": false}` |

Verbs: set_online, set_failing, console, add_device, delete_device, set_tags, rename_device, set_agent, add_flow,
create_version, delete_version, report_failure. No token is asked for: the server listens on the loopback address only.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from reconciler.simulators.exchange import Json, Reply, Request, json_reply
from reconciler.simulators.losant.access import Access
from reconciler.simulators.losant.call_log import CallLog
from reconciler.simulators.losant.faults import Faults
from reconciler.simulators.losant.refusals import Refusal, malformed, not_found
from reconciler.simulators.losant.world import LosantWorld

VERBS: tuple[Callable[..., Any], ...] = (
    LosantWorld.set_online,
    LosantWorld.set_failing,
    LosantWorld.console,
    LosantWorld.add_device,
    LosantWorld.delete_device,
    LosantWorld.set_tags,
    LosantWorld.rename_device,
    LosantWorld.set_agent,
    LosantWorld.add_flow,
    LosantWorld.create_version,
    LosantWorld.delete_version,
    LosantWorld.report_failure,
)
_BY_NAME = {verb.__name__: verb for verb in VERBS}


def control(world: LosantWorld, calls: CallLog, access: Access, request: Request) -> Reply:
    """Answer one request of the control surface."""
    try:
        return _answer(world, calls, access, request)
    except Refusal as refusal:
        return refusal.reply()
    except KeyError as error:
        return malformed(f"{error.args[0]} is required").reply()
    except LookupError as error:
        return Refusal(404, "NotFound", str(error.args[0])).reply()
    except (TypeError, ValueError) as error:
        return Refusal(400, "Validation", str(error)).reply()


def _answer(world: LosantWorld, calls: CallLog, access: Access, request: Request) -> Reply:
    match request.method, request.path.removeprefix("/simulator/"):
        case "GET", "state":
            return json_reply(200, {"rows": world.state()})
        case "GET", "calls":
            return json_reply(200, calls.describe())
        case "DELETE", "calls":
            calls.clear()
            return json_reply(200, {"success": True})
        case "GET", "faults":
            return json_reply(200, world.faults.describe())
        case "POST", "faults":
            _set_faults(world.faults, _arguments(request.body))
            return json_reply(200, world.faults.describe())
        case "POST", "grant":
            given = _arguments(request.body)
            access.grant(str(given["token"]), [str(scope) for scope in given["scopes"]])
            return json_reply(200, {"success": True})
        case "POST", name if name in _BY_NAME:
            result = _BY_NAME[name](world, **_arguments(request.body))
            return json_reply(200, {"success": True, "id": result})
    raise not_found(f"{request.method} {request.path}")


def _arguments(body: bytes) -> dict[str, Json]:
    try:
        given = msgspec.json.decode(body, type=dict[str, Json])
    except msgspec.MsgspecError as error:
        raise malformed(f"the body must be a JSON object: {error}") from None
    return given


def _set_faults(faults: Faults, given: dict[str, Json]) -> None:
    for kind, value in given.items():
        if isinstance(value, dict):
            faults.configure(kind, value["rate"], value.get("on", "any"), value.get("maximum"))
        else:
            faults.configure(kind, value)
