"""What `doctor` proposes → the files that Connections stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.cli.files import read_file, write_files
from reconciler.engine.doctor import Part
from reconciler.errors import SettingsError
from reconciler.manifest.edit import put
from reconciler.manifest.layout import data
from reconciler.model.fleet import Manifest
from reconciler.ports import Check

BOM = "\ufeff"


def proposed(checks: Sequence[Check]) -> dict[str, Any]:
    """Return what checks propose together; raise SettingsError where two of them propose different things for one key."""
    found: dict[str, Any] = {}
    for check in checks:
        _merge(found, check.proposal, check.name)
    return found


def _merge(found: dict[str, Any], more: Mapping[str, Any], name: str, path: str = "") -> None:
    for key, value in more.items():
        where = f"{path}{key}"
        if key not in found:
            found[key] = dict(value) if isinstance(value, Mapping) else value
        elif isinstance(value, Mapping) and isinstance(found[key], dict) and not path:
            _merge(found[key], value, name, f"{where}.")
        elif found[key] != value:
            hint = f"put the one you mean into the connection yourself:\n{data({key: found[key]})}or, of {name}:\n{data({key: value})}"
            raise SettingsError(f"two different proposals for {where}: nothing was written", hint=hint.rstrip())


def take_over(manifest: Manifest, parts: Sequence[Part]) -> list[str]:
    """Put what is proposed for connections into their files, all or nothing; return what was written, a line each.

    Raises SettingsError where it is not clear what to put where.
    """
    texts: dict[Path, str] = {}
    lines: list[str] = []
    for part in parts:
        wanted = proposed(part.checks)
        if not wanted:
            continue
        document = manifest.connections[part.name]
        path = Path(document.file)
        if not path.is_file():
            raise SettingsError(f"the Connection {part.name!r} stands in {document.file}: nothing was written")
        try:
            text = texts.get(path) or read_file(path).decode()
            texts[path] = put(text, part.name, document.spec.platform, wanted)
        except ValueError as wrong:
            hint = f"put this below its platform yourself:\n{data(wanted)}"
            raise SettingsError(f"nothing was written into {path}: {wrong}", hint=hint.rstrip()) from None
        what = "; ".join(
            f"{key} ({', '.join(value)})" if isinstance(value, Mapping) else key for key, value in wanted.items()
        )
        lines.append(f"wrote {what} into {path}, for the connection {part.name}: read it before you apply")
    write_files({path: text.encode() for path, text in texts.items()})
    return lines
