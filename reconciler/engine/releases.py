"""The use case "releases": what the platforms of several connections list. One that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.engine.group import Open
from reconciler.engine.parallel import each_connection
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionReleases
from reconciler.ports import Platform, Prepares


def releases(manifest: Manifest, names: Sequence[str], query: ReleaseQuery, open_: Open) -> list[ConnectionReleases]:
    """Return the releases of connections by name, in the order named; never raises for one that could not be read.

    Raises SettingsError when nothing of what was answered in full is what was asked for.
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
    filtered = query != ReleaseQuery(sort=query.sort)
    if filtered and not any(one.releases or one.notes or one.error for one in found):
        raise SettingsError("no release matches these filters", hint="without filters all are listed")
    return found


def _named(query: ReleaseQuery, manifest: Manifest, connection: str) -> ReleaseQuery:
    """Return a query whose workloads go by what the platform calls them, where the manifests call them otherwise."""
    ids: dict[str, set[str]] = {}
    for document in manifest.fleets.values():
        for name, spec in document.spec.workloads.items():
            if document.spec.connection == connection and spec.id is not None:
                ids.setdefault(name, set()).add(spec.id)
    workloads = {one for name in query.workloads for one in ids.get(name, {name})}
    return msgspec.structs.replace(query, workloads=tuple(sorted(workloads)))
