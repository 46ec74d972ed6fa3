"""The use case "snapshot": read a connection once and keep what it showed, with all that a later plan may ask about."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.core.resolve import channels_of, resolve
from reconciler.engine.group import EVERYTHING, Open
from reconciler.errors import SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.recorded import RecordedSnapshot, record
from reconciler.model.release import Release
from reconciler.model.snapshot import Snapshot


def chosen(manifest: Manifest, name: str | None) -> list[str]:
    """Return the connections meant: the one named, else all; raise SettingsError when there is none."""
    known = sorted(manifest.connections)
    if name is not None and name not in manifest.connections:
        raise SettingsError(f"there is no Connection named {name!r}", hint=f"there are: {', '.join(known) or 'none'}")
    if not known:
        raise SettingsError(
            "the manifests have no Connection", hint="check that its file is in PATHS, or is given with --connections"
        )
    return known if name is None else [name]


def take(manifest: Manifest, name: str, open_: Open) -> RecordedSnapshot:
    """Read a connection and return what is kept: the reading, and the catalogue of every version seen or wanted.

    Raises PlatformError when it cannot be read; a reading that proves less than all says so in its coverage.
    """
    platform = open_(name)
    try:
        snapshot = platform.observe(EVERYTHING)
        releases = {**dict.fromkeys(_seen(snapshot), ()), **wanted_releases(manifest, name, snapshot)}
        catalog = platform.catalog(releases, snapshot)
        return record(name, platform.capabilities.platform, snapshot, catalog)
    finally:
        platform.close()


def _seen(snapshot: Snapshot) -> Iterator[Release]:
    for workload_id, column in snapshot.columns.items():
        for number in set(column):
            state = snapshot.states[number]
            for version in (state.assigned, state.reported, *state.extra_versions):
                if version is not None:
                    yield Release(workload_id, version)


def wanted_releases(manifest: Manifest, connection: str, snapshot: Snapshot) -> dict[Release, Collection[str]]:
    """Return the releases that the manifests want on a connection, by its reading, with the units that are to get them."""
    channels = channels_of(manifest)
    found: dict[Release, set[str]] = {}
    for document in manifest.fleets.values():
        if document.spec.connection != connection:
            continue
        for column in resolve(document, channels, snapshot.units, snapshot.workloads).columns.values():
            versions = [rule.value.version for rule in column.rules]
            for version in versions:
                if version is not None:
                    found.setdefault(Release(column.workload.id, version), set())
            for row, rule in zip(column.rows, column.winners, strict=True):
                version = versions[rule]
                if version is not None and snapshot.state(column.workload.id, row).reported != version:
                    found[Release(column.workload.id, version)].add(snapshot.units.ids[row])
    return dict(found)
