"""The use case "releases": what the platforms of several connections list. One that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from reconciler.engine.group import Open
from reconciler.errors import ReconcilerError
from reconciler.model.fleet import Manifest
from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionReleases
from reconciler.ports import Prepares


def releases(manifest: Manifest, names: Sequence[str], query: ReleaseQuery, open_: Open) -> list[ConnectionReleases]:
    """Return the releases of connections by name, in the order named; never raises for one that could not be read."""
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return list(pool.map(partial(_of, manifest, query, open_), names))


def _of(manifest: Manifest, query: ReleaseQuery, open_: Open, name: str) -> ConnectionReleases:
    platform = manifest.connections[name].spec.platform
    try:
        opened = open_(name)
        try:
            found = opened.releases(query)
        finally:
            opened.close()
    except ReconcilerError as error:
        return ConnectionReleases(connection=name, platform=platform, error=str(error), hint=error.hint)
    return ConnectionReleases(
        connection=name,
        platform=platform,
        prepares=isinstance(opened, Prepares),
        releases=found.releases,
        notes=found.notes,
    )
