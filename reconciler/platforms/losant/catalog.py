"""Looks up releases: a version that is there is believed at once, one that is not only when it is proved.

Proved means: its own route answers 404 while the workflow's versions can be listed. A list that merely lacks it proves
nothing, nor does a failed reading: then `found` is None, and the release is held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.unit import Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.losant.routes import Routes
from reconciler.platforms.losant.wire import Item, Page, Version
from reconciler.platforms.readers import Readers

NEVER_DEPLOYED = frozenset({"develop", "default"})
"""Names that no version can have, confirmed (DOC19 docs/workflows/versioning.md); that the API refuses to deploy
`develop` too is inferred from the workflow node and the web interface, which do."""


class Catalogue:
    """Look-ups in the versions of one application's workflows."""

    def __init__(self, routes: Routes, readers: Readers) -> None:
        """Take the routes, and the readers that look-ups share."""
        self._routes = routes
        self._readers = readers

    def look_up(self, wanted: Collection[Release]) -> Catalog:
        """Return what is known of each wanted release; never raises for one that could not be read."""
        found: Catalog = {}
        flows: dict[str, list[str]] = defaultdict(list)
        for release in sorted(set(wanted), key=lambda one: (one.workload, one.version)):
            if release.version in NEVER_DEPLOYED:
                text = f"Losant never deploys the version named {release.version!r}: release a version of your own"
                found[release] = ReleaseInfo(found=True, forbidden=text)
            else:
                flows[release.workload].append(release.version)
        jobs = [partial(self._of_flow, flow, names) for flow, names in flows.items()]
        for infos in self._readers.each(jobs):
            found |= infos
        return found

    def listing(self, query: ReleaseQuery) -> ReleaseList:
        """Return the versions of the workflows asked about, newest first unless `query.sort` says otherwise.

        A workflow whose versions cannot be read is named in the notes. Raises PlatformError where no workflow can be.
        """
        notes = [f"Losant's versions have no {what}: none can match" for what in _unanswerable(query)]
        everything = _everything(self._routes.flows)
        flows = [flow for flow in everything if not query.workloads or {flow.name, flow.id} & set(query.workloads)]
        found: list[tuple[Ref, Version]] = []
        for flow, versions in zip(
            flows, self._readers.each(partial(self._all_of, flow.id) for flow in flows), strict=True
        ):
            if isinstance(versions, PlatformError):
                notes.append(f"the versions of {flow.name} could not be read: {versions}")
            else:
                found += [(Ref(flow.id, flow.name), version) for version in versions]
        wanted = [] if _unanswerable(query) else [one for one in found if _asked_for(query, one[1])]
        listed = tuple(Listed(flow, version.version, info_of(version)) for flow, version in _sorted(wanted, query.sort))
        return ReleaseList(listed, tuple(notes))

    def _all_of(self, flow: str) -> list[Version] | PlatformError:
        """Return all versions of a workflow, or why they cannot be read."""
        try:
            return _everything(partial(self._routes.versions, flow))
        except PlatformError as error:
            return error

    def _of_flow(self, flow: str, names: list[str]) -> Catalog:
        """Return what is known of some versions of one workflow, by the list where that needs fewer requests."""
        found: Catalog = {}
        listed = self._listed(flow, set(names)) if len(names) > 1 else {}
        for name in names:
            seen = listed.get(name)
            found[Release(flow, name)] = info_of(seen) if seen is not None else self._asked(flow, name)
        return found

    def _listed(self, flow: str, names: set[str]) -> dict[str, Version]:
        """Return versions by name as far as listing needs fewer requests than asking for each that is missing."""
        listed: dict[str, Version] = {}
        page, shown = 0, 0
        try:
            while True:
                found = self._routes.versions(flow, page)
                listed |= {version.version: version for version in found.items if version.version in names}
                page, shown = page + 1, shown + found.size
                pages_left = -(-(found.total - shown) // max(found.size, 1))
                if pages_left <= 0 or pages_left >= len(names) - len(listed):
                    return listed
        except PlatformError:
            return listed

    def _asked(self, flow: str, name: str) -> ReleaseInfo:
        """Return what the version's own route says."""
        try:
            version = self._routes.version(flow, name)
        except NotFound:
            return self._proved_missing(flow)
        except PlatformError as error:
            return ReleaseInfo(found=None, detail=str(error))
        if version.version != name:
            return ReleaseInfo(found=None, detail=f"the platform answered with version {clean(version.version)!r}")
        return info_of(version)

    def _proved_missing(self, flow: str) -> ReleaseInfo:
        """Return that a version is not there, if its workflow is."""
        try:
            self._routes.versions(flow, 0, 1)
        except NotFound:
            return ReleaseInfo(found=None, detail="the platform knows neither this version nor its workflow")
        except PlatformError as error:
            return ReleaseInfo(found=None, detail=f"that it is missing could not be confirmed: {error}")
        return ReleaseInfo(found=False)


def _everything(fetch: Callable[[int], Page[Item]]) -> list[Item]:
    """Return the items of all pages. Raises PlatformError."""
    found: list[Item] = []
    shown = number = 0
    while True:
        page = fetch(number)
        found += page.items
        shown, number = shown + page.size, number + 1
        if not page.size or shown >= page.total:
            return found


def _unanswerable(query: ReleaseQuery) -> list[str]:
    """Return the filters that Losant's versions have no field for, in words."""
    given = (("revision", query.revisions), ("hardware version", query.hardware), ("build id", query.builds))
    return [what for what, values in given if values]


def _asked_for(query: ReleaseQuery, version: Version) -> bool:
    return not query.versions or version.version in query.versions


def _sorted(found: list[tuple[Ref, Version]], sort: Sequence[str]) -> list[tuple[Ref, Version]]:
    """Sort by workflow, then by what is asked for, `version` or the time of the last change, by itself newest first."""
    for key in reversed(sort or ("-created_date",)):
        by_name = key.removeprefix("-") == "version"
        found.sort(key=_version_name if by_name else _last_change, reverse=key.startswith("-"))
    found.sort(key=lambda one: one[0].name)
    return found


def _version_name(one: tuple[Ref, Version]) -> str:
    return one[1].version


def _last_change(one: tuple[Ref, Version]) -> str:
    return one[1].last_updated


def info_of(version: Version) -> ReleaseInfo:
    """Return what a version says of itself.

    Content under one name can be replaced (confirmed, JS docs/flowVersions.md), and versions bear no etag: id and time
    of the last change tell contents apart (inferred).
    """
    return ReleaseInfo(
        found=True,
        identity=f"{version.id}@{version.last_updated}",
        minimum_agent=version.minimum_agent_version,
        notes=clean(version.notes or ""),
        detail="" if version.enabled else "this version is disabled on the platform",
        reference=version.id,
        status="enabled" if version.enabled else "disabled",
        updated=version.last_updated,
    )
