"""Uploading a payload in three steps: ask where to, put the bytes there, tell what they are (confirmed: CLI upload.py).

The last step makes the release if there is none. What it answers, and which hardware may be named, is inferred.
"""

from collections.abc import Mapping

from reconciler.simulators.exchange import Json, Reply
from reconciler.simulators.memfault import fields
from reconciler.simulators.memfault.call import Call, data
from reconciler.simulators.memfault.inventory import Release
from reconciler.simulators.memfault.payloads import release_payload
from reconciler.simulators.memfault.refusals import Refusal, malformed, not_found


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
    """Turn uploaded bytes into a payload of a release; 409 where that hardware has one already."""
    body = call.body()
    file, software = _object(body, "file"), _object(body, "software_version")
    if not call.project.uploads.get(fields.text(file, "token")):
        raise malformed("the file was not uploaded")
    hardware = fields.required(body, "hardware_version")
    software_type = fields.required(software, "software_type")
    if hardware not in call.project.hardware or software_type not in call.project.types:
        raise not_found(f"Hardware version {hardware!r} or software type {software_type!r}")
    must, notes = fields.flag(body, "must_pass_through", False), fields.text(body, "notes")
    name, md5 = fields.text(file, "name"), fields.text(file, "md5")
    release = _release(call, software, software_type)
    if hardware in release.artifacts:
        raise Refusal(409, f"Release {release.name!r} has a payload for {hardware} already")
    release.notes = notes or release.notes
    call.project.put_release(release)
    info = body.get("extra_info")
    call.project.add_artifact(release, hardware, must_pass_through=must, filename=name, md5=md5, extra_info=info)
    for cohort in {one.cohort for one in call.project.deployments.values() if one.release is release}:
        call.world.updates.cohort_changed(cohort)
    return data(release_payload(call.project, release))


def _release(call: Call, software: fields.Body, software_type: str) -> Release:
    """The release of a version, or the delta of a pair; a new one where there is none with payloads yet."""
    version = software.get("version")
    pair = version if isinstance(version, list) else [None, version]
    if len(pair) != 2 or not isinstance(pair[1], str) or not (pair[0] is None or isinstance(pair[0], str)):
        raise malformed("version must be a version, or a pair of versions")
    known = call.project.releases.get((pair[0], pair[1]))
    if known is None or known.of_event:
        known = call.project.new_release(pair[1], software_type, pair[0])
        known.revision = fields.text(software, "revision")
    known.software_type = software_type
    return known


def _object(body: fields.Body, name: str) -> Mapping[str, Json]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise malformed(f"{name} must be an object")
    return value
