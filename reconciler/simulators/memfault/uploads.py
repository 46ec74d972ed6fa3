"""The endpoints by which a payload comes: ask where to, put the bytes there, tell what they are.

Confirmed: CLI upload.py. The fields that tell of it are held to their types; others are ignored.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

from reconciler.simulators.exchange import Json, Reply
from reconciler.simulators.memfault.access import malformed, not_found, refused
from reconciler.simulators.memfault.call import Call, data
from reconciler.simulators.memfault.inventory import Release
from reconciler.simulators.memfault.payloads import release_payload

Name = Annotated[str, msgspec.Meta(pattern=r"^[-a-zA-Z0-9_.+:\\()\[\]/ ]{1,128}\Z")]
"""Names, as SW info and MDX docs/platform/software-version-hardware-version.mdx bound them."""


class Place(msgspec.Struct):
    """What a place is asked for."""

    kind: Literal["OTA_PAYLOAD"]


class File(msgspec.Struct):
    """The bytes, by the token of their place."""

    token: str
    md5: str = ""
    name: str = ""


class Software(msgspec.Struct):
    """A version, or the pair of a delta."""

    version: Name | tuple[Name, Name]
    software_type: Name
    revision: str = ""


class Payload(msgspec.Struct):
    """What the bytes are."""

    file: File
    software_version: Software
    hardware_version: Name
    must_pass_through: bool = False
    notes: str = ""
    extra_info: Json = None
    firmware_type: str = "standalone"
    component_version: Json = None


B = TypeVar("B", bound=msgspec.Struct)


def prepare(call: Call) -> Reply:
    """A place to put the bytes, and a token that stands for them."""
    _body(call, Place)
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
    project, body = call.project, _body(call, Payload)
    hardware, software = body.hardware_version, body.software_version
    if not project.uploads.get(body.file.token):
        raise malformed("the file was not uploaded")
    if hardware not in project.hardware:
        raise not_found(f"Hardware version {hardware!r}")
    if software.software_type not in project.types:
        raise not_found(f"Software type {software.software_type!r}")
    release = _release(call, software)
    further = body.firmware_type != "standalone" or body.component_version is not None
    if release.payload(hardware) is not None and not further:
        raise refused(409, f"Release {release.name!r} has a payload for {hardware} already")

    release.notes = body.notes or release.notes
    project.put_release(release)
    told = {"must_pass_through": body.must_pass_through, "extra_info": body.extra_info}
    project.add_artifact(release, hardware, filename=body.file.name, md5=body.file.md5, **told)
    project.changes += 1
    for cohort in {one.cohort for one in project.deployments.values() if one.active and one.release is release}:
        call.world.updates.cohort_changed(cohort)
    return data(release_payload(project, release))


def _release(call: Call, software: Software) -> Release:
    """The release of a version, or the delta of a pair; a new one where there is none with payloads yet."""
    version = software.version
    base, version = (None, version) if isinstance(version, str) else version
    known = call.project.releases.get((base, version))
    if known is None or known.of_event:
        known = call.project.new_release(version, software.software_type, base)
        known.revision = software.revision
    return known


def _body(call: Call, kind: type[B]) -> B:
    try:
        return msgspec.json.decode(call.request.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(str(error)) from None
