"""Which software type a version belongs to: releases do not say, the lists of versions of the types do.

A release belongs to a primary software type: its version is to match that one, while components have versions of their
own, confirmed (WEB docs/platform/multi-component-ota; CLI METADATA 1.11.0). So versions of components say nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import partial

from reconciler.errors import NotFound, PlatformError
from reconciler.platforms.memfault.routes import ASKED, Routes
from reconciler.platforms.memfault.wire import SoftwareType, SoftwareVersion
from reconciler.platforms.reading.listing import WITNESSES, Listing, everything
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.reading.readers import Readers


class Workloads:
    """The software types of a project, and the primary types of each version.

    `unread` are types whose versions the platform does not list; `problems` what else keeps this from being complete.
    """

    def __init__(self, names: Iterable[str], components: Collection[str] = ()) -> None:
        self.names = sorted(set(names))
        self.primary = [name for name in self.names if name not in components] or self.names
        self.unread: set[str] = set()
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self._types: dict[str, set[str]] = defaultdict(set)

    def note(self, version: str, name: str) -> None:
        """Take in that a version belongs to a type; of a component, or of a type that is none of ours, it says nothing."""
        if name in self.primary:
            self._types[version].add(name)

    def known(self, version: str) -> frozenset[str]:
        """Return the types that a version is known to belong to."""
        return frozenset(self._types.get(version, ()))

    def candidates(self, version: str) -> tuple[str, ...]:
        """Return the types that a version may belong to: one where it is known, all primary ones where nothing is."""
        known = self._types.get(version)
        return tuple(sorted(known)) if known else tuple(self.primary)

    def type_of(self, version: str) -> str | None:
        """Return the type of a version; None where none or several may be meant. With one type in all it is that one."""
        candidates = self.candidates(version)
        return candidates[0] if len(candidates) == 1 else None


def read_types(routes: Routes, readers: Readers) -> tuple[list[SoftwareType], Workloads]:
    """Return all software types, and the same as workloads without versions. Raises PlatformError."""
    notes: set[str] = set()
    types, problems = everything("software types", routes.types, ASKED, readers, notes=notes)
    components: set[str] = set()
    if len(types) > 1:
        try:
            values, more = everything("software type values", routes.type_values, ASKED, readers, notes=notes)
            components = {one.name for one in values if one.is_primary_type is False}
            problems += more
        except PlatformError as error:
            if not is_absent(error):
                problems.append(f"which software types are primary could not be read: {error}")
    workloads = Workloads((one.name for one in types), components)
    workloads.problems += problems
    workloads.notes |= notes
    return types, workloads


def read_workloads(routes: Routes, readers: Readers) -> Workloads:
    """Read types and their versions. Raises PlatformError where the types cannot be read."""
    types, workloads = read_types(routes, readers)
    for one in types:
        read_versions(routes, readers, workloads, one)
    return workloads


def is_absent(error: PlatformError) -> bool:
    """Return whether a route is not there; that may be so for a project (AE openapi alone has these).

    405 is what such a route answers, confirmed (WEB docs/reference/reference-http-response-status-codes).
    """
    return isinstance(error, NotFound) or error.status == 405


def read_versions(routes: Routes, readers: Readers, workloads: Workloads, one: SoftwareType) -> None:
    """Take in the versions of one type, unless it is a component or has none. One that cannot be read costs itself."""
    name = one.name
    if name not in workloads.primary or one.software_versions_count == 0:
        return

    def fold(page: Page[SoftwareVersion]) -> None:
        for version in page.items:
            workloads.note(version.version, name)
        workloads.notes.update(f"a version of {name} cannot be read: {malformed.why}" for malformed in page.malformed)

    listing = Listing(f"versions of {name}", partial(routes.versions, name), fold, ASKED, witnesses=WITNESSES)
    try:
        listing.walk(readers.measured(listing.first), readers, patient=True)
    except PlatformError as error:
        workloads.unread.add(name)
        if not is_absent(error):
            workloads.problems.append(f"the versions of {name} could not be read: {error}")
        return
    workloads.problems += listing.problems
    if not listing.total and one.software_versions_count:
        count = one.software_versions_count
        workloads.problems.append(f"the list of versions of {name} came empty though there are {count}")
