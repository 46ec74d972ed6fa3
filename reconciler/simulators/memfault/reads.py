"""The reads: who one is, and what there is of software, cohorts, devices and deployments.

Confirmed, where nothing else is said: SW; WEB api/releases, api/cohorts, api/devices, api/deployments; CLI deploy.py.
"""

from collections import Counter
from collections.abc import Callable
from operator import itemgetter

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.memfault.access import EMAIL, not_found
from reconciler.simulators.memfault.call import Call, data
from reconciler.simulators.memfault.inventory import Release, SoftwareType, iso
from reconciler.simulators.memfault.payloads import (
    cohort_payload,
    deployment_payload,
    device_row,
    organization_payload,
    project_payload,
    release_payload,
    type_payload,
    version_payload,
)

_NEWEST_FIRST = ("-deployed_date",)


def get_me(call: Call) -> Reply:
    """The user who calls, without an envelope (confirmed: SW example)."""
    project = call.project
    born = iso(project.created)
    dates = {"created_date": born, "updated_date": born}
    organizations = [organization_payload(project)]
    return json_reply(200, {"id": 1, "email": EMAIL, "name": "Robot", "organizations": organizations, **dates})


def list_organizations(call: Call) -> Reply:
    """The organizations that the credentials reach."""
    return call.page([organization_payload(call.project)])


def get_project(call: Call) -> Reply:
    """The project."""
    return data(project_payload(call.project))


def list_types(call: Call) -> Reply:
    """Software types (confirmed: AE openapi)."""
    return call.page([type_payload(one) for one in call.project.types.values()])


def list_type_values(call: Call) -> Reply:
    """Software types with `is_primary_type`, and sorts that repeat (confirmed: CLI deploy.py)."""
    project = call.project
    primary = Counter(device.hardware.primary for device in project.devices.values())
    primaries = {hardware.primary for hardware in project.hardware.values()}
    rows = [
        {"name": name, "is_primary_type": name in primaries, "active_device_count": primary[name]}
        for name in project.types
    ]
    keys = {name: itemgetter(name) for name in ("is_primary_type", "active_device_count", "name")}
    return call.page(call.parameters.sort(rows, keys))


def list_versions(call: Call) -> Reply:
    """The versions of a software type (confirmed: AE openapi), or by a variant nothing."""
    found = _type(call)
    return call.page([version_payload(found, version) for version in found.versions])


def get_version(call: Call) -> Reply:
    """One version of a software type (confirmed: CLI deploy.py)."""
    found, version = _type(call), call.path["version"]
    if version not in found.versions:
        raise not_found(f"Software version {version!r}")
    return data(version_payload(found, version))


def _type(call: Call) -> SoftwareType:
    found = call.project.types.get(call.path["type"])
    if found is None or call.variants["type-versions"] == "404":
        raise not_found(f"Software type {call.path['type']!r}")
    return found


def list_releases(call: Call) -> Reply:
    """Full releases by `version`, `revision`, `hardware_version` and `build_id`, the newest last (inferred)."""
    ask = call.parameters
    version, revision = ask.filters("version"), ask.filters("revision")
    hardware, build = ask.any_of("hardware_version"), ask.any_of("build_id")
    found = [
        release
        for release in call.project.releases.values()
        if release.base is None
        and call.project.listed(release)
        and version(release.version)
        and revision(release.revision)
        and hardware(release.artifacts)
        and build(artifact.build_id for artifact in release.payloads)
    ]
    rows = ask.sort(found, {"created_date": lambda release: release.created})
    return call.page([release_payload(call.project, release) for release in rows])


def get_release(call: Call) -> Reply:
    """One full release by its version."""
    return data(release_payload(call.project, call.release()))


def list_cohorts(call: Call) -> Reply:
    """Cohorts, sorted by `created_date` where that is asked for."""
    rows = call.parameters.sort(list(call.project.cohorts.values()), {"created_date": lambda cohort: cohort.created})
    return call.page([cohort_payload(call.project, cohort) for cohort in rows])


def list_members(call: Call) -> Reply:
    """The devices of a cohort, or by a variant nothing."""
    cohort = call.cohort()
    if call.variants["cohort-devices"] == "404":
        raise not_found("The page")
    return call.page(list(cohort.devices.values()), lambda device: device_row(call.project, device))


def list_devices(call: Call) -> Reply:
    """All devices, sorted by `last_seen` where that is asked for; the simulator knows no filter, and ignores any."""
    project = call.project
    devices = project.listing()
    if call.parameters.values("sort"):
        devices = call.parameters.sort(list(devices), {"last_seen": lambda one: project.seen(one) or 0})
    return call.page(devices, lambda device: device_row(project, device))


def list_deployments(call: Call) -> Reply:
    """By `release`, `cohort` (WEB) and `delta_from`, `delta_to` (CLI); the latest first.

    A cohort is meant by slug or name. That `release` finds full releases alone is inferred.
    """
    release, cohort = _releases(call), call.parameters.filters("cohort")
    found = [
        one
        for one in call.project.deployments.values()
        if release(one.release) and (cohort(one.cohort.slug) or cohort(one.cohort.name))
    ]
    rows = call.parameters.sort(found, {"deployed_date": lambda one: (one.created, one.id)}, _NEWEST_FIRST)
    return call.page([deployment_payload(one) for one in rows])


def _releases(call: Call) -> Callable[[Release], bool]:
    ask = call.parameters
    version, base, target = ask.filters("release"), ask.filters("delta_from"), ask.filters("delta_to")
    full = bool(ask.values("release"))
    delta = bool(ask.values("delta_from") or ask.values("delta_to"))

    def wanted(release: Release) -> bool:
        if delta:
            return release.base is not None and base(release.base) and target(release.version)
        return not full or (release.base is None and version(release.version))

    return wanted
