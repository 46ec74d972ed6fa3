"""What agent, master and server say of a release and its files, as the catalogue says it."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.model.observation import Facts
from reconciler.model.release import Artifact, ReleaseInfo
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.wire import RowRelease, ServerRelease

RELEASED = "released"
"""The one status that can be delivered, confirmed (origin-delivery.service.ts)."""

Dependency = tuple[str, str]
"""(project, version); the project is empty where only the catalogId is given, which then stands for the version."""

_HEX = re.compile(r"[0-9A-Fa-f]{64}")


def info_of(release: RowRelease, refused: str = "") -> ReleaseInfo:
    """Return what agent or CDN say of a release; `refused` is why a device may not take it, in the platform's words."""
    return _info(release, refused, released=release.status in ("", RELEASED), size=whole(release.size))


def server_info(release: ServerRelease, odd: Sequence[str] = ()) -> ReleaseInfo:
    """Return what the server says of a release; `odd` are notes on fields that were left out.

    The size is that of its files (inferred), else its own, else that of its metadata.
    """
    notes = list(odd)
    artifacts = None if release.artifacts is None else artifacts_of(release.artifacts, release.id, notes)
    sizes = [one.size for one in artifacts or () if one.size is not None]
    total = (release.metadata or {}).get("totalSize")
    size = sum(sizes) if sizes else whole(release.size)
    if size is None and isinstance(total, int):
        size = total
    info = _info(release, "", released=release.status == RELEASED, size=size)
    return msgspec.structs.replace(info, artifacts=artifacts, facts=info.facts + tuple(("!", note) for note in notes))


def unsigned(url: str | None) -> str:
    """Return an address without its query, which lets its bearer in (presigned: confirmed, section 7.5)."""
    return clean((url or "").partition("?")[0])


def whole(amount: float | None) -> int | None:
    """Return a number of bytes or seconds without its fraction."""
    return None if amount is None else int(amount)


def _info(release: RowRelease | ServerRelease, refused: str, *, released: bool, size: int | None) -> ReleaseInfo:
    listed = dependencies_of(release)
    return ReleaseInfo(
        found=True,
        released=released,
        # Releases bear no digest: their id and the time of the last change stand for it (inferred).
        identity=f"{release.id} {release.updated_at}" if release.updated_at else release.id,
        notes=clean(release.release_notes or ""),
        detail=_detail(release.status, refused),
        reference=release.id,
        status=release.status,
        size=size,
        dependencies=("dependencies that cannot be read",)
        if listed is None
        else tuple(sorted(f"{project} {version}".strip() for project, version in listed)),
        created=release.created_at or "",
        updated=release.updated_at or "",
        extra=_json(release.metadata),
        facts=_facts(release),
    )


def _facts(release: RowRelease | ServerRelease) -> Facts:
    """Return what else is said of a release, by the platform's names."""
    named = (
        ("projectId", "" if release.project_id is None else f"{release.project_id:.0f}"),
        ("displayName", release.display_name),
        ("label", release.label),
        ("type", release.type),
        ("releasedAt", release.released_at),
        ("latest", None if release.latest is None else str(release.latest).lower()),
        ("policies", _json(release.policies)),
    )
    return tuple((name, text) for name, text in named if text)


def _detail(status: str, refused: str) -> str:
    parts = [f"its status is {clean(status)}"] if status not in ("", RELEASED) else []
    parts += [f"a device may not take it: {clean(refused)}"] if refused else []
    return "; ".join(parts)


def _json(value: Any) -> str:
    """Return what clients stored, as JSON; a text as it is, and nothing for nothing."""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode() if value else ""


def dependencies_of(release: RowRelease | ServerRelease) -> list[Dependency] | None:
    """Return what comes with a release; None where that cannot be read.

    That a dependency is named by project and version is confirmed (user-manual/dependencies.md), its shape is not:
    objects with `projectName` and `version`, or with `id` or `catalogId`, or bare catalogIds are understood (inferred).
    A `null` among them, as in the example of seed 001, is none.
    """
    listed = wire.anything(release.dependencies)
    found: list[Dependency] = []
    for one in listed if isinstance(listed, list) else [listed]:
        if one is None:
            continue
        named = _dependency(one)
        if named is None:
            return None
        found.append(named)
    return found


def _dependency(one: object) -> Dependency | None:
    if isinstance(one, str):
        return "", one
    if not isinstance(one, dict):
        return None
    project, version = one.get("projectName"), one.get("version")
    catalog_id = one.get("id", one.get("catalogId"))
    if isinstance(project, str) and isinstance(version, str):
        return project, version
    return ("", catalog_id) if isinstance(catalog_id, str) else None


# --- files ------------------------------------------------------------------------------------------------------------


def artifacts_of(files: Sequence[wire.PreparedArtifact], catalog_id: str, notes: list[str]) -> tuple[Artifact, ...]:
    """Return the files of a release; `notes` gets what is malformed about them."""
    return tuple(_artifact(one, catalog_id, notes) for one in files)


def _artifact(file: wire.PreparedArtifact, catalog_id: str, notes: list[str]) -> Artifact:
    name = clean(file.item_key, 120)
    digest = ""
    if file.hash is not None:
        wrong = _wrong_hash(file.hash)
        if wrong:
            notes.append(f"the hash of {name or 'an artifact'} {wrong}")
        else:
            digest = f"{file.hash.algorithm}:{file.hash.hash}"
    if file.catalog_id and file.catalog_id != catalog_id:
        notes.append(f"{name or 'an artifact'} is of {clean(file.catalog_id)}")
    return Artifact(
        name=name,
        kind=file.artifact_type or "",
        size=whole(file.size),
        digest=digest,
        reference="" if file.id is None else f"{file.id:.0f}",
        url=unsigned(file.url),
        signature=file.signature or "",
        executable=file.is_executable,
        arguments=file.arguments or "",
        extra=_json(file.meta_data),
    )


def _wrong_hash(digest: wire.Hash) -> str:
    """Return what is wrong with the form of a hash; empty where nothing is."""
    if digest.algorithm == "SHA256Hex":
        return "" if _HEX.fullmatch(digest.hash) else "is not 64 hex digits, as SHA256Hex is"
    if digest.algorithm == "SHA256Base64":
        try:
            right = len(digest.hash) == 44 and len(b64decode(digest.hash, validate=True)) == 32
        except (binascii.Error, ValueError):
            right = False
        return "" if right else "is not 32 bytes in base64, as SHA256Base64 is"
    return f"is of algorithm {clean(repr(digest.algorithm), 80)}, which is not known"
