"""What devices are offered, and what stands between a device and a release.

Which releases there are is asked of one device of each kind, which stands for all of its kind (inferred). Whether a device
may take one is asked of the device itself: it depends on its own runtime, its battery or storage for one (confirmed,
agent-cdn/get-cdn-device-offering).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from reconciler.errors import NotFound, PlatformError, Rejected
from reconciler.model.release import Availability, Catalog, Release
from reconciler.model.snapshot import References, Snapshot
from reconciler.model.unit import Reach, Units
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp.release_info import info_of
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, Routes, parts
from reconciler.platforms.getapp.wire import Availability as Offered
from reconciler.platforms.getapp.wire import OfferedRelease, Offering, Several
from reconciler.platforms.reading.readers import Readers

ON_DEVICE = frozenset({"delivery", "downloaded", "deploy", "installed"})
"""States of an offered release that the list of releases must show too, confirmed (seed 000)."""
FREE = Availability()
"""Nothing stands between."""
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
        chunks = [devices[at : at + DEVICES_PER_CALL] for at in range(0, len(devices), DEVICES_PER_CALL)]
        answers = [some for chunk in chunks for some in routes.fleet_offering(chunk).values()]
        return _offers(*(some for some in answers if some is not None))
    except (NotFound, Rejected):
        return Offers()
    except PlatformError as error:
        return Offers(problem=f"what devices are offered could not be read: {error}")


def _offers(*answers: Several[Offering]) -> Offers:
    releases: Catalog = {}
    on_device: set[str] = set()
    refused: dict[Release, str] = {}
    offerings = [one for part in answers for one in part.items]
    for offering in offerings:
        for one in offering.releases:
            release = Release(offering.project_name, one.version)
            if one.device_release is not None and one.device_release.state in ON_DEVICE:
                on_device.add(one.id)
            if reason := _refused(one.availability):
                refused[release] = reason
            releases[release] = info_of(one, refused.get(release, ""))
    projects = frozenset(one.project_name for one in offerings)
    odd = dict.fromkeys(note for part in answers for note in (*part.malformed, *part.notes))
    notes = tuple(f"left out of what devices are offered: {clean(note)}" for note in odd)
    return Offers(projects, releases, frozenset(on_device), notes=notes)


def availability(
    routes: Routes,
    going: Mapping[Release, Collection[str]],
    seen: Snapshot | None,
    readers: Readers,
    *,
    fleet: bool,
) -> dict[Release, dict[str, Availability]]:
    """Return what stands between devices and the releases that go to them; never raises.

    Devices that are not connected are not asked: commands to them wait anyway. A list without a release proves nothing
    but that a CDN has yet to push it.
    """
    asked = sorted({unit for units in going.values() for unit in units if seen is None or _connected(seen, unit)})
    answers: dict[str, _Answer] = {}
    if fleet:
        for found in readers.each(partial(_asked, routes, part, fleet=True) for part in parts(asked)):
            answers |= found
    elif asked:
        answers = _asked(routes, asked, fleet=False)
    kept = {
        release: {unit: answers[unit].of(release, fleet=fleet) for unit in units if unit in answers}
        for release, units in going.items()
    }
    return {release: {unit: one for unit, one in units.items() if one != FREE} for release, units in kept.items()}


def _connected(seen: Snapshot, unit: str) -> bool:
    row = seen.units.index.get(unit)
    return row is not None and seen.units.reach[row] == Reach.CONNECTED


class _Answer(NamedTuple):
    """What one device is offered, or why that could not be read."""

    releases: Mapping[Release, OfferedRelease] = {}
    problem: str = ""

    def of(self, release: Release, *, fleet: bool) -> Availability:
        if self.problem:
            return Availability(unread=self.problem)
        one = self.releases.get(release)
        return Availability(
            refused="" if one is None else _refused(one.availability),
            pushed=not fleet or (one is not None and one.device_release is not None),
        )


def _asked(routes: Routes, devices: Sequence[str], *, fleet: bool) -> dict[str, _Answer]:
    """Return the answer for each device; none where there is no such question, nor for a device that has no entry."""
    try:
        found = routes.fleet_offering(devices) if fleet else {devices[0]: routes.offering()}
    except (NotFound, Rejected):
        return {}
    except PlatformError as error:
        return dict.fromkeys(devices, _Answer(problem=str(error)))
    return {
        device: _Answer(problem="what it is offered has an unexpected shape")
        if offered is None
        else _Answer({Release(one.project_name, each.version): each for one in offered.items for each in one.releases})
        for device, offered in found.items()
    }


def _refused(availability: Offered | None) -> str:
    """Return why a device may not take a release; empty where it may, or where policy is bypassed."""
    if availability is None or not (availability.offered is False or availability.unavailable):
        return ""
    return availability.not_offered_reason or availability.unavailable_reason or "no reason is given"
