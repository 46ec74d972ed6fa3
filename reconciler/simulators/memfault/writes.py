"""The writes: activating and pulling releases, and uploading a payload (confirmed: WEB; SW; CLI deploy.py, upload.py)."""

from collections.abc import Mapping

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.memfault.access import is_user, malformed, not_found, refused
from reconciler.simulators.memfault.call import NO_CONTENT, Body, Call, data, percent, required, text
from reconciler.simulators.memfault.inventory import NORMAL, PULLED, STAGED, Deployment, Release
from reconciler.simulators.memfault.payloads import deployment_payload, release_payload


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
    made = call.world.activations.draft_of_api(cohort, release, share, body.get("extra_info"))
    made.by_token = not is_user(call.request.headers)
    call.commit(lambda: call.world.activations.put(made), later=call.variants["activation-visible"] == "later")
    return json_reply(int(call.variants["create-status"]), {"data": deployment_payload(made)})


def _again(call: Call, active: Deployment) -> Reply:
    """What an activation of what is active already gets; the words are confirmed in code (NCS; BITKEY)."""
    status = int(call.variants["already-active"])
    if status == 200:
        return data(deployment_payload(active))
    raise refused(status, f"Release {active.release.name} is already active for cohort {active.cohort.slug}")


def update_deployment(call: Call) -> Reply:
    """Change `extra_info`, and by a variant the percentage of a staged rollout; never anything else (inferred).

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
    call.commit(lambda: _update(call, one, share, body))
    return data(deployment_payload(one))


def _update(call: Call, one: Deployment, share: int | None, body: Body) -> None:
    if share is not None:
        call.world.activations.set_percent(one, share)
    if "extra_info" in body:
        call.world.activations.set_extra_info(one, body["extra_info"])


def delete_deployment(call: Call) -> Reply:
    """Pull a release (confirmed: CLI deploy.py). A second time it is not found (inferred)."""
    one = call.deployment()
    if one.status in {PULLED, "aborted"}:
        raise not_found(f"Active deployment {one.id}")
    call.commit(lambda: call.world.activations.pull(one))
    return NO_CONTENT


# --- a payload in three steps: ask where to, put the bytes there, tell what they are (confirmed: CLI upload.py) ----------


def prepare(call: Call) -> Reply:
    """A place to put the bytes, and a token that stands for them."""
    if call.body().get("kind") != "OTA_PAYLOAD":
        raise malformed("kind must be OTA_PAYLOAD")
    token = f"upload-{next(call.project.ids)}"
    call.project.uploads[token] = False
    host = call.request.headers.get("host", "localhost")
    return data({"upload_url": f"http://{host}/uploads/{token}", "token": token})


def put_bytes(call: Call) -> Reply:
    """Take the bytes. Whoever knows the address may send them."""
    token = call.path["token"]
    if token not in call.project.uploads:
        raise not_found(f"Upload {token!r}")
    call.project.uploads[token] = True
    return Reply(200, b"", {})


def make_payload(call: Call) -> Reply:
    """Turn uploaded bytes into a payload of a release; 409 where that hardware has one of that kind already."""
    body = call.body()
    file, software = _object(body, "file"), _object(body, "software_version")
    if not call.project.uploads.get(text(file, "token")):
        raise malformed("the file was not uploaded")
    hardware = required(body, "hardware_version")
    software_type = required(software, "software_type")
    if hardware not in call.project.hardware or software_type not in call.project.types:
        raise not_found(f"Hardware version {hardware!r} or software type {software_type!r}")
    must, notes = body.get("must_pass_through", False), text(body, "notes")
    if not isinstance(must, bool):
        raise malformed("must_pass_through must be a boolean")
    name, md5 = text(file, "name"), text(file, "md5")
    release = _release(call, software, software_type)
    if (
        hardware in release.artifacts
        and text(body, "firmware_type") in {"", "standalone"}
        and "component_version" not in body
    ):
        raise refused(409, f"Release {release.name!r} has a payload for {hardware} already")
    release.notes = notes or release.notes
    call.project.put_release(release)
    info = body.get("extra_info")
    call.project.add_artifact(release, hardware, must_pass_through=must, filename=name, md5=md5, extra_info=info)
    for cohort in {one.cohort for one in call.project.deployments.values() if one.release is release}:
        call.world.updates.cohort_changed(cohort)
    return data(release_payload(call.project, release))


def _release(call: Call, software: Body, software_type: str) -> Release:
    """The release of a version, or the delta of a pair; a new one where there is none with payloads yet."""
    version = software.get("version")
    pair = version if isinstance(version, list) else [None, version]
    if len(pair) != 2 or not isinstance(pair[1], str) or not (pair[0] is None or isinstance(pair[0], str)):
        raise malformed("version must be a version, or a pair of versions")
    known = call.project.releases.get((pair[0], pair[1]))
    if known is None or known.of_event:
        known = call.project.new_release(pair[1], software_type, pair[0])
        known.revision = text(software, "revision")
    known.software_type = software_type
    return known


def _object(body: Body, name: str) -> Mapping[str, Json]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise malformed(f"{name} must be an object")
    return value
