"""Recorded snapshots as files: written by `snapshot`, read by `plan --snapshot` and `diff`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reconciler.cli import wiring
from reconciler.cli.printing import misshapen
from reconciler.engine.group import Open
from reconciler.errors import SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.recorded import FORMAT, RecordedSnapshot, replay
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.recorded import RecordedPlatform
from reconciler.ports import Clock, Platform

SUFFIX = ".json"


def recorded(path: Path, manifest: Manifest, clock: Clock) -> Open:
    """Return what opens connections of a manifest from a recorded snapshot, or from a folder of them; nothing is sent."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    kept = {one.connection: one for one in map(read, files)}
    if len(kept) < len(files):
        raise SettingsError(f"{path} holds two snapshots of one connection", hint="name one of the files")

    def open_(name: str) -> Platform:
        document = manifest.connections.get(name)
        if document is None:
            raise SettingsError(
                f"there is no Connection named {name!r}", hint="is it in PATHS, or behind --connections?"
            )
        if name not in kept:
            there = ", ".join(sorted(kept)) or "none"
            raise SettingsError(
                f"{path} has no snapshot of the connection {name!r}; it has {there}",
                hint="record it with `reconciler snapshot --out FILE`, or narrow the plan with --fleet",
            )
        real = wiring.connect(document.spec, lambda _: "recorded", clock)
        snapshot, catalog = parts(kept[name], path)
        if snapshot.identity != real.identity:
            raise SettingsError(
                f"{path} was recorded of {snapshot.identity}, but the connection {name!r} is {real.identity}",
                hint="record the snapshot again with this connection",
            )
        return RecordedPlatform(real, snapshot, catalog)

    return open_


def read(path: Path) -> RecordedSnapshot:
    """Return what a file holds; raise SettingsError when that is no snapshot of ours."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    try:
        return msgspec.json.decode(content, type=RecordedSnapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(
            f"{path} is no recorded snapshot ({FORMAT}): {wrong}{misshapen('snapshot.v1', content)}",
            hint="record it again with `reconciler snapshot --out FILE`",
        ) from wrong


def parts(kept: RecordedSnapshot, path: Path) -> tuple[Snapshot, Catalog]:
    """Return the reading and the catalogue of a record; raise SettingsError when they do not belong together."""
    try:
        return replay(kept)
    except ValueError as wrong:
        raise SettingsError(
            f"{path} cannot be used as a snapshot: {wrong}", hint="record it again with this version of reconciler"
        ) from wrong
