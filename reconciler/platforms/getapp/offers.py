"""What devices are offered, and what stands between a device and a release.

Which releases there are is asked of one device of each kind, which stands for all of its kind (inferred). Whether a device
may take one is asked of the device itself: it depends on its own runtime, its battery or storage for one (confirmed,
agent-cdn/get-cdn-device-offering).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from reconciler.errors import NotFound, PlatformError, Rejected
from reconciler.model.release import Availability, Catalog, Release
from reconciler.model.snapshot import References, Snapshot
from reconciler.model.unit import Reach, Units
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.release_info import info_of
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, Routes, parts
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
            return _offers([routes.offering()])
        chunks = [devices[at : at + DEVICES_PER_CALL] for at in range(0, len(devices), DEVICES_PER_CALL)]
        return _offers(entry.data for chunk in chunks for entry in routes.fleet_offering(chunk))
    except (NotFound, Rejected):
        return Offers()
    except PlatformError as error:
        return Offers(problem=f"what devices are offered could not be read: {error}")


def _offers(lists: Iterable[bytes | msgspec.Raw]) -> Offers:
    answers = []
    for content in lists:
        with suppress(msgspec.DecodeError):
            answers.append(wire.offerings(content))
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
    wanted: dict[str, list[Release]] = {}
    for release, units in going.items():
        for unit in units:
            if seen is None or _connected(seen, unit):
                wanted.setdefault(unit, []).append(release)
    asked = sorted(wanted)
    chunks = parts(asked) if fleet else [asked] if asked else []
    found: dict[Release, dict[str, Availability]] = {}
    for answers in readers.each(partial(_asked, routes, wanted, chunk, fleet=fleet) for chunk in chunks):
        for unit, release, one in answers:
            if one != FREE:
                found.setdefault(release, {})[unit] = one
    return found


def _connected(seen: Snapshot, unit: str) -> bool:
    row = seen.units.index.get(unit)
    return row is not None and seen.units.reach[row] == Reach.CONNECTED


def _asked(
    routes: Routes, wanted: Mapping[str, Sequence[Release]], devices: Sequence[str], *, fleet: bool
) -> list[tuple[str, Release, Availability]]:
    """Return what stands between devices and the releases that go to them.

    Nothing where there is no such question, nor of a device without an entry.
    """
    try:
        entries = (
            routes.fleet_offering(devices) if fleet else [wire.Entry(devices[0], data=msgspec.Raw(routes.offering()))]
        )
    except (NotFound, Rejected):
        return []
    except PlatformError as error:
        return [(device, one, Availability(unread=str(error))) for device in devices for one in wanted[device]]
    return [
        (entry.device_id, release, one)
        for entry in entries
        for release, one in _between(wanted.get(entry.device_id, ()), entry.data, fleet=fleet)
    ]


def _between(wanted: Sequence[Release], content: msgspec.Raw, *, fleet: bool) -> Iterator[tuple[Release, Availability]]:
    """Yield what stands between one device and each release, by what it is offered."""
    try:
        shown = {Release(some.project_name, one.version): one for some in wire.terms(content) for one in some.releases}
    except msgspec.DecodeError:
        yield from ((one, Availability(unread="what it is offered has an unexpected shape")) for one in wanted)
        return
    for release in wanted:
        one = shown.get(release)
        pushed = not fleet or (one is not None and one.device_release is not None)
        yield release, Availability(refused="" if one is None else _refused(one.availability), pushed=pushed)


def _refused(availability: wire.Availability | None) -> str:
    """Return why a device may not take a release; empty where it may, or where policy is bypassed."""
    if availability is None or not (availability.offered is False or availability.unavailable):
        return ""
    return availability.not_offered_reason or availability.unavailable_reason or "no reason is given"
