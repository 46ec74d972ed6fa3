"""Looks up versions of workflows, and lists them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial

from reconciler.errors import PlatformError
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Workload
from reconciler.model.unit import Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.losant.routes import WORKFLOW_PAGE, Routes
from reconciler.platforms.losant.wire import Version
from reconciler.platforms.reading.listing import everything
from reconciler.platforms.reading.look_up import looked_up, unsortable, without_field
from reconciler.platforms.reading.pages import Item, Page
from reconciler.platforms.reading.readers import Readers

RESERVED = {
    "develop": "it changes while people edit the workflow, so this program does not release it",
    "default": "it is no version of its own",
}
"""Names that no version can have, confirmed (DOC19 docs/workflows/versioning.md), and why they are not released. People
can put `develop` on a test device, confirmed (MCP flow.md)."""

STATUS = {True: "enabled", False: "disabled", None: ""}


class Catalogue:
    """Look-ups in the versions of one application's workflows."""

    def __init__(self, routes: Routes, readers: Readers) -> None:
        self._routes = routes
        self._readers = readers

    def look_up(self, wanted: Collection[Release], workloads: Collection[Workload] = ()) -> Catalog:
        """Return what is known of each wanted release; never raises for one that could not be read.

        A version that does not say which agent it needs needs the one that its workflow does, which `workloads` names: that
        is where it is set, confirmed (MCP flow.md).
        """
        needed = {one.id: one.minimum_agent for one in workloads}
        found: Catalog = {}
        flows: dict[str, list[str]] = defaultdict(list)
        for release in sorted(set(wanted), key=lambda one: (one.workload, one.version)):
            if release.version in RESERVED:
                text = f"{release.version!r} is reserved: {RESERVED[release.version]}; use a version of your own"
                found[release] = ReleaseInfo(found=True, forbidden=text)
            else:
                flows[release.workload].append(release.version)
        jobs = [partial(self._of_flow, flow, names, needed.get(flow)) for flow, names in flows.items()]
        for infos in self._readers.counted("workflows with wanted versions", jobs):
            found |= infos
        return found

    def listing(self, query: ReleaseQuery) -> ReleaseList:
        """Return the versions of the workflows asked about, newest first unless `query.sort` says otherwise.

        A workflow whose versions cannot be read is named in the notes. Raises PlatformError where no workflow can be.
        """
        missing = without_field(query)
        notes = [f"Losant's versions have no {what}: none can match" for what in missing]
        notes += unsortable(query, "Losant's versions")
        fetch = _noting(self._routes.flows, notes)
        flows, problems = everything("workflows", fetch, WORKFLOW_PAGE, self._readers, witnesses=0)
        flows = [flow for flow in flows if not query.workloads or {flow.name, flow.id} & set(query.workloads)]
        notes += problems
        found: list[tuple[Ref, Version]] = []
        jobs = [partial(self._all_of, flow.id) for flow in flows]
        answers = self._readers.counted("versions of workflows", jobs)
        for flow, (versions, problems) in zip(flows, answers, strict=True):
            ref = Ref(flow.id, flow.name or flow.id)
            notes += [f"the versions of {ref.name}: {problem}" for problem in problems]
            found += [(ref, version) for version in versions]
        wanted = [] if missing else [one for one in found if not query.versions or one[1].version in query.versions]
        needed = {flow.id: flow.minimum_agent_version for flow in flows}
        listed = [
            Listed(ref, version.version, info_of(version, needed[ref.id]))
            for ref, version in _sorted(wanted, query.sort)
        ]
        return ReleaseList(tuple(listed), tuple(notes))

    def _all_of(self, flow: str) -> tuple[list[Version], list[str]]:
        """Return all versions of a workflow, and what of them cannot be read."""
        notes: list[str] = []
        fetch = _noting(partial(self._routes.versions, flow), notes)
        try:
            versions, problems = everything("versions", fetch, WORKFLOW_PAGE, Readers(1), witnesses=0)
        except PlatformError as error:
            return [], [f"they could not be read: {error}"]
        return versions, [*problems, *notes]

    def _of_flow(self, flow: str, names: list[str], needed: str | None) -> Catalog:
        """Return what is known of some versions of one workflow, by the list where that needs fewer requests."""
        found: Catalog = {}
        listed = self._listed(flow, set(names)) if len(names) > 1 else {}
        for name in names:
            seen = listed.get(name)
            info = info_of(seen, needed) if seen is not None else self._asked(flow, name, needed)
            found[Release(flow, name)] = info
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

    def _asked(self, flow: str, name: str, needed: str | None) -> ReleaseInfo:
        """Return what the version's own route says."""
        return looked_up(
            name,
            partial(self._routes.version, flow, name),
            named=lambda found: found[0].version,
            info_of=lambda found: info_of(found[0], needed, found[1]),
            listed=partial(self._routes.versions, flow, 0, 1),
            place="its workflow",
        )


def _noting(fetch: Callable[[int, int], Page[Item]], notes: list[str]) -> Callable[[int, int], Page[Item]]:
    """Return `fetch` with what pages leave out noted."""

    def noting(number: int, size: int) -> Page[Item]:
        page = fetch(number, size)
        notes.extend(note for note in page.notes if note not in notes)
        return page

    return noting


def _sorted(found: list[tuple[Ref, Version]], sort: Sequence[str]) -> list[tuple[Ref, Version]]:
    """Sort by workflow, then by what is asked for, `version` or when it was made, by itself newest first."""
    for key in reversed(sort or ("-created_date",)):
        by_name = key.removeprefix("-") == "version"
        found.sort(key=_version_name if by_name else _made, reverse=key.startswith("-"))
    found.sort(key=lambda one: one[0].name)
    return found


def _version_name(one: tuple[Ref, Version]) -> str:
    return one[1].version


def _made(one: tuple[Ref, Version]) -> str:
    return one[1].creation_date or one[1].last_updated


def info_of(version: Version, needed: str | None, notes: Sequence[str] = ()) -> ReleaseInfo:
    """Return what a version says of itself; `needed` is the agent that its workflow needs, `notes` what was left out.

    Content under one name can be replaced (confirmed, JS docs/flowVersions.md), and versions bear no etag: id and time
    of the last change tell contents apart (inferred).
    """
    disabled = ["this version is disabled on the platform"] if version.enabled is False else []
    return ReleaseInfo(
        found=True,
        identity=f"{version.id}@{version.last_updated}",
        minimum_agent=version.minimum_agent_version or needed,
        notes=clean(version.notes or ""),
        detail="; ".join((*disabled, *notes)),
        reference=version.id,
        status=STATUS[version.enabled],
        created=version.creation_date,
        updated=version.last_updated,
    )
