"""What somebody names on the command line to be compared: a plan, a recorded snapshot, or manifests."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reconciler.cli import offline, wiring
from reconciler.cli.printing import read_plan
from reconciler.engine.difference import Thing
from reconciler.errors import SettingsError


class _Head(msgspec.Struct):
    """The one field that tells our files apart."""

    format: str = ""


def read_thing(path: Path) -> Thing:
    """Return what a file or folder holds, by its content; raise SettingsError for what is none of ours."""
    if path.is_dir():
        return wiring.load([path])
    try:
        with path.open("rb") as file:
            begin = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    if not begin.startswith(b"{"):
        return wiring.load([path])
    try:
        head = msgspec.json.decode(path.read_bytes(), type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(f"{path} is not readable as JSON ({wrong})", hint="it may be cut short") from wrong
    if head.format.startswith("reconciler/snapshot."):
        return offline.parts(offline.read(path), path)[0]
    return read_plan(path)
