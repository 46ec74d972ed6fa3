"""The use cases "releases" and "deliveries": what platforms list of several connections. One that fails stops no other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from reconciler.engine.group import EVERYTHING, Open
from reconciler.engine.parallel import each_connection
from reconciler.engine.snapshot import wanted_releases
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionDeliveries, ConnectionReleases
from reconciler.ports import Platform, Prepares


def releases(manifest: Manifest, names: Sequence[str], query: ReleaseQuery, open_: Open) -> list[ConnectionReleases]:
    """Return the releases of connections by name, in the order named; never raises for one that could not be read.

    Raises SettingsError when nothing of what was answered in full is what was asked for, or a workload or version that
    was asked for is not among it.
    """

    def ask(name: str, platform: Platform) -> ConnectionReleases:
        found = platform.releases(_named(query, manifest, name))
        return ConnectionReleases(
            connection=name,
            platform=manifest.connections[name].spec.platform,
            prepares=isinstance(platform, Prepares),
            releases=found.releases,
            notes=found.notes,
        )

    def failed(name: str, error: ReconcilerError) -> ConnectionReleases:
        platform = manifest.connections[name].spec.platform
        return ConnectionReleases(connection=name, platform=platform, error=str(error), hint=error.hint)

    found = each_connection(names, open_, ask, failed)
    if query != ReleaseQuery(sort=query.sort) and not any(one.notes or one.error for one in found):
        if not any(one.releases for one in found):
            raise SettingsError("no release matches these filters", hint="without filters all are listed")
        for words in _unmatched(query, manifest, found):
            raise SettingsError(f"no release matches {words}", hint="without it, all other releases are listed")
    return found


def _unmatched(query: ReleaseQuery, manifest: Manifest, found: Sequence[ConnectionReleases]) -> Iterator[str]:
    """Yield each workload and version that was asked for and is not among what was found."""
    listed = [(one.connection, release) for one in found for release in one.releases]
    versions = {release.version for _, release in listed}
    yield from (f"--version {version}" for version in query.versions if version not in versions)
    if any(not release.workload.id for _, release in listed):
        return  # of some nobody knows which workload they are of
    for workload in query.workloads:
        asked = ReleaseQuery(workloads=(workload,))
        names = {one.connection: _named(asked, manifest, one.connection).workloads for one in found}
        if not any({release.workload.id, release.workload.name} & {*names[name]} for name, release in listed):
            yield f"--workload {workload}"


def _named(query: ReleaseQuery, manifest: Manifest, connection: str) -> ReleaseQuery:
    """Return a query that uses the platform's names of workloads where the manifests use others."""
    ids: dict[str, set[str]] = {}
    for document in manifest.fleets.values():
        for name, spec in document.spec.workloads.items():
            if document.spec.connection == connection and spec.id is not None:
                ids.setdefault(name, set()).add(spec.id)
    workloads = {one for name in query.workloads for one in ids.get(name, {name})}
    return msgspec.structs.replace(query, workloads=tuple(sorted(workloads)))


def deliveries(
    manifest: Manifest, names: Sequence[str], references: Collection[str], open_: Open, *, probe: bool
) -> list[ConnectionDeliveries]:
    """Return how the preparations of these catalog ids stand, by connection, in the order named.

    None named: those of the releases that the manifests want there. Without `probe` nothing is asked that would start a
    preparation. Never raises for a connection that could not be asked.
    """

    def ask(name: str, platform: Platform) -> ConnectionDeliveries:
        kind = manifest.connections[name].spec.platform
        if not isinstance(platform, Prepares):
            return ConnectionDeliveries(connection=name, platform=kind, prepares=False)
        asked, notes = (references, ()) if references else _references(manifest, name, platform)
        found = platform.preparations(asked, probe=probe)
        return ConnectionDeliveries(connection=name, platform=kind, preparations=found, notes=notes)

    def failed(name: str, error: ReconcilerError) -> ConnectionDeliveries:
        kind = manifest.connections[name].spec.platform
        return ConnectionDeliveries(connection=name, platform=kind, error=str(error), hint=error.hint)

    return each_connection(names, open_, ask, failed)


def _references(manifest: Manifest, name: str, platform: Platform) -> tuple[list[str], tuple[str, ...]]:
    """Return the platform's ids of the releases that the manifests want on a connection, sorted, and those without one.

    Raises PlatformError.
    """
    snapshot = platform.observe(EVERYTHING)
    catalog = platform.catalog(set(wanted_releases(manifest, name, snapshot)), snapshot)
    names = {workload.id: workload.name for workload in snapshot.workloads}
    without = [
        f"{names.get(one.workload, one.workload)} {one.version} is left out: the platform shows no id of it"
        f"{f' ({info.detail})' if info.detail else ''}"
        for one, info in catalog.items()
        if not info.reference
    ]
    return sorted({info.reference for info in catalog.values() if info.reference}), tuple(sorted(without))
