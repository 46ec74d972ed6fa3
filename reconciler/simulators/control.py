"""The control surface, `/simulator/…`: how a demo or a test in another process breaks things by hand.

| request | what |
|---|---|
| GET /simulator/state | what is true, as rows |
| GET /simulator/calls | the writes received with their fate, and counts of reads; DELETE forgets them |
| GET /simulator/faults | the faults in force |
| POST /simulator/faults | `{"lost": "20%", "429": {"rate": 1, "on": "writes", "maximum": 2}, "latency": "20ms"}` |
| POST /simulator/VERB | a verb of the world with its arguments, such as `{"device": "gw-017", "online": false}` |

No credentials are asked for: the server listens on the loopback address only.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reconciler.simulators.exchange import Json, Reply, Request, json_reply
from reconciler.simulators.simulator import Refusal, Simulator

Verbs = Mapping[str, Callable[..., Any]]
"""Verbs by name; each is called with the arguments of the request's JSON object."""


def control(simulator: Simulator, state: Callable[[], list[Json]], verbs: Verbs, request: Request) -> Reply:
    """Answer one request of the control surface."""
    try:
        return _answer(simulator, state, verbs, request)
    except Refusal as refusal:
        return refusal.reply()
    except KeyError as error:
        return simulator.refused(400, f"{error.args[0]} is required")
    except LookupError as error:
        return simulator.refused(404, str(error.args[0]))
    except (TypeError, ValueError) as error:
        return simulator.refused(400, str(error))


def _answer(simulator: Simulator, state: Callable[[], list[Json]], verbs: Verbs, request: Request) -> Reply:
    match request.method, request.path.removeprefix("/simulator/"):
        case "GET", "state":
            return json_reply(200, {"rows": state()})
        case "GET", "calls":
            return json_reply(200, simulator.calls.describe())
        case "DELETE", "calls":
            simulator.calls.clear()
            return json_reply(200, {"success": True})
        case "GET", "faults":
            return json_reply(200, simulator.faults.describe())
        case "POST", "faults":
            _set_faults(simulator, _arguments(request.body))
            return json_reply(200, simulator.faults.describe())
        case "POST", name if name in verbs:
            result = verbs[name](**_arguments(request.body))
            return json_reply(200, {"success": True, "id": result})
    known = f"; to POST there are: {', '.join(sorted({*verbs, 'faults'}))}"
    return simulator.refused(404, f"{request.method} {request.path} was not found{known}")


def _arguments(body: bytes) -> dict[str, Json]:
    try:
        return msgspec.json.decode(body, type=dict[str, Json])
    except msgspec.MsgspecError as error:
        raise ValueError(f"the body must be a JSON object: {error}") from None


def _set_faults(simulator: Simulator, given: dict[str, Json]) -> None:
    for kind, value in given.items():
        if isinstance(value, dict):
            simulator.faults.configure(kind, value["rate"], value.get("on", "any"), value.get("maximum"))
        else:
            simulator.faults.configure(kind, value)
