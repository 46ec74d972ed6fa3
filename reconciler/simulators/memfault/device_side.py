"""What devices call: the latest release for them (confirmed: WEB api/retrieve-latest-release-for-a-device; MDX).

The release comes without an envelope. Links are given for six hours by the real service, and lead nowhere here.
"""

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.memfault.call import Call
from reconciler.simulators.memfault.inventory import DEFAULT, Device, Release
from reconciler.simulators.memfault.payloads import artifact_payload, release_payload
from reconciler.simulators.memfault.refusals import malformed

NOTHING_NEW = Reply(204, b"", {"memfault-reason": "latest"})


def get_latest(call: Call) -> Reply:
    """The release that the rule gives a device, with the payload for its hardware; 204 where there is none."""
    found = _offered(call)
    if found is None:
        return NOTHING_NEW
    release, hardware = found
    artifacts = [artifact_payload(call.project, release.artifacts[hardware])]
    return json_reply(200, {**release_payload(call.project, release), "artifacts": artifacts})


def get_latest_url(call: Call) -> Reply:
    """The link alone, as text (confirmed: MDX)."""
    found = _offered(call)
    if found is None:
        return NOTHING_NEW
    release, hardware = found
    link: str = artifact_payload(call.project, release.artifacts[hardware])["url"]
    return Reply(200, link.encode(), {"content-type": "text/plain; charset=utf-8"})


def _offered(call: Call) -> tuple[Release, str] | None:
    """A serial that is not known counts as a device of the default cohort (inferred)."""
    project = call.project
    hardware = project.hardware.get(_one(call, "hardware_version"))
    software_type, serial = _one(call, "software_type"), _one(call, "device_serial")
    if hardware is None or software_type not in project.types:
        raise malformed("hardware_version or software_type is unknown")
    current = next(iter(call.parameters.values("current_version")), None)
    known = project.devices.get(serial)
    cohort = project.cohorts[DEFAULT] if known is None else known.cohort
    asking = Device(0, serial, hardware, cohort, 0, 0, override=None if known is None else known.override)
    release = call.world.updates.offered(asking, software_type, current)
    return None if release is None else (release, hardware.name)


def _one(call: Call, name: str) -> str:
    found = call.parameters.values(name)
    if not found:
        raise malformed(f"{name} is required")
    return found[0]
