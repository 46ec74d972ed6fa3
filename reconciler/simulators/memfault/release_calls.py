"""Releases: versions that can be activated (confirmed: WEB api/releases; SW)."""

from urllib.parse import quote

from reconciler.simulators.exchange import Reply
from reconciler.simulators.memfault import fields
from reconciler.simulators.memfault.call import NO_CONTENT, Call, data
from reconciler.simulators.memfault.inventory import Release
from reconciler.simulators.memfault.payloads import release_payload
from reconciler.simulators.memfault.refusals import Refusal

_TEXTS = ("min_version", "revision", "notes")


def list_releases(call: Call) -> Reply:
    """Full releases by filters `version`, `revision`, `hardware_version` and `build_id`, the newest last (inferred)."""
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
        and hardware(list(release.artifacts))
        and build([artifact.build_id for artifact in release.artifacts.values()])
    ]
    rows = ask.sort(found, {"created_date": lambda release: release.created})
    return call.page([release_payload(call.project, release) for release in rows])


def list_deltas(call: Call) -> Reply:
    """Delta releases (confirmed in code: BITKEY, for the address and the two versions)."""
    deltas = [release for release in call.project.releases.values() if release.base is not None]
    return call.page([release_payload(call.project, release) for release in deltas])


def get_release(call: Call) -> Reply:
    """One full release by its version."""
    return data(release_payload(call.project, call.release()))


def make_release(call: Call) -> Reply:
    """A release without payloads; `Location` says where to upload them (confirmed: SW)."""
    body = call.body()
    version = fields.required(body, "version")
    try:
        release = call.project.new_release(version)
    except ValueError as error:
        raise Refusal(409, str(error)) from None
    _take(release, body)
    call.commit(lambda: _put(call, release))
    reply = call.created(release_payload(call.project, release))
    place = f"{call.request.path}/{quote(version, safe='')}/artifacts"
    return Reply(reply.status, reply.body, {**reply.headers, "location": place})


def _put(call: Call, release: Release) -> None:
    """A version that events told of keeps its software type."""
    known = call.project.releases.get((None, release.version))
    if known is not None:
        release.software_type = known.software_type
    call.project.put_release(release)


def update_release(call: Call) -> Reply:
    """Change some fields of a release."""
    release, body = call.release(), call.body()
    _take(Release(0, "", None, 0, 0), body)
    call.commit(lambda: _update(call, release, body))
    return data(release_payload(call.project, release))


def _update(call: Call, release: Release, body: fields.Body) -> None:
    _take(release, body)
    release.updated = call.project.now()
    for cohort in {one.cohort for one in call.project.deployments.values() if one.release is release}:
        call.world.updates.cohort_changed(cohort)


def _take(release: Release, body: fields.Body) -> None:
    for name in _TEXTS:
        setattr(release, name, fields.text(body, name, getattr(release, name)))
    release.extra_info = body.get("extra_info", release.extra_info)


def delete_release(call: Call) -> Reply:
    """Delete a release that is active nowhere (confirmed: MDX docs/platform/ota.mdx); the status 409 is inferred."""
    release = call.release()
    if any(one.release is release and one.active for one in call.project.deployments.values()):
        raise Refusal(409, f"Release {release.name!r} is active for a cohort: pull it first")
    call.commit(lambda: _delete(call, release))
    return NO_CONTENT


def _delete(call: Call, release: Release) -> None:
    if call.project.releases.get((release.base, release.version)) is release:
        call.world.delete_release(release.version)
