"""Which endpoint serves which method and path, and under which scope."""

from reconciler.simulators.faults import LISTINGS, READS, WRITES
from reconciler.simulators.losant import reads, workflows, writes
from reconciler.simulators.losant.call import Call
from reconciler.simulators.routes import Route, route

_APP = "/applications/{application}"
_LISTED = (READS, LISTINGS)

# A version's name may hold a slash, which a server sees decoded: that path is matched last and to its end.
ROUTES: tuple[Route[Call], ...] = (
    route("application.get", "GET", _APP, reads.application, READS, scope="application.get"),
    route("deployments.list", "GET", f"{_APP}/edge/deployments", reads.list_deployments, *_LISTED, scope="edgeDeployments.get"),
    route("deployments.release", "POST", f"{_APP}/edge/deployments/release", writes.release, WRITES, scope="edgeDeployments.release"),
    route("deployments.replace", "POST", f"{_APP}/edge/deployments/replace", writes.replace, WRITES, scope="edgeDeployments.replace"),
    route("deployments.remove", "POST", f"{_APP}/edge/deployments/remove", writes.remove, WRITES, scope="edgeDeployments.remove"),
    route("deployment.get", "GET", f"{_APP}/edge/deployments/{{deployment}}", reads.get_deployment, READS, scope="edgeDeployment.get"),
    route("devices.list", "GET", f"{_APP}/devices", reads.list_devices, *_LISTED, scope="devices.get"),
    route("device.get", "GET", f"{_APP}/devices/{{device}}", reads.get_device, READS, scope="device.get"),
    route("flows.list", "GET", f"{_APP}/flows", workflows.list_flows, *_LISTED, scope="flows.get"),
    route("flows.version", "GET", f"{_APP}/flows/version", workflows.flows_by_version, *_LISTED, scope="flows.getByVersion"),
    route("flow.get", "GET", f"{_APP}/flows/{{flow}}", workflows.get_flow, READS, scope="flow.get"),
    route("flow.errors", "GET", f"{_APP}/flows/{{flow}}/errors", workflows.list_failures, READS, scope="flow.errors"),
    route("versions.list", "GET", f"{_APP}/flows/{{flow}}/versions", workflows.list_versions, *_LISTED, scope="flowVersions.get"),
    route("versions.create", "POST", f"{_APP}/flows/{{flow}}/versions", writes.make_version, WRITES, scope="flowVersions.post"),
    route("version.get", "GET", f"{_APP}/flows/{{flow}}/versions/{{version}}*", workflows.get_version, READS, scope="flowVersion.get"),
)  # fmt: skip
