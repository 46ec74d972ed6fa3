"""Looks up releases: by the delivery server where there is one, else by what devices are offered and hold.

A release is missing for certain only where the server says so and knows its project. Offerings follow policy (confirmed,
section 4.1): that they lack a release proves nothing, and neither does a failed reading. Then `found` is None.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import msgspec

from reconciler.core.versions import Key, semver_first
from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery, Wanted
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp.offers import Offers, availability, offers
from reconciler.platforms.getapp.prepare import preparation_of
from reconciler.platforms.getapp.release_info import server_info
from reconciler.platforms.getapp.routes import Routes, Server
from reconciler.platforms.reading.look_up import unsortable, without_field
from reconciler.platforms.reading.readers import Readers

UNPROVED = "no device is offered it or holds it, which proves nothing: offerings follow policy"


class Catalogue:
    """Look-ups of one connection."""

    def __init__(self, routes: Routes, server: Server | None, readers: Readers, *, fleet: bool) -> None:
        """Take where to look: the agent (`fleet`: a CDN master), the server where there is one."""
        self._routes = routes
        self._server = server
        self._readers = readers
        self._fleet = fleet

    def look_up(self, wanted: Wanted, seen: Snapshot | None, probe: Collection[Release]) -> Catalog:
        """Return what is known of each wanted release; never raises for one that could not be read.

        Of those in `probe` also how their preparations stand, which may start them; of the units that `wanted` gives,
        what stands between each and the release.
        """
        ordered = sorted(set(wanted), key=lambda one: (one.workload, one.version))
        if not ordered:
            return {}
        offered = offers(self._routes, seen, fleet=self._fleet)
        held = seen.releases if seen is not None else {}
        jobs = [partial(self._one, one, offered, held.get(one), probe=one in probe) for one in ordered]
        found = dict(zip(ordered, self._readers.counted("wanted releases", jobs), strict=True))
        going = wanted if isinstance(wanted, Mapping) else {}
        for release, units in availability(self._routes, going, seen, self._readers, fleet=self._fleet).items():
            found[release] = msgspec.structs.replace(found[release], availability=units)
        return found

    def listing(self, query: ReleaseQuery) -> ReleaseList:
        """Return releases, newest version first unless `query.sort` says otherwise, and what could not be answered."""
        unanswerable = without_field(query)
        offered = offers(self._routes, None, fleet=self._fleet)
        found = dict(offered.releases)
        notes = [f"GetApp's releases have no {what}: none can match" for what in unanswerable]
        notes += unsortable(query, "GetApp's releases")
        notes += [*([offered.problem] if offered.problem else []), *offered.notes]
        if self._server is not None:
            for project in sorted(offered.projects):
                if not query.workloads or project in query.workloads:
                    notes += _add(self._server, project, found)
        else:
            notes.append("only what devices are offered is known: the connection names no delivery server")
        chosen = [] if unanswerable else [item for item in found.items() if _asked_for(query, item[0])]
        for field in reversed(query.sort or ("-version",)):
            by = _version if field.removeprefix("-") == "version" else _time
            chosen.sort(key=by, reverse=field.startswith("-"))
        chosen.sort(key=lambda item: item[0].workload)
        listed = tuple(Listed(Ref(one.workload, one.workload), one.version, info) for one, info in chosen)
        return ReleaseList(listed, tuple(notes))

    def _one(self, release: Release, offered: Offers, held: ReleaseInfo | None, *, probe: bool) -> ReleaseInfo:
        local = offered.releases.get(release, held)
        info = _by_server(self._server, release, local) if self._server is not None else local
        if info is None:
            detail = "; ".join([UNPROVED, *([offered.problem] if offered.problem else [])])
            return ReleaseInfo(found=None, detail=detail)
        if not info.found or self._server is None:
            return info
        return msgspec.structs.replace(info, preparation=preparation_of(self._server, info.reference, probe=probe))


def _by_server(server: Server, release: Release, local: ReleaseInfo | None) -> ReleaseInfo:
    """Return what the server says, else what devices showed, else why neither can be known."""
    try:
        answer, odd = server.release(release.workload, release.version)
    except NotFound:
        return _proved_missing(server, release) if local is None else local
    except PlatformError as error:
        return local if local is not None else ReleaseInfo(found=None, detail=str(error))
    if answer.version != release.version or answer.project_name not in ("", release.workload):
        detail = f"the server answered with {clean(answer.project_name)} {clean(answer.version)}"
        return local if local is not None else ReleaseInfo(found=None, detail=detail)
    info = server_info(answer, odd)
    return info if info.detail or local is None else msgspec.structs.replace(info, detail=local.detail)


def _proved_missing(server: Server, release: Release) -> ReleaseInfo:
    """Return that a release is not there, if its project is and lists others."""
    try:
        listed = server.releases(release.workload)
    except NotFound:
        return ReleaseInfo(found=None, detail="the server knows neither this release nor its project")
    except PlatformError as error:
        return ReleaseInfo(found=None, detail=f"that it is missing could not be confirmed: {error}")
    if any(one.version == release.version for one in listed.items):
        return ReleaseInfo(found=None, detail="the server lists it but answers that it is not there")
    if listed.malformed:
        return ReleaseInfo(found=None, detail="the server lists releases that cannot be read")
    if not listed.items:
        return ReleaseInfo(found=None, detail="the server lists no releases of this project")
    return ReleaseInfo(found=False, detail="the server does not list it, and no device is offered it or holds it")


def _add(server: Server, project: str, found: Catalog) -> list[str]:
    """Add the server's releases of a project; return why that failed."""
    try:
        listed = server.releases(project)
    except PlatformError as error:
        return [f"the server's releases of {project} could not be read: {error}"]
    found |= {Release(project, one.version): server_info(one) for one in listed.items}
    wrong = [f"a release of {project} on the server cannot be read: {why}" for why in listed.malformed]
    return [
        *wrong,
        *(f"releases of {project} on the server: {note} (left out)" for note in dict.fromkeys(listed.notes)),
    ]


def _asked_for(query: ReleaseQuery, one: Release) -> bool:
    return (not query.workloads or one.workload in query.workloads) and (
        not query.versions or one.version in query.versions
    )


def _version(item: tuple[Release, ReleaseInfo]) -> Key:
    return semver_first(item[0].version)


def _time(item: tuple[Release, ReleaseInfo]) -> Key:
    return (item[1].updated,)
