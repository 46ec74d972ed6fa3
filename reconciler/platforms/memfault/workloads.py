"""Which software type a version belongs to: releases do not say, the lists of versions of the types do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

from reconciler.errors import NotFound, PlatformError
from reconciler.platforms.memfault.routes import ASKED, Routes
from reconciler.platforms.memfault.wire import SoftwareType
from reconciler.platforms.reading.listing import everything
from reconciler.platforms.reading.readers import Readers


class Workloads:
    """The software types of a project, and the types of each version.

    `unread` are types whose versions the platform does not list; `problems` what else keeps this from being complete.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names of all types."""
        self.names = sorted(set(names))
        self.unread: set[str] = set()
        self.problems: list[str] = []
        self._types: dict[str, set[str]] = defaultdict(set)

    def note(self, version: str, name: str) -> None:
        """Take in that a version belongs to a type; one that is not among the names is none of ours."""
        if name in self.names:
            self._types[version].add(name)

    def known(self, version: str) -> frozenset[str]:
        """Return the types that a version is known to belong to."""
        return frozenset(self._types.get(version, ()))

    def candidates(self, version: str) -> tuple[str, ...]:
        """Return the types that a version may belong to: one where it is known, all where nothing is."""
        known = self._types.get(version)
        return tuple(sorted(known)) if known else tuple(self.names)

    def type_of(self, version: str) -> str | None:
        """Return the type of a version; None where none or several may be meant. With one type in all it is that one."""
        candidates = self.candidates(version)
        return candidates[0] if len(candidates) == 1 else None


def read_types(routes: Routes, readers: Readers) -> tuple[list[SoftwareType], list[str]]:
    """Return all software types, and what keeps them from being all. Raises PlatformError."""
    return everything("software types", routes.types, ASKED, readers)


def read_workloads(routes: Routes, readers: Readers) -> Workloads:
    """Read types and their versions. Raises PlatformError where the types cannot be read."""
    types, problems = read_types(routes, readers)
    workloads = Workloads(one.name for one in types)
    workloads.problems += problems
    for one in types:
        if one.software_versions_count != 0:
            read_versions(routes, readers, workloads, one)
    return workloads


def read_versions(routes: Routes, readers: Readers, workloads: Workloads, one: SoftwareType) -> None:
    """Take in the versions of one type. That their list may be missing for a project is possible (AE openapi alone).

    405 is what a route that is not there answers, confirmed (WEB docs/reference/reference-http-response-status-codes).
    """
    name = one.name
    try:
        versions, problems = everything(f"versions of {name}", partial(routes.versions, name), ASKED, readers)
    except PlatformError as error:
        workloads.unread.add(name)
        if not isinstance(error, NotFound) and error.status != 405:
            workloads.problems.append(f"the versions of {name} could not be read: {error}")
        return
    if not versions and one.software_versions_count:
        problems.append(f"the list of versions of {name} came empty though there are {one.software_versions_count}")
    workloads.problems += problems
    for version in versions:
        workloads.note(version.version, name)
