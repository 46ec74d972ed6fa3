"""What devices are offered: asked of one device of each kind, which stands for all of its kind (inferred)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.errors import NotFound, PlatformError, Rejected
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import References, Snapshot
from reconciler.model.unit import Reach, Units
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.release_info import info_of
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, Routes
from reconciler.platforms.getapp.wire import Availability, Offering, offered_releases

ON_DEVICE = frozenset({"delivery", "downloaded", "deploy", "installed"})
"""States of an offered release that the list of releases must show too, confirmed (seed 000)."""
KINDS = frozenset({"platform", "type"})
"""Labels of devices that offerings depend on."""


class Offers(msgspec.Struct, frozen=True):
    """What devices may take. `on_device` are catalogIds of what they have already, `problem` why it could not be read."""

    projects: frozenset[str] = frozenset()
    releases: Catalog = {}
    on_device: frozenset[str] = frozenset()
    problem: str = ""
    notes: tuple[str, ...] = ()
    """What could not be read and is left out: offerings prove nothing anyway."""

    @property
    def references(self) -> References:
        """Return the catalogIds of what is offered."""
        return {("", one.workload, one.version): info.reference for one, info in self.releases.items()}


def samples(units: Units) -> list[str]:
    """Return one connected device of each kind."""
    kinds = [tuple(pair for pair in labels if pair[0] in KINDS) for labels in units.label_sets]
    found: dict[tuple[tuple[str, str], ...], str] = {}
    for row, device in enumerate(units.ids):
        if units.reach[row] == Reach.CONNECTED:
            found.setdefault(kinds[units.labels[row]], device)
    return sorted(found.values())


def offers(routes: Routes, seen: Snapshot | None, *, fleet: bool) -> Offers:
    """Return what is offered to the devices of a reading, or to the master where there is none; never raises."""
    if not fleet:
        return offers_to(routes, None)
    try:
        devices = (samples(seen.units) if seen is not None else []) or routes.masters()
    except PlatformError as error:
        return Offers(problem=f"what devices are offered could not be read: {error}")
    return offers_to(routes, devices)


def offers_to(routes: Routes, devices: Sequence[str] | None) -> Offers:
    """Return what these devices of a fleet are offered; None is an agent's own device. Never raises.

    An agent without this route offers nothing that could be known: no problem for what its devices hold.
    """
    try:
        if devices is None:
            return _offers(routes.offering())
        starts = range(0, len(devices), DEVICES_PER_CALL)
        found = [routes.fleet_offering(devices[at : at + DEVICES_PER_CALL]) for at in starts]
        return _offers(*found)
    except (NotFound, Rejected):
        return Offers()
    except PlatformError as error:
        return Offers(problem=f"what devices are offered could not be read: {error}")


def _offers(*answers: wire.Several[Offering]) -> Offers:
    releases: Catalog = {}
    on_device: set[str] = set()
    refused: dict[Release, str] = {}
    notes = [note for part in answers for note in (*part.malformed, *part.notes)]
    offerings = [one for part in answers for one in part.items]
    for offering in offerings:
        found = offered_releases(offering.releases or [])
        notes += (f"{offering.project_name}: {note}" for note in (*found.malformed, *found.notes))
        for one in found.items:
            release = Release(offering.project_name, one.version)
            if one.device_release is not None and one.device_release.state in ON_DEVICE:
                on_device.add(one.id)
            if reason := _refused(one.availability):
                refused[release] = reason
            one.display_name, one.label = one.display_name or offering.display_name, one.label or offering.label
            releases[release] = info_of(one, refused.get(release, ""))
    projects = frozenset(one.project_name for one in offerings)
    words = tuple(f"an offering cannot be read in part: {note}" for note in dict.fromkeys(notes))
    return Offers(projects, releases, frozenset(on_device), notes=words)


def _refused(availability: Availability | None) -> str:
    """Return why a device may not take a release; empty where it may, or where policy is bypassed."""
    if availability is None or not (availability.offered is False or availability.unavailable):
        return ""
    return availability.not_offered_reason or availability.unavailable_reason or "no reason is given"
