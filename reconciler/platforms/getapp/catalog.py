"""Looks up releases: by the delivery server where there is one, else by what devices are offered and hold.

A release is missing for certain only where the server says so and knows its project. Offerings follow policy (confirmed,
section 4.1): that they lack a release proves nothing, and neither does a failed reading. Then `found` is None.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import msgspec

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Artifact, Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.unit import Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.memory import Memory
from reconciler.platforms.getapp.observe import offered
from reconciler.platforms.getapp.precedence import Precedence, precedence
from reconciler.platforms.getapp.prepare import Preparations
from reconciler.platforms.getapp.routes import Routes, Server
from reconciler.platforms.getapp.translate import dependencies_of
from reconciler.platforms.getapp.wire import RowRelease, ServerRelease
from reconciler.platforms.reading.readers import Readers

RELEASED = "released"
"""The one status that can be delivered, confirmed (origin-delivery.service.ts)."""

UNPROVED = "no device is offered it or holds it, which proves nothing: offerings follow policy"


class Catalogue:
    """Look-ups of one connection."""

    def __init__(
        self, routes: Routes, server: Server | None, readers: Readers, memory: Memory, preparations: Preparations
    ) -> None:
        """Take where to look: the agent, the server where there is one, what was seen before."""
        self._routes = routes
        self._server = server
        self._readers = readers
        self._memory = memory
        self._preparations = preparations

    def look_up(self, wanted: Collection[Release], *, fleet: bool, probe: bool) -> Catalog:
        """Return what is known of each wanted release; never raises for one that could not be read.

        With `probe` also how preparations stand that this process did not start.
        """
        ordered = sorted(set(wanted), key=lambda one: (one.workload, one.version))
        if not ordered:
            return {}
        problems = self._refresh(fleet=fleet)
        jobs = [partial(self._one, release, problems, probe=probe) for release in ordered]
        return dict(zip(ordered, self._readers.each(jobs), strict=True))

    def listing(self, query: ReleaseQuery, *, fleet: bool) -> ReleaseList:
        """Return releases, newest version first unless `query.sort` says otherwise, and what could not be answered."""
        notes = [f"GetApp's releases have no {what}: none can match" for what in _unanswerable(query)]
        problems = self._refresh(fleet=fleet)
        found = {key: info_of(release) for key, release in self._known()}
        notes += problems
        if self._server is not None:
            for project in sorted(self._memory.projects):
                if not query.workloads or project in query.workloads:
                    notes += self._add(self._server, project, found)
        else:
            notes.append("only what devices are offered or hold is known: the connection names no delivery server")
        chosen = [] if _unanswerable(query) else [(key, info) for key, info in found.items() if _asked_for(query, key)]
        for field in reversed(query.sort or ("-version",)):
            by_version = field.removeprefix("-") == "version"
            chosen.sort(key=_version_key if by_version else _time_key, reverse=field.startswith("-"))
        chosen.sort(key=lambda item: item[0][0])
        listed = tuple(Listed(Ref(project, project), version, info) for (project, version), info in chosen)
        return ReleaseList(listed, tuple(notes))

    def _refresh(self, *, fleet: bool) -> list[str]:
        """Read what devices are offered; return why not, where that failed."""
        if fleet and not self._memory.samples:
            try:
                self._memory.samples = tuple(self._routes.masters())
            except PlatformError as error:
                return [f"what devices are offered could not be read: {error}"]
        return offered(self._routes, self._memory, fleet=fleet)

    def _known(self) -> Iterator[tuple[tuple[str, str], RowRelease]]:
        """Yield what devices hold, then what they are offered, which is the newer word."""
        yield from self._memory.held.items()
        yield from self._memory.offered.items()

    def _one(self, release: Release, problems: list[str], *, probe: bool) -> ReleaseInfo:
        key = (release.workload, release.version)
        seen = self._memory.offered.get(key) or self._memory.held.get(key)
        local = info_of(seen, self._memory.refused.get(key, "")) if seen is not None else None
        info = self._by_server(self._server, release, local) if self._server is not None else local
        if info is None:
            return ReleaseInfo(found=None, detail="; ".join([UNPROVED, *problems]))
        if not info.found:
            return info
        prepared = self._preparations.words(info.reference, probe=probe)
        return msgspec.structs.replace(info, prepared=prepared)

    def _by_server(self, server: Server, release: Release, local: ReleaseInfo | None) -> ReleaseInfo:
        """Return what the server says, else what devices showed, else why neither can be told."""
        try:
            told = server.release(release.workload, release.version)
        except NotFound:
            return self._proved_missing(server, release) if local is None else local
        except PlatformError as error:
            return local if local is not None else ReleaseInfo(found=None, detail=str(error))
        if told.version != release.version or told.project_name not in ("", release.workload):
            detail = f"the server answered with {clean(told.project_name)} {clean(told.version)}"
            return local if local is not None else ReleaseInfo(found=None, detail=detail)
        info = server_info(told)
        return info if info.detail or local is None else msgspec.structs.replace(info, detail=local.detail)

    def _proved_missing(self, server: Server, release: Release) -> ReleaseInfo:
        """Return that a release is not there, if its project is and lists others."""
        try:
            listed = server.releases(release.workload)
        except NotFound:
            return ReleaseInfo(found=None, detail="the server knows neither this release nor its project")
        except PlatformError as error:
            return ReleaseInfo(found=None, detail=f"that it is missing could not be confirmed: {error}")
        if any(one.version == release.version for one in listed.items):
            return ReleaseInfo(found=None, detail="the server lists it but answers that it is not there")
        if listed.odd:
            return ReleaseInfo(found=None, detail="the server lists releases that cannot be read")
        if not listed.items:
            return ReleaseInfo(found=None, detail="the server lists no releases of this project")
        return ReleaseInfo(found=False, detail="the server does not list it, and no device is offered it or holds it")

    def _add(self, server: Server, project: str, found: dict[tuple[str, str], ReleaseInfo]) -> list[str]:
        """Add the server's releases of a project; return why that failed."""
        try:
            listed = server.releases(project)
        except PlatformError as error:
            return [f"the server's releases of {project} could not be read: {error}"]
        found |= {(project, one.version): server_info(one) for one in listed.items}
        return [f"{listed.odd} of the server's releases of {project} cannot be read"] if listed.odd else []


def info_of(release: RowRelease, refused: str = "") -> ReleaseInfo:
    """Return what agent or CDN say of a release; `refused` is why a device may not take it, in the platform's words."""
    return ReleaseInfo(
        found=True,
        released=release.status in ("", RELEASED),
        identity=_identity(release.id, release.updated_at),
        notes=clean(release.release_notes or ""),
        size=None if release.size is None else int(release.size),
        detail=_detail(release.status, refused),
        reference=release.id,
        status=release.status,
        dependencies=_dependencies(release),
        created=release.created_at or "",
        updated=release.updated_at or "",
        extra=_extra(release.metadata),
    )


def server_info(release: ServerRelease) -> ReleaseInfo:
    """Return what the server says of a release. The size is that of its files (inferred), else of its metadata."""
    artifacts = _artifacts(release)
    sizes = [one.size for one in artifacts or () if one.size is not None]
    total = (release.metadata or {}).get("totalSize")
    size = sum(sizes) if sizes else total if isinstance(total, int) else None
    return ReleaseInfo(
        found=True,
        released=release.status == RELEASED,
        identity=_identity(release.id, release.updated_at),
        notes=clean(release.release_notes or ""),
        size=size,
        detail=_detail(release.status, ""),
        reference=release.id,
        status=release.status,
        dependencies=_dependencies(release),
        artifacts=artifacts,
        created=release.created_at or "",
        updated=release.updated_at or "",
        extra=_extra(release.metadata),
    )


def _identity(catalog_id: str, updated: str | None) -> str:
    """Return what changes with the content: id and time of the last change, since releases bear no digest (inferred)."""
    return f"{catalog_id} {updated}" if updated else catalog_id


def _detail(status: str, refused: str) -> str:
    parts = [f"its status is {clean(status)}"] if status not in ("", RELEASED) else []
    parts += [f"a device may not take it: {clean(refused)}"] if refused else []
    return "; ".join(parts)


def _dependencies(release: RowRelease | ServerRelease) -> tuple[str, ...]:
    listed = dependencies_of(release)
    if listed is None:
        return ("dependencies that cannot be read",)
    return tuple(sorted(f"{project} {version}".strip() for project, version in listed))


def _artifacts(release: ServerRelease) -> tuple[Artifact, ...] | None:
    try:
        listed = wire.prepared_artifacts(release.artifacts)
    except msgspec.ValidationError:
        return None
    if listed is None:
        return None
    return tuple(
        Artifact(name=one.item_key, kind=one.artifact_type or "", size=None if one.size is None else int(one.size))
        for one in listed
    )


def _extra(metadata: dict[str, Any] | None) -> str:
    return msgspec.json.encode(metadata, order="sorted").decode() if metadata else ""


def _unanswerable(query: ReleaseQuery) -> list[str]:
    """Return the filters that GetApp's releases have no field for, in words."""
    given = (("revision", query.revisions), ("hardware version", query.hardware), ("build id", query.builds))
    return [what for what, values in given if values]


def _asked_for(query: ReleaseQuery, key: tuple[str, str]) -> bool:
    project, version = key
    return (not query.workloads or project in query.workloads) and (not query.versions or version in query.versions)


def _version_key(item: tuple[tuple[str, str], ReleaseInfo]) -> tuple[Precedence, str]:
    return precedence(item[0][1]), ""


def _time_key(item: tuple[tuple[str, str], ReleaseInfo]) -> tuple[Precedence, str]:
    return precedence(""), item[1].updated
