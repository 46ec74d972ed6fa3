"""Looks up releases, and lists them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from html import unescape
from operator import attrgetter

import msgspec

from reconciler.core.versions import order_of
from reconciler.errors import PlatformError
from reconciler.model.release import Artifact, Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.unit import Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.routes import ASKED, Routes
from reconciler.platforms.memfault.wire import SoftwareType
from reconciler.platforms.memfault.workloads import Workloads, read_types, read_versions, read_workloads
from reconciler.platforms.reading.listing import everything
from reconciler.platforms.reading.look_up import looked_up
from reconciler.platforms.reading.readers import Readers

NAMED = 50
"""Versions that one request asks about."""

CREATED = "created_date"
"""What the server sorts by, and nothing else, confirmed (WEB api/releases)."""

READ = 10_000
"""How many characters of notes are looked through: tags that never end are searched for again and again."""

_ENDS = re.compile(r"(?i)<\s*(br|/\s*(p|h[1-6]|li|div|tr|ul|ol))\b[^>]*>")
_HIDDEN = re.compile(r"(?is)<\s*(script|style)\b.*?(<\s*/\s*\1\s*>|\Z)")
_TAGS = re.compile(r"(?s)<[A-Za-z/!][^>]*>")


class Catalogue:
    """Look-ups in the releases of one project."""

    def __init__(self, routes: Routes, readers: Readers) -> None:
        self._routes = routes
        self._readers = readers

    def look_up(self, wanted: Collection[Release]) -> Catalog:
        """Return what is known of each wanted release; never raises for one that could not be read."""
        if not wanted:
            return {}
        try:
            types, workloads = read_types(self._routes, self._readers)
        except PlatformError as error:
            return dict.fromkeys(wanted, ReleaseInfo(found=None, detail=str(error)))
        names = {release.workload for release in wanted}
        self._note([one for one in types if one.name in names], workloads)
        infos = self._infos(sorted({release.version for release in wanted}))
        if any(infos[release.version].found and not workloads.known(release.version) for release in wanted):
            self._note([one for one in types if one.name not in names], workloads)
        return {release: _of_workload(release, infos[release.version], workloads) for release in wanted}

    def _note(self, types: Sequence[SoftwareType], workloads: Workloads) -> None:
        """Read the versions of some software types; of the only primary one there is, all releases are."""
        for one in types:
            if len(workloads.primary) > 1:
                read_versions(self._routes, self._readers, workloads, one)

    def _infos(self, versions: list[str]) -> dict[str, ReleaseInfo]:
        """Return what is known of each version, by the list where several are asked about."""
        found = named(self._routes, self._readers, versions) if len(versions) > 1 else {}
        return {
            version: self._asked(version) if (release := found.get(version)) is None else info_of(release)
            for version in versions
        }

    def _asked(self, version: str) -> ReleaseInfo:
        """Return what the release's own route says."""
        return looked_up(
            version,
            partial(self._routes.release, version),
            named=attrgetter("version"),
            info_of=info_of,
            listed=partial(self._routes.releases, [], 0),
            place="the project's releases",
        )

    def listing(self, query: ReleaseQuery) -> ReleaseList:
        """Return the releases asked about, in the order asked for, by themselves newest first. Raises PlatformError.

        Versions, revisions, hardware versions and builds are filtered by the server, software types here.
        """
        filters = [
            *(("version", value) for value in query.versions),
            *(("revision", value) for value in query.revisions),
            *(("hardware_version", value) for value in query.hardware),
            *(("build_id", value) for value in query.builds),
        ]
        sort = query.sort or (f"-{CREATED}",)
        if all(key.removeprefix("-") == CREATED for key in sort):
            filters += [("sort", key) for key in sort]
        odd: set[str] = set()
        releases, problems = everything(
            "releases", partial(self._routes.releases, filters), ASKED, self._readers, notes=odd
        )
        workloads = read_workloads(self._routes, self._readers)
        odd_words = (f"left out, for it has another type than documented: {note}" for note in sorted(odd))
        notes = [*problems, *odd_words, *workloads.problems]
        _sort(releases, sort, notes)
        listed = []
        untyped = 0
        for release in releases:
            name = workloads.type_of(release.version)
            untyped += name is None
            if not query.workloads or name in query.workloads:
                listed.append(Listed(Ref(name or "", name or ""), release.version, info_of(release)))
        notes += _misses(query, workloads, found=bool(releases))
        if untyped:
            notes.append(f"of {untyped} releases the platform does not say which software type they are")
        return ReleaseList(tuple(listed), tuple(notes))


def named(routes: Routes, readers: Readers, versions: Sequence[str]) -> dict[str, wire.Release | None]:
    """Return some releases by version, None for those that a whole list lacks; the others could not be read."""
    found: dict[str, wire.Release | None] = {}
    for start in range(0, len(versions), NAMED):
        asked = versions[start : start + NAMED]
        filters = [("version", version) for version in asked]
        try:
            releases, problems = everything("releases", partial(routes.releases, filters), ASKED, readers)
        except PlatformError:
            continue
        if not problems:
            found |= dict.fromkeys(asked)
        found |= {release.version: release for release in releases if release.version in versions}
    return found


def _misses(query: ReleaseQuery, workloads: Workloads, *, found: bool) -> Iterator[str]:
    """Yield why what was asked for may not be there although it is."""
    for name in query.workloads:
        if name not in workloads.names:
            yield f"there is no software type {clean(name)!r}; there are: {', '.join(workloads.names) or 'none'}"
    if query.revisions and not found:
        yield "revisions are compared whole: a list shows their beginning, JSON has all of them"


def _of_workload(release: Release, info: ReleaseInfo, workloads: Workloads) -> ReleaseInfo:
    """Return what is known of a release as one of its software type."""
    name, version = release.workload, release.version
    if name not in workloads.names:
        return ReleaseInfo(found=None, detail="; ".join([f"there is no software type {name!r}", *workloads.problems]))
    if name not in workloads.primary:
        text = f"{name} is a component: the platform has releases for primary software types only"
        return msgspec.structs.replace(info, found=True, forbidden=text)
    if not info.found or workloads.type_of(version) == name or name in workloads.known(version):
        return info
    if name in workloads.unread:
        return ReleaseInfo(found=None, detail=f"the platform does not list the versions of {name}")
    if workloads.problems:
        return ReleaseInfo(found=None, detail="; ".join(workloads.problems))
    if not workloads.known(version):
        return ReleaseInfo(found=None, detail=f"the platform does not say of which software type {clean(version)} is")
    return msgspec.structs.replace(
        info, forbidden=f"{version} is no version of {name}: the project has it for another type"
    )


def _sort(releases: list[wire.Release], sort: Sequence[str], notes: list[str]) -> None:
    """Sort by each key, the first one above all; `notes` says which are none."""
    order = order_of(release.version for release in releases)
    for key in reversed(sort):
        field, down = key.removeprefix("-"), key.startswith("-")
        if field == "version":
            releases.sort(key=lambda release: order(release.version), reverse=down)
        elif field in {CREATED, "updated_date", "revision"}:
            releases.sort(key=partial(_field, field), reverse=down)
        else:
            notes.append(f"releases cannot be sorted by {field!r}: by {CREATED}, updated_date, revision or version")


def _field(name: str, release: wire.Release) -> str:
    return getattr(release, name) or ""


# --- what a release says of itself ---------------------------------------------------------------------------------


def info_of(release: wire.Release) -> ReleaseInfo:
    """Return what a release says of itself.

    A release known from events alone has no payload, inferred (SW Create a Release): changes to it are held when they
    are reviewed. Content under one version shows in its files' sums, and a change of anything else in `updated_date`.
    """
    artifacts = release.artifacts
    sums = [one.md5 for one in artifacts or () if one.md5]
    return ReleaseInfo(
        found=True,
        identity=" ".join([f"{release.id}@{release.updated_date}", *sorted(sums)]),
        notes=release.notes or "",
        summary=first_line(release.notes or ""),
        reference=str(release.id),
        revision=clean(release.revision or ""),
        min_version=release.min_version or "",
        must_pass=release.must_pass is True,
        artifacts=None if artifacts is None else tuple(_artifact(one) for one in artifacts),
        devices=release.count_devices,
        created=release.created_date,
        updated=release.updated_date,
        extra=_extra(release.extra_info),
    )


def _artifact(one: wire.Artifact) -> Artifact:
    return Artifact(
        name=clean(one.filename or ""),
        kind=one.type,
        hardware=wire.hardware_name(one.hardware_version),
        build=clean(one.build_id or ""),
        size=one.size,
        digest=f"md5:{one.md5}" if one.md5 else "",
        reference=str(one.id),
        url=clean((one.url or "").partition("?")[0]),
        created=one.created_date or "",
        updated=one.updated_date or "",
        extra=_extra(one.extra_info),
    )


def _extra(raw: msgspec.Raw) -> str:
    """Return what clients stored with a release as JSON on one line; empty for null.

    Anything may be stored, numbers that no program holds included: what cannot be decoded is shown as it came.
    """
    try:
        value = wire.anything(raw)
        return "" if value is None else msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return " ".join(bytes(raw).decode("utf-8", "replace").split())


def first_line(notes: str) -> str:
    """Return the first line of notes that says anything, as plain text: notes may be HTML, confirmed (WEB api/releases)."""
    text = unescape(_TAGS.sub("", _ENDS.sub("\n", _HIDDEN.sub("", notes[:READ]))))
    return next((line for part in text.splitlines() if (line := clean(part))), "")
