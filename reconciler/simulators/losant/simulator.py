"""The simulated application behind one function: its endpoints, its access, its faults."""

from collections.abc import Mapping
from typing import Any, ClassVar

from reconciler.simulators.exchange import Json, Reply, Request, json_object
from reconciler.simulators.faults import KINDS, LISTINGS, READS, WRITES
from reconciler.simulators.faults import Faults as AnyFaults
from reconciler.simulators.losant import reads, writes
from reconciler.simulators.losant.access import malformed, not_found, refused
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.world import LosantWorld
from reconciler.simulators.routes import Route, route
from reconciler.simulators.simulator import Served as AnyServed
from reconciler.simulators.simulator import Simulator

_APP = "/applications/{application}"
_LISTED = (READS, LISTINGS)

# A version's name may hold a slash, which a server sees decoded: that path is matched last and to its end.
ROUTES: tuple[Route[Call], ...] = (
    route("application.get", "GET", _APP, reads.get_application, READS, scope="application.get"),
    route("deployments.list", "GET", f"{_APP}/edge/deployments", reads.list_deployments, *_LISTED, scope="edgeDeployments.get"),
    route("deployments.release", "POST", f"{_APP}/edge/deployments/release", writes.release, WRITES, scope="edgeDeployments.release"),
    route("deployments.replace", "POST", f"{_APP}/edge/deployments/replace", writes.replace, WRITES, scope="edgeDeployments.replace"),
    route("deployments.remove", "POST", f"{_APP}/edge/deployments/remove", writes.remove, WRITES, scope="edgeDeployments.remove"),
    route("deployment.get", "GET", f"{_APP}/edge/deployments/{{deployment}}", reads.get_deployment, READS, scope="edgeDeployment.get"),
    route("devices.list", "GET", f"{_APP}/devices", reads.list_devices, *_LISTED, scope="devices.get"),
    route("device.get", "GET", f"{_APP}/devices/{{device}}", reads.get_device, READS, scope="device.get"),
    route("flows.list", "GET", f"{_APP}/flows", reads.list_flows, *_LISTED, scope="flows.get"),
    route("flow.get", "GET", f"{_APP}/flows/{{flow}}", reads.get_flow, READS, scope="flow.get"),
    route("versions.list", "GET", f"{_APP}/flows/{{flow}}/versions", reads.list_versions, *_LISTED, scope="flowVersions.get"),
    route("versions.create", "POST", f"{_APP}/flows/{{flow}}/versions", writes.make_version, WRITES, scope="flowVersions.post"),
    route("version.get", "GET", f"{_APP}/flows/{{flow}}/versions/{{version}}*", reads.get_version, READS, scope="flowVersion.get"),
)  # fmt: skip


class Faults(AnyFaults):
    """The faults in force. An expired token stays so until the fault is set anew; `gone` strikes a device."""

    routes = tuple(one.name for one in ROUTES)
    kinds: ClassVar[Mapping[str, str]] = {**KINDS, "gone": "deployments.release"}


class LosantSimulator(Simulator[LosantWorld]):
    """An application with its API."""

    def __init__(self, world: LosantWorld) -> None:
        super().__init__(world, ROUTES, Call)
        self.access = world.access

    def admit(self, route: Route[Any], path: dict[str, str], request: Request) -> None:
        """Raise `Refusal` for an unknown token, a scope too narrow, or another application."""
        self.faults.expired = self.faults.expired or self.strikes("expire", route)
        self.access.check(request.headers, route.scope, reads=route.reads, expired=self.faults.expired)
        if path["application"].lower() != self.world.app.id:
            raise not_found("Application")

    def shift(self, route: Route[Any]) -> None:
        """Swap a device."""
        self.world.swap_a_device()

    def gone(self, path: Mapping[str, str], request: Request) -> bool:
        if self.world.delete_one_of((json_object(request.body) or {}).get("deviceIds")):
            raise malformed("Device was not found")
        return False

    def refused(self, status: int, message: str) -> Reply:
        """An error of Losant's shape."""
        return refused(status, message).reply

    def emptied(self, payload: Json) -> Json:
        return payload | {"items": [], "count": 0, "totalCount": 0} if "items" in payload else {}

    def shortened(self, payload: Json) -> Json:
        """A page with some items missing."""
        kept = self.faults.without_some(payload["items"])
        return payload | {"items": kept, "count": len(kept)}


Served = AnyServed[LosantWorld]
