"""Versions that somebody probably meant otherwise: they are exactly what was typed. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from reconciler.manifest.finding import Findings, finding
from reconciler.manifest.parsed import choices
from reconciler.model.diagnostic import Severity
from reconciler.model.fleet import ChannelSpec, Document, FleetSpec, Manifest, Requirement
from reconciler.model.origin import Path

PATTERN = re.compile(r"^[<>=~^!{]|[*?\[]")
"""What stands in a version where somebody meant several."""


_ABSENT, _UNMANAGED = "to remove the workload, write {absent: true}", "to leave it alone, write {unmanaged: true}"
_EXACT = "name the version; for one that many fleets follow, write {channel: NAME} and name it in a Channel"
MEANT = {
    **dict.fromkeys(("absent", "none", "removed", "remove", "uninstall", "false"), _ABSENT),
    **dict.fromkeys(("unmanaged", "ignore", "any"), _UNMANAGED),
    **dict.fromkeys(("latest", "newest", "current", "true"), _EXACT),
}
"""What somebody means who gives one of these words as a version."""


def versions(manifest: Manifest) -> Findings:
    """Yield versions of Channels and Fleets that look like something else."""
    fine: set[str] = set()
    for document in (*manifest.channels.values(), *manifest.fleets.values()):
        for path, version in _versions(document.spec, fine):
            found = list(_mistaken(document, path, version, manifest))
            if not found:
                fine.add(version)
            yield from found


def _versions(spec: FleetSpec | ChannelSpec, fine: Container[str]) -> Iterator[tuple[Path, str]]:
    """Yield the versions of a Channel or Fleet, and where they stand; of pins, which are many, those that are not fine."""
    if isinstance(spec, ChannelSpec):
        yield from ((("spec", "versions", workload), version) for workload, version in spec.versions.items())
        return
    for path, choice in choices(spec):
        if isinstance(choice.version, str):
            yield (*path, "version"), choice.version
    for unit, pins in spec.pins.items():
        for name, pin in pins.items():
            if isinstance(pin, str) and pin not in fine:
                yield ("spec", "pins", unit, name), pin
    for name, workload in spec.workloads.items():
        for required, said in workload.requires.items():
            versions = said.version if isinstance(said, Requirement) else said
            where: Path = ("spec", "workloads", name, "requires", required)
            yield from ((where, version) for version in versions if isinstance(versions, list))
    for position, entry in enumerate(spec.quarantine):
        yield ("spec", "quarantine", position, "version"), entry.version


def _mistaken(document: Document, path: Path, version: str, manifest: Manifest) -> Findings:
    """Yield that a version is probably meant to be something else: versions are exactly what was typed."""
    if version in manifest.channels:
        message = f"the version is called {version!r}, as a Channel is; the versions of that Channel are not meant"
        hint = f"for what the Channel says, write {{channel: {version}}} where a fleet asks for the version"
        yield finding(document, path, "version-like-channel", message, hint, Severity.WARNING)
    if instead := MEANT.get(version.casefold()):
        message = f"{version!r} is taken for the name of a version"
        yield finding(document, path, "version-like-word", message, instead, Severity.WARNING)
    if PATTERN.search(version):
        message = f"{version!r} is the version of just that name; patterns and ranges mean nothing here"
        yield finding(document, path, "version-pattern", message, "name each version", Severity.WARNING)
