"""Which endpoint serves which method and path, and under which scope."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.simulators.exchange import Reply
from reconciler.simulators.losant import reads, workflows, writes
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.faults import LISTINGS, READS, WRITES


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `groups` are the words by which faults can be narrowed to it."""

    name: str
    method: str
    path: re.Pattern[str]
    scope: str
    endpoint: Callable[[Call], Reply]
    groups: tuple[str, ...]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return READS in self.groups


def _route(name: str, method: str, path: str, scope: str, endpoint: Callable[[Call], Reply], *groups: str) -> Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.removesuffix("*"))
    pattern = pattern if not path.endswith("*") else pattern.removesuffix("[^/]+)") + ".+)"
    return Route(name, method, re.compile(pattern), scope, endpoint, groups)


_APP = "/applications/{application}"
_LISTED = (READS, LISTINGS)

# A version's name may hold a slash, which a server sees decoded: that path is matched last and to its end.
ROUTES: tuple[Route, ...] = (
    _route("application.get", "GET", _APP, "application.get", reads.application, READS),
    _route("deployments.list", "GET", f"{_APP}/edge/deployments", "edgeDeployments.get", reads.list_deployments, *_LISTED),
    _route("deployments.release", "POST", f"{_APP}/edge/deployments/release", "edgeDeployments.release", writes.release, WRITES),
    _route("deployments.replace", "POST", f"{_APP}/edge/deployments/replace", "edgeDeployments.replace", writes.replace, WRITES),
    _route("deployments.remove", "POST", f"{_APP}/edge/deployments/remove", "edgeDeployments.remove", writes.remove, WRITES),
    _route("deployment.get", "GET", f"{_APP}/edge/deployments/{{deployment}}", "edgeDeployment.get", reads.get_deployment, READS),
    _route("devices.list", "GET", f"{_APP}/devices", "devices.get", reads.list_devices, *_LISTED),
    _route("device.get", "GET", f"{_APP}/devices/{{device}}", "device.get", reads.get_device, READS),
    _route("flows.list", "GET", f"{_APP}/flows", "flows.get", workflows.list_flows, *_LISTED),
    _route("flows.version", "GET", f"{_APP}/flows/version", "flows.getByVersion", workflows.flows_by_version, *_LISTED),
    _route("flow.get", "GET", f"{_APP}/flows/{{flow}}", "flow.get", workflows.get_flow, READS),
    _route("flow.errors", "GET", f"{_APP}/flows/{{flow}}/errors", "flow.errors", workflows.list_failures, READS),
    _route("versions.list", "GET", f"{_APP}/flows/{{flow}}/versions", "flowVersions.get", workflows.list_versions, *_LISTED),
    _route("versions.create", "POST", f"{_APP}/flows/{{flow}}/versions", "flowVersions.post", writes.make_version, WRITES),
    _route("version.get", "GET", f"{_APP}/flows/{{flow}}/versions/{{version}}*", "flowVersion.get", workflows.get_version, READS),
)  # fmt: skip


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a method and a decoded path, with the parts that the path names."""
    for route in ROUTES:
        match = route.path.fullmatch(path) if route.method == method else None
        if match is not None:
            return route, match.groupdict()
    return None
