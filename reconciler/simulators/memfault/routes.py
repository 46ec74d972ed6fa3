"""The endpoints by method and path. The scope of a route says whose credentials it takes."""

from reconciler.simulators.faults import LISTINGS, READS, WRITES
from reconciler.simulators.memfault import catalog_calls as catalog
from reconciler.simulators.memfault import cohort_calls as cohorts
from reconciler.simulators.memfault import deployment_calls as deployments
from reconciler.simulators.memfault import device_calls as devices
from reconciler.simulators.memfault import device_side
from reconciler.simulators.memfault import release_calls as releases
from reconciler.simulators.memfault import upload_calls as uploads
from reconciler.simulators.memfault.access import DEVICE, NOBODY, USER
from reconciler.simulators.memfault.call import Call
from reconciler.simulators.memfault.faults import OBJECTS
from reconciler.simulators.routes import Route, route

_ORGANIZATIONS = "/api/v0/organizations"
_P = f"{_ORGANIZATIONS}/{{organization}}/projects/{{project}}"
_TYPE = f"{_P}/software_types/{{type}}/software_versions"
_LIST = (READS, OBJECTS, LISTINGS)
_READ = (READS, OBJECTS)

ROUTES: tuple[Route[Call], ...] = (
    route("me.get", "GET", "/auth/me", catalog.get_me, *_READ, scope=USER),
    route("organizations.list", "GET", _ORGANIZATIONS, catalog.list_organizations, *_LIST),
    route("project.get", "GET", _P, catalog.get_project, *_READ),
    route("payloads.create", "POST", f"{_P}/releases/ota_payload", uploads.make_payload, WRITES),
    route("uploads.prepare", "POST", f"{_P}/upload", uploads.prepare, WRITES),
    route("uploads.put", "PUT", "/uploads/{token}", uploads.put_bytes, WRITES, scope=NOBODY),
    route("releases.list", "GET", f"{_P}/releases", releases.list_releases, *_LIST),
    route("releases.create", "POST", f"{_P}/releases", releases.make_release, WRITES),
    route("release.get", "GET", f"{_P}/releases/{{release}}*", releases.get_release, *_READ),
    route("release.update", "PATCH", f"{_P}/releases/{{release}}*", releases.update_release, WRITES),
    route("release.delete", "DELETE", f"{_P}/releases/{{release}}*", releases.delete_release, WRITES),
    route("deltas.list", "GET", f"{_P}/delta-releases", releases.list_deltas, *_LIST),
    route("deployments.list", "GET", f"{_P}/deployments", deployments.list_deployments, *_LIST),
    route("deployments.create", "POST", f"{_P}/deployments", deployments.make_deployment, WRITES),
    route("deployment.get", "GET", f"{_P}/deployments/{{deployment}}", deployments.get_deployment, *_READ),
    route("deployment.update", "PATCH", f"{_P}/deployments/{{deployment}}", deployments.update_deployment, WRITES),
    route("deployment.delete", "DELETE", f"{_P}/deployments/{{deployment}}", deployments.delete_deployment, WRITES),
    route("cohorts.list", "GET", f"{_P}/cohorts", cohorts.list_cohorts, *_LIST),
    route("cohorts.create", "POST", f"{_P}/cohorts", cohorts.make_cohort, WRITES),
    route("cohort.get", "GET", f"{_P}/cohorts/{{cohort}}", cohorts.get_cohort, *_READ),
    route("cohort.update", "PATCH", f"{_P}/cohorts/{{cohort}}", cohorts.update_cohort, WRITES),
    route("cohort.delete", "DELETE", f"{_P}/cohorts/{{cohort}}", cohorts.delete_cohort, WRITES),
    route("cohorts.devices.list", "GET", f"{_P}/cohorts/{{cohort}}/devices", cohorts.list_members, *_LIST),
    route("cohorts.devices.move", "PATCH", f"{_P}/cohorts/{{cohort}}/devices", cohorts.move_members, WRITES),
    route("devices.list", "GET", f"{_P}/devices", devices.list_devices, *_LIST),
    route("devices.create", "POST", f"{_P}/devices", devices.make_device, WRITES),
    route("device.get", "GET", f"{_P}/devices/{{device}}", devices.get_device, *_READ),
    route("device.update", "PATCH", f"{_P}/devices/{{device}}", devices.update_device, WRITES),
    route("device.delete", "DELETE", f"{_P}/devices/{{device}}", devices.delete_device, WRITES),
    route("types.list", "GET", f"{_P}/software_types", catalog.list_types, *_LIST),
    route("types.values", "GET", f"{_P}/software_type_values", catalog.list_type_values, *_LIST),
    route("versions.list", "GET", _TYPE, catalog.list_versions, *_LIST),
    route("version.get", "GET", f"{_TYPE}/{{version}}*", catalog.get_version, *_READ),
    route("hardware.list", "GET", f"{_P}/hardware_versions", catalog.list_hardware, *_LIST),
    route("installs.list", "GET", f"{_P}/installs", catalog.list_installs, *_LIST),
    route("latest.get", "GET", "/api/v0/releases/latest", device_side.get_latest, *_READ, scope=DEVICE),
    route("latest.url", "GET", "/api/v0/releases/latest/url", device_side.get_latest_url, READS, scope=DEVICE),
)
