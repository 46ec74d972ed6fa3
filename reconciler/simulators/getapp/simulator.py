"""The simulated master agent and delivery server behind one function: access, faults, a restart that breaks connections.

Order of one call inside: a restarting agent, access to the server, faults that act on the world (gone, shift), the
endpoint.
"""

from typing import Any

from reconciler.simulators.control import control
from reconciler.simulators.exchange import Json, Reply, Request
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.control import verbs
from reconciler.simulators.getapp.mishaps import delete_a_named_device, swap_a_device
from reconciler.simulators.getapp.refusals import agent_error, of_the_server, server_error
from reconciler.simulators.getapp.routes import WITH_LOGIN, routes
from reconciler.simulators.getapp.server import unauthorized
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.routes import Route
from reconciler.simulators.simulator import Simulator


class GetAppSimulator(Simulator):
    """A world with an API in front of it. `handle` serves sockets and test transports alike."""

    def __init__(self, world: GetAppWorld) -> None:
        super().__init__(routes(world.fleet.variants), world.faults, world.lock)
        self.world = world
        self._path = ""

    def now(self) -> float:
        """The world's time, after letting it go on."""
        self.world.fleet.advance()
        return self.world.fleet.now()

    def handle(self, request: Request) -> Reply:
        """Answer one request, API or `/simulator/…`; agent and server refuse in shapes of their own."""
        with self.lock:
            self._path = request.path
            return super().handle(request)

    def control(self, request: Request) -> Reply:
        """Answer a request below `/simulator/`."""
        return control(self, self.world.state, verbs(self.world), request)

    def strikes(self, kind: str, route: Route[Any]) -> bool:
        """Whether a fault strikes this call; an answer of plain text cannot be emptied."""
        return not (kind == "empty" and route.name == "server.health") and super().strikes(kind, route)

    def serve(self, route: Route[Any], path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        """Answer one API call; raise `Refusal`."""
        server = of_the_server(request.path)
        if not server and self.world.fleet.now() < self.world.fleet.broken_until:
            return "restart", Reply(0, cut=True)
        if self.strikes("expire", route):
            self.world.tokens.expire()
        if route.scope == WITH_LOGIN and not self.world.tokens.good(request.headers, self.world.fleet.now()):
            raise unauthorized(Call(request, path, self.world))
        if self.strikes("shift", route):
            swap_a_device(self.world)
        if self.strikes("gone", route):
            delete_a_named_device(Call(request, path, self.world))
        partial = not server and self.strikes("partial", route)
        lag = not server and self.strikes("lag", route)
        struck = "partial" if partial else "lag" if lag else None
        return struck, route.endpoint(Call(request, path, self.world, partial, lag))

    def refused(self, status: int, message: str) -> Reply:
        """An error in the shape of whoever answers at this path."""
        if of_the_server(self._path):
            return server_error(status, message, self._path, self.world.fleet.now())
        return agent_error(status, message)

    def emptied(self, payload: Json) -> Json:
        """A list without entries, or an object without fields."""
        return [] if isinstance(payload, list) else {}

    def shortened(self, payload: Json) -> Json:
        """A list with some entries missing."""
        items = payload if isinstance(payload, list) else payload["data"]
        missing = self.faults.some_of(list(range(len(items))))
        kept = [item for n, item in enumerate(items) if n not in missing]
        return kept if isinstance(payload, list) else {"data": kept}
