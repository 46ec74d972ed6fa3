"""The use case "deliveries": how servers get on that make releases ready. One that cannot be asked stops no other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.engine.group import EVERYTHING, Open
from reconciler.engine.parallel import each_connection
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

    def ask(name: str, platform: Platform) -> ConnectionDeliveries:
        kind = manifest.connections[name].spec.platform
        if not isinstance(platform, Prepares):
            return ConnectionDeliveries(connection=name, platform=kind, prepares=False)
        asked, notes = (references, ()) if references else _wanted(manifest, name, platform)
        found = platform.preparations(asked, probe=probe)
        return ConnectionDeliveries(connection=name, platform=kind, preparations=found, notes=notes)

    def failed(name: str, error: ReconcilerError) -> ConnectionDeliveries:
        kind = manifest.connections[name].spec.platform
        return ConnectionDeliveries(connection=name, platform=kind, error=str(error), hint=error.hint)

    return each_connection(names, open_, ask, failed)


def _wanted(manifest: Manifest, name: str, platform: Platform) -> tuple[list[str], tuple[str, ...]]:
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
