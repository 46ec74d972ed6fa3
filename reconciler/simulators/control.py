"""A simulated world as tests and demos hold it, and its control surface, `/simulator/…`, for another process.

| request | what |
|---|---|
| GET /simulator/state | what is true, as rows |
| GET /simulator/calls | the writes received with their fate, and counts of reads; DELETE forgets them |
| GET /simulator/faults | the faults in force |
| POST /simulator/faults | `{"lost": "20%", "429": {"rate": 1, "on": "writes", "maximum": 2}, "latency": "20ms"}` |
| POST /simulator/VERB | a verb of the world with its arguments, such as `{"device": "gw-017", "online": false}` |

No credentials are asked for: the server listens on the loopback address only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

from reconciler.simulators.clock import Timeline
from reconciler.simulators.exchange import Json, Reply, Request, json_object, json_reply
from reconciler.simulators.faults import Faults
from reconciler.simulators.routes import CallLog

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
W = TypeVar("W", bound="SimulatedWorld")


class SimulatedWorld(ABC):
    """What people and devices do besides the API, as methods. Each may be called from any thread.

    A method that is a `verb` is the same thing as the verb of that name under `/simulator/`. What is not there raises
    `LookupError`, what may not be `ValueError`.
    """

    def __init__(self, timeline: Timeline, faults: Faults) -> None:
        self.lock = RLock()
        self.timeline = timeline
        self.faults = faults

    @abstractmethod
    def state(self) -> list[dict[str, Any]]:
        """What is true, as rows."""

    def verbs(self) -> dict[str, Callable[..., Any]]:
        """All verbs by name."""
        named = vars(type(self)).items()
        return {name: getattr(self, name) for name, method in named if "verb" in getattr(method, "__dict__", {})}


def there(found: T | None, what: str) -> T:
    """What was found; `LookupError` that says what is not there for None."""
    if found is None:
        raise LookupError(f"there is no {what}")
    return found


def locked(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
    """A method that nothing else interrupts, and before which everything happens that is due."""

    @wraps(method)
    def whole(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.timeline.advance()
            return method(self, *args, **kwargs)

    return whole


def verb(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
    """A locked method that changes the world, and that can be called from another process."""

    @wraps(method)
    def changing(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        finally:
            self.timeline.changes += 1

    whole = locked(changing)
    vars(whole)["verb"] = True
    return whole


def control(
    world: SimulatedWorld, faults: Faults, calls: CallLog, request: Request, refused: Callable[[int, str], Reply]
) -> Reply:
    """Answer one request of the control surface; `refused` makes an error of a status and a message."""
    try:
        found = _answer(world, faults, calls, request)
    except KeyError as error:
        return refused(400, f"{error.args[0]} is required")
    except LookupError as error:
        return refused(404, str(error.args[0]))
    except (TypeError, ValueError) as error:
        return refused(400, str(error))
    return json_reply(200, found)


def _answer(world: SimulatedWorld, faults: Faults, calls: CallLog, request: Request) -> Mapping[str, Json]:
    verbs = world.verbs()
    match request.method, request.path.removeprefix("/simulator/"):
        case "GET", "state":
            return {"rows": world.state()}
        case "GET", "calls":
            return calls.describe()
        case "DELETE", "calls":
            calls.clear()
            return {"success": True}
        case "GET", "faults":
            return faults.describe()
        case "POST", "faults":
            _set_faults(faults, _arguments(request.body))
            return faults.describe()
        case "POST", name if name in verbs:
            return {"success": True, "id": verbs[name](**_arguments(request.body))}
    known = ", ".join(sorted({*verbs, "faults"}))
    raise LookupError(f"{request.method} {request.path} was not found; to POST there are: {known}")


def _arguments(body: bytes) -> dict[str, Json]:
    found = json_object(body)
    if found is None:
        raise ValueError("the body must be a JSON object")
    return found


def _set_faults(faults: Faults, given: dict[str, Json]) -> None:
    for kind, value in given.items():
        if isinstance(value, dict):
            faults.configure(kind, value["rate"], value.get("on", "any"), value.get("maximum"))
        else:
            faults.configure(kind, value)
