"""The use case "deliveries": how servers get on that make releases ready. One that cannot be asked stops no other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from reconciler.engine.group import EVERYTHING, Open
from reconciler.engine.snapshot import wanted_releases
from reconciler.errors import ReconcilerError
from reconciler.model.fleet import Manifest
from reconciler.model.report import ConnectionDeliveries
from reconciler.ports import Platform, Prepares


def deliveries(
    manifest: Manifest, names: Sequence[str], references: Collection[str], open_: Open, *, probe: bool
) -> list[ConnectionDeliveries]:
    """Return how the preparations of these catalog ids stand, by connection, in the order named.

    None named: those of the releases that the manifests want there. Without `probe` nothing is asked that would start a
    preparation. Never raises for a connection that could not be asked.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return list(pool.map(partial(_of, manifest, references, open_, probe=probe), names))


def _of(
    manifest: Manifest, references: Collection[str], open_: Open, name: str, *, probe: bool
) -> ConnectionDeliveries:
    platform = manifest.connections[name].spec.platform
    try:
        opened = open_(name)
        try:
            if not isinstance(opened, Prepares):
                return ConnectionDeliveries(connection=name, platform=platform, prepares=False)
            asked = references or _wanted(manifest, name, opened)
            found = opened.preparations(asked, probe=probe)
        finally:
            opened.close()
    except ReconcilerError as error:
        return ConnectionDeliveries(connection=name, platform=platform, error=str(error), hint=error.hint)
    return ConnectionDeliveries(connection=name, platform=platform, preparations=found)


def _wanted(manifest: Manifest, name: str, platform: Platform) -> list[str]:
    """Return the platform's ids of the releases that the manifests want on a connection, sorted. Raises PlatformError."""
    snapshot = platform.observe(EVERYTHING)
    catalog = platform.catalog(set(wanted_releases(manifest, name, snapshot)), snapshot)
    return sorted({info.reference for info in catalog.values() if info.reference})
