"""The use case "releases": what the platforms of several connections list. One that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.engine.group import Open
from reconciler.engine.parallel import each_connection
from reconciler.errors import ReconcilerError
from reconciler.model.fleet import Manifest
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionReleases
from reconciler.ports import Platform, Prepares


def releases(manifest: Manifest, names: Sequence[str], query: ReleaseQuery, open_: Open) -> list[ConnectionReleases]:
    """Return the releases of connections by name, in the order named; never raises for one that could not be read."""

    def ask(name: str, platform: Platform) -> ConnectionReleases:
        found = platform.releases(query)
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

    return each_connection(names, open_, ask, failed)
