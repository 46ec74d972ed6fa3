"""The simulated application behind one function: its access, its faults, its listings.

Order of one call inside: access, application, faults that act on the world (gone, shift), the endpoint.
"""

from typing import Any

from reconciler.simulators.control import control
from reconciler.simulators.exchange import Json, Reply, Request
from reconciler.simulators.losant.access import Access
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.control import verbs
from reconciler.simulators.losant.listing import Listings
from reconciler.simulators.losant.mishaps import delete_a_named_device, swap_a_device
from reconciler.simulators.losant.refusals import Refusal, malformed, not_found
from reconciler.simulators.losant.routes import ROUTES
from reconciler.simulators.losant.world import LosantWorld
from reconciler.simulators.routes import Route
from reconciler.simulators.simulator import Simulator

_KINDS = {
    400: "Validation",
    404: "NotFound",
    405: "MethodNotAllowed",
    429: "TooManyRequests",
    500: "InternalServerError",
}


class LosantSimulator(Simulator):
    """A world with an API in front of it. `handle` serves sockets and test transports alike."""

    def __init__(self, world: LosantWorld) -> None:
        super().__init__(ROUTES, world.faults, world.lock)
        self.world = world
        self.access = Access(world.app.variants)
        self.listings = Listings()
        world.app.watchers.append(self.listings)

    def now(self) -> float:
        """The world's time, after letting it go on."""
        self.world.app.advance()
        return self.world.app.clock()

    def control(self, request: Request) -> Reply:
        """Answer a request below `/simulator/`."""
        return control(self, self.world.state, verbs(self.world, self.access), request)

    def serve(self, route: Route[Any], path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        """Answer one API call; raise `Refusal`."""
        self.faults.expired = self.faults.expired or self.strikes("expire", route)
        self.access.check(request.headers, route.scope, reads=route.reads, expired=self.faults.expired)
        if path["application"].lower() != self.world.app.id:
            raise not_found("Application")
        if self.strikes("shift", route):
            swap_a_device(self.world)
        if self.strikes("gone", route) and delete_a_named_device(self.world, request.body):
            raise malformed("Device was not found")
        partial, lag = self.strikes("partial", route), self.strikes("lag", route)
        struck = "partial" if partial else "lag" if lag else None
        return struck, route.endpoint(Call(request, path, self.world, self.listings, partial, lag))

    def refused(self, status: int, message: str) -> Reply:
        """An error of Losant's shape."""
        return Refusal(status, _KINDS[status], message).reply()

    def emptied(self, payload: Json) -> Json:
        """A collection without items, or an object without fields."""
        return payload | {"items": [], "count": 0, "totalCount": 0} if "items" in payload else {}

    def shortened(self, payload: Json) -> Json:
        """A page with some items missing."""
        items = payload["items"]
        missing = self.faults.some_of(list(range(len(items))))
        kept = [item for n, item in enumerate(items) if n not in missing]
        return payload | {"items": kept, "count": len(kept)}
