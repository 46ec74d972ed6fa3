"""The endpoints: who one is, what there is of software, cohorts, devices and deployments, activating and pulling.

Confirmed, where nothing else is said: SW; WEB api/releases, api/cohorts, api/devices, api/deployments; CLI deploy.py.
"""

from collections import Counter
from functools import partial
from operator import itemgetter

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.memfault.access import EMAIL, deployer, malformed, not_found, refused
from reconciler.simulators.memfault.call import QUEUED, Call, Parameters, data, percent
from reconciler.simulators.memfault.inventory import (
    NORMAL,
    PULLED,
    STAGED,
    WAITING,
    Deployment,
    Release,
    SoftwareType,
    iso,
)
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
    found = [
        release
        for release in call.project.releases.values()
        if release.base is None
        and call.project.listed(release)
        and ask.allows("version", release.version)
        and ask.allows("revision", release.revision)
        and ask.allows("hardware_version", *(artifact.hardware for artifact in release.artifacts))
        and ask.allows("build_id", *(artifact.build_id for artifact in release.artifacts))
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
    ask = call.parameters
    found = [
        one
        for one in call.project.deployments.values()
        if _wanted(ask, one.release) and ask.allows("cohort", one.cohort.slug, one.cohort.name)
    ]
    rows = ask.sort(found, {"deployed_date": lambda one: (one.created, one.id)}, _NEWEST_FIRST)
    return call.page([deployment_payload(one) for one in rows])


def _wanted(ask: Parameters, release: Release) -> bool:
    if ask.values("delta_from") or ask.values("delta_to"):
        pair = ask.allows("delta_from", release.base) and ask.allows("delta_to", release.version)
        return release.base is not None and pair
    return not ask.values("release") or (release.base is None and ask.allows("release", release.version))


# --- writes -----------------------------------------------------------------------------------------------------------


def make_deployment(call: Call) -> Reply:
    """Activate a release for a cohort; `rollout_percent` belongs to a staged rollout."""
    body = call.body()
    kind = body.get("type")
    if kind not in (NORMAL, STAGED):
        raise malformed(f"type must be {NORMAL} or {STAGED}")
    share = percent(body, "rollout_percent") if kind == STAGED else None
    cohort = call.cohort_of(body.get("cohort"))
    release = call.project.release(body.get("release"))
    if release is None:
        raise not_found(f"Release {body.get('release')!r}")
    if not release.artifacts and call.variants["activate-empty"] == "reject":
        raise malformed(f"Release {release.name!r} has no artifacts")
    active = call.world.activations.active(cohort, release)
    if active is not None:
        return _again(call, active)
    made = call.world.activations.draft(cohort, release, share, body.get("extra_info"), deployer(call.request.headers))
    if call.variants["approval"] == "pending":
        made.status = WAITING
    brief = call.commit(lambda: call.world.activations.put(made), later=call.variants["activation-visible"] == "later")
    return (
        brief if brief is QUEUED else json_reply(int(call.variants["write-status"]), {"data": deployment_payload(made)})
    )


def _again(call: Call, active: Deployment) -> Reply:
    """What an activation of what is active already gets; the words are confirmed in code (NCS; BITKEY)."""
    status = int(call.variants["already-active"])
    if status == 200:
        return data(deployment_payload(active))
    raise refused(status, f"Release {active.release.name} is already active for cohort {active.cohort.slug}")


def update_deployment(call: Call) -> Reply:
    """Change by a variant the percentage of a staged rollout; never anything else that matters (inferred).

    A server that knows no such field may as well take it and do nothing (another variant).
    """
    one, body = call.deployment(), call.body()
    for name in ("status", "type", "release", "cohort"):
        if name in body:
            raise malformed(f"{name} cannot be changed")
    share = percent(body, "rollout_percent") if "rollout_percent" in body else None
    if call.variants["patch-rollout"] == "ignore":
        share = None
    if share is not None and (call.variants["patch-rollout"] == "reject" or one.type != STAGED):
        raise malformed("rollout_percent cannot be changed")
    if share is not None and call.commit(partial(call.world.activations.set_percent, one, share)) is QUEUED:
        return QUEUED
    return data(deployment_payload(one))


def delete_deployment(call: Call) -> Reply:
    """Pull a release (confirmed: CLI deploy.py). A second time it is not found (inferred)."""
    one = call.deployment()
    if one.status in {PULLED, "aborted"}:
        raise not_found(f"Active deployment {one.id}")
    return call.commit(lambda: call.world.activations.pull(one))
