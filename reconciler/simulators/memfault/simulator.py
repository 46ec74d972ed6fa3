"""The simulated project behind one function: its endpoints, its access, its faults.

The scope of a route says whose credentials it takes.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from reconciler.simulators.exchange import Json, Reply, Request, json_object
from reconciler.simulators.faults import KINDS, LISTINGS, READS, WRITES
from reconciler.simulators.faults import Faults as AnyFaults
from reconciler.simulators.memfault import endpoints
from reconciler.simulators.memfault.access import USER, not_found, refused
from reconciler.simulators.memfault.call import Call
from reconciler.simulators.memfault.variants import OBJECTS
from reconciler.simulators.memfault.world import MemfaultWorld
from reconciler.simulators.routes import Route, route
from reconciler.simulators.simulator import Served as AnyServed
from reconciler.simulators.simulator import Simulator

_ORGANIZATIONS = "/api/v0/organizations"
_P = f"{_ORGANIZATIONS}/{{organization}}/projects/{{project}}"
_TYPE = f"{_P}/software_types/{{type}}/software_versions"
_LIST = (READS, OBJECTS, LISTINGS)
_READ = (READS, OBJECTS)

ROUTES: tuple[Route[Call], ...] = (
    route("me.get", "GET", "/auth/me", endpoints.get_me, *_READ, scope=USER),
    route("organizations.list", "GET", _ORGANIZATIONS, endpoints.list_organizations, *_LIST),
    route("releases.list", "GET", f"{_P}/releases", endpoints.list_releases, *_LIST),
    route("release.get", "GET", f"{_P}/releases/{{release}}*", endpoints.get_release, *_READ),
    route("deployments.list", "GET", f"{_P}/deployments", endpoints.list_deployments, *_LIST),
    route("deployments.create", "POST", f"{_P}/deployments", endpoints.make_deployment, WRITES),
    route("deployment.update", "PATCH", f"{_P}/deployments/{{deployment}}", endpoints.update_deployment, WRITES),
    route("deployment.delete", "DELETE", f"{_P}/deployments/{{deployment}}", endpoints.delete_deployment, WRITES),
    route("cohorts.list", "GET", f"{_P}/cohorts", endpoints.list_cohorts, *_LIST),
    route("cohorts.devices.list", "GET", f"{_P}/cohorts/{{cohort}}/devices", endpoints.list_members, *_LIST),
    route("devices.list", "GET", f"{_P}/devices", endpoints.list_devices, *_LIST),
    route("types.list", "GET", f"{_P}/software_types", endpoints.list_types, *_LIST),
    route("types.values", "GET", f"{_P}/software_type_values", endpoints.list_type_values, *_LIST),
    route("versions.list", "GET", _TYPE, endpoints.list_versions, *_LIST),
    route("version.get", "GET", f"{_TYPE}/{{version}}*", endpoints.get_version, *_READ),
)


class Faults(AnyFaults):
    """The faults in force.

    An expired token stays so until the fault is set anew. `gone` strikes a cohort; `shift` makes a deployment before a
    page of deployments; `partial` strikes nothing, as no call names several units.
    """

    routes = tuple(one.name for one in ROUTES)
    kinds: ClassVar[Mapping[str, str]] = {**KINDS, "empty": OBJECTS, "partial": "nothing"}


class MemfaultSimulator(Simulator[MemfaultWorld]):
    """A project with its API."""

    def __init__(self, world: MemfaultWorld) -> None:
        super().__init__(world, ROUTES, Call)

    def admit(self, route: Route[Any], path: dict[str, str], request: Request) -> None:
        """Raise `Refusal` for who is not known or may not, and for another project."""
        project = self.world.project
        self.faults.expired = self.faults.expired or self.strikes("expire", route)
        self.world.access.check(request.headers, route.scope, expired=self.faults.expired)
        here = {"organization": project.organization, "project": project.slug}
        if any(path.get(name, slug) != slug for name, slug in here.items()):
            raise not_found("Project")

    def shift(self, route: Route[Any]) -> None:
        """Before a page of deployments, make one; before any other, swap a device."""
        if route.name != "deployments.list" or not self.world.make_a_deployment():
            self.world.swap_a_device()

    def gone(self, path: Mapping[str, str], request: Request) -> bool:
        return self.world.delete_named((json_object(request.body) or {}).get("cohort"))

    def refused(self, status: int, message: str) -> Reply:
        """An error of Memfault's shape."""
        return refused(status, message).reply

    def emptied(self, payload: Json) -> Json:
        if "paging" not in payload:
            return {"data": {}} if "data" in payload else {}
        totals = {"item_count": 0, "page_count": 0, "total_count": 0}
        return {"data": [], "paging": payload["paging"] | totals}

    def shortened(self, payload: Json) -> Json:
        """A page with some rows missing."""
        kept = self.faults.without_some(payload["data"])
        return {"data": kept, "paging": payload["paging"] | {"item_count": len(kept)}}


Served = AnyServed[MemfaultWorld]
