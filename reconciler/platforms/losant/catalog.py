"""Looks up releases: a version that is there is believed at once, one that is not only when it is proved.

Proved means: its own route answers 404 while the workflow's versions can be listed. A list that merely lacks it proves
nothing, nor does a failed reading: then `found` is None, and the release is held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import partial

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.platforms.answers import clean
from reconciler.platforms.losant.listing import Readers
from reconciler.platforms.losant.routes import Routes
from reconciler.platforms.losant.wire import Version

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
    )
