"""The simulated project behind one function: its access, its faults, its listings.

Order of one call inside: access, project, faults that act on the world (gone, shift), the endpoint.
"""

from typing import Any

from reconciler.simulators.control import control
from reconciler.simulators.exchange import Json, Reply, Request
from reconciler.simulators.memfault.call import Call
from reconciler.simulators.memfault.control import verbs
from reconciler.simulators.memfault.listing import DeviceListings
from reconciler.simulators.memfault.mishaps import delete_a_named_cohort, shift
from reconciler.simulators.memfault.refusals import Refusal, not_found
from reconciler.simulators.memfault.routes import ROUTES
from reconciler.simulators.memfault.world import MemfaultWorld
from reconciler.simulators.routes import Route
from reconciler.simulators.simulator import Simulator


class MemfaultSimulator(Simulator):
    """A world with an API in front of it. `handle` serves sockets and test transports alike."""

    def __init__(self, world: MemfaultWorld) -> None:
        super().__init__(ROUTES, world.faults, world.lock)
        self.world = world
        self.listings = DeviceListings()

    def now(self) -> float:
        """The world's time, after letting it go on."""
        self.world.project.advance()
        return self.world.project.clock()

    def control(self, request: Request) -> Reply:
        """Answer a request below `/simulator/`."""
        return control(self, self.world.state, verbs(self.world), request)

    def serve(self, route: Route[Any], path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        """Answer one API call; raise `Refusal`."""
        project = self.world.project
        self.faults.expired = self.faults.expired or self.strikes("expire", route)
        self.world.access.check(request.headers, route.scope, expired=self.faults.expired)
        if (path.get("organization", project.organization), path.get("project", project.slug)) != (
            project.organization,
            project.slug,
        ):
            raise not_found("Project")
        if self.strikes("shift", route):
            shift(self.world, route.name)
        struck = self._struck(route, path, request)
        call = Call(request, path, self.world, self.listings, struck == "partial", struck == "lag")
        return struck, route.endpoint(call)

    def _struck(self, route: Route[Any], path: dict[str, str], request: Request) -> str | None:
        """The fault that acts on a write, if any; the cohort that it names may be gone already."""
        if self.strikes("gone", route) and delete_a_named_cohort(self.world, path, request.body):
            return "gone"
        if self.strikes("partial", route):
            return "partial"
        return "lag" if self.strikes("lag", route) else None

    def refused(self, status: int, message: str) -> Reply:
        """An error of Memfault's shape."""
        return Refusal(status, message).reply()

    def emptied(self, payload: Json) -> Json:
        """A listing without rows, or an object without fields."""
        if "paging" not in payload:
            return {"data": {}} if "data" in payload else {}
        totals = {"item_count": 0, "page_count": 0, "total_count": 0}
        return {"data": [], "paging": payload["paging"] | totals}

    def shortened(self, payload: Json) -> Json:
        """A page with some rows missing."""
        rows = payload["data"]
        missing = self.faults.some_of(list(range(len(rows))))
        kept = [row for n, row in enumerate(rows) if n not in missing]
        return {"data": kept, "paging": payload["paging"] | {"item_count": len(kept)}}
