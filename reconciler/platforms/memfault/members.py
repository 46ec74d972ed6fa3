"""Devices become counts as their pages arrive: no device of a reading is kept.

A device is a member of one cohort, and names the version of its hardware's primary software type alone, inferred (the
live field is one object). Which type that is follows from the version, else from other devices with that hardware: each
hardware version has exactly one primary type, confirmed (MDX software-version-hardware-version.mdx).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.wire import Device
from reconciler.platforms.memfault.workloads import Workloads
from reconciler.platforms.reading.pages import Page

Key = tuple[str, str | None, str, str | None, bool, bool]
"""Cohort, version, hardware, software type where named, whether the device was seen lately, and whether it can be read."""

UNKNOWN = ""
"""The software type of devices of which it is not known."""


class Group:
    """The devices of one cohort that report one software type: how many last said which version (None: none yet)."""

    def __init__(self) -> None:
        self.seen: Counter[str | None] = Counter()
        self.silent: Counter[str | None] = Counter()
        self.hardware: Counter[str] = Counter()
        """Of those seen lately."""
        self.unreadable: Counter[bool] = Counter()
        """Devices whose version cannot be read, by whether they were seen lately; they count as devices that said none."""

    @property
    def size(self) -> int:
        """Return how many devices there are."""
        return self.seen.total() + self.silent.total()

    @property
    def spread(self) -> tuple[tuple[str, int], ...]:
        """Return how many devices last said which version, silent ones included."""
        whole = self.seen + self.silent
        return tuple(sorted((version, count) for version, count in whole.items() if version is not None))

    def add(self, version: str | None, hardware: str, *, lately: bool, count: int) -> None:
        """Take in some devices."""
        (self.seen if lately else self.silent)[version] += count
        if lately:
            self.hardware[hardware] += count


class Members:
    """Counts of the devices of some or all cohorts.

    A device of which not even the cohort can be read is in none that a version could be activated for.
    """

    def __init__(self, seen_since: datetime) -> None:
        self.notes: set[str] = set()
        self._since = seen_since
        self._counts: Counter[Key] = Counter()
        self._ids: set[int | str] = set()

    def fold(self, page: Page[Device]) -> None:
        """Take one page."""
        self._count(page.items, readable=True)
        for one in page.malformed:
            if "cohort" in one.fields:
                device = Device(**({"id": f"unnamed {len(self._ids)}"} | one.fields))
                said = device.last_seen_software_version or device.last_seen_release
                self._count([device], readable=said is not None)
        self.notes.update(page.notes, (f"a device cannot be read: {one.why}" for one in page.malformed))

    def _count(self, devices: Iterable[Device], *, readable: bool) -> None:
        """Count devices. The loop runs once a device of the project: every operation in it counts."""
        counts, ids, since = self._counts, self._ids, self._since
        for device in devices:
            if device.id in ids:
                continue
            ids.add(device.id)
            seen = device.last_seen_software_version or device.last_seen_release
            hardware, last = device.hardware_version, device.last_seen
            if last is not None and last.tzinfo is None:
                # Times come with an offset, confirmed (SW info); without one nothing but UTC is likely.
                last = last.replace(tzinfo=UTC)
            version, kind = None, None
            if seen is not None:
                version, kind = seen.version, seen.software_type
            counts[
                device.cohort.slug,
                version,
                hardware if hardware.__class__ is str else wire.hardware_name(hardware),  # type of most, so asked first
                None if kind is None else kind.name,
                last is not None and last >= since,
                readable,
            ] += 1

    def forget(self) -> None:
        """Forget all devices."""
        self._counts.clear()
        self._ids.clear()

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return by cohort how many devices it has, and how many of them were seen lately."""
        whole: Counter[str] = Counter()
        seen: Counter[str] = Counter()
        for (cohort, _, _, _, lately, _), count in self._counts.items():
            whole[cohort] += count
            seen[cohort] += count * lately
        return {cohort: (count, seen[cohort]) for cohort, count in whole.items()}

    def reported_types(self) -> set[tuple[str, str]]:
        """Return versions with the software types that devices say they are of: live ones do."""
        return {(key[1], key[3]) for key in self._counts if key[1] and key[3] is not None}

    def groups(self, workloads: Workloads) -> dict[tuple[str, str], Group]:
        """Return the groups by cohort and software type; devices of no known type are in groups of type UNKNOWN.

        A version without any character is none: the device said nothing.
        """
        primary = self._primary(workloads)
        found: dict[tuple[str, str], Group] = defaultdict(Group)
        for (cohort, said, hardware, kind, lately, readable), count in self._counts.items():
            version = said if said and not said.isspace() else None
            name = _type_of(version, kind, workloads) or primary.get(hardware)
            if name is None and len(workloads.primary) == 1:
                name = workloads.primary[0]
            group = found[cohort, name or UNKNOWN]
            group.add(version, hardware, lately=lately, count=count)
            group.unreadable[lately] += count * (not readable)
        return found

    def _primary(self, workloads: Workloads) -> dict[str, str]:
        """Return the primary type of each hardware version: the one that most devices with it report."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for (_, version, hardware, kind, _, _), count in self._counts.items():
            name = _type_of(version, kind, workloads)
            if name is not None:
                votes[hardware][name] += count
        return {hardware: min(names, key=lambda name: (-names[name], name)) for hardware, names in votes.items()}


def _type_of(version: str | None, kind: str | None, workloads: Workloads) -> str | None:
    """Return the type that a device names, else that of its version."""
    if kind is not None:
        return kind
    return None if version is None else workloads.type_of(version)
