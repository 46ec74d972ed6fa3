"""What agent, master and server say of a release, as the catalogue says it."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.model.release import Artifact, ReleaseInfo
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.wire import RowRelease, ServerRelease

RELEASED = "released"
"""The one status that can be delivered, confirmed (origin-delivery.service.ts)."""

Dependency = tuple[str, str]
"""(project, version); the project is empty where only the catalogId is given, which then stands for the version."""


def info_of(release: RowRelease, refused: str = "") -> ReleaseInfo:
    """Return what agent or CDN say of a release; `refused` is why a device may not take it, in the platform's words."""
    info = _info(release, refused)
    return msgspec.structs.replace(
        info,
        released=release.status in ("", RELEASED),
        size=None if release.size is None else int(release.size),
    )


def server_info(release: ServerRelease) -> ReleaseInfo:
    """Return what the server says of a release. The size is that of its files (inferred), else of its metadata."""
    artifacts = _artifacts(release)
    sizes = [one.size for one in artifacts or () if one.size is not None]
    total = (release.metadata or {}).get("totalSize")
    size = sum(sizes) if sizes else total if isinstance(total, int) else None
    return msgspec.structs.replace(_info(release, ""), size=size, artifacts=artifacts)


def _info(release: RowRelease | ServerRelease, refused: str) -> ReleaseInfo:
    listed = dependencies_of(release)
    return ReleaseInfo(
        found=True,
        released=release.status == RELEASED,
        # Releases bear no digest: their id and the time of the last change stand for it (inferred).
        identity=f"{release.id} {release.updated_at}" if release.updated_at else release.id,
        notes=clean(release.release_notes or ""),
        detail=_detail(release.status, refused),
        reference=release.id,
        status=release.status,
        dependencies=("dependencies that cannot be read",)
        if listed is None
        else tuple(sorted(f"{project} {version}".strip() for project, version in listed)),
        created=release.created_at or "",
        updated=release.updated_at or "",
        extra=_extra(release.metadata),
    )


def _detail(status: str, refused: str) -> str:
    parts = [f"its status is {clean(status)}"] if status not in ("", RELEASED) else []
    parts += [f"a device may not take it: {clean(refused)}"] if refused else []
    return "; ".join(parts)


def _artifacts(release: ServerRelease) -> tuple[Artifact, ...] | None:
    try:
        listed = wire.prepared_artifacts(release.artifacts)
    except msgspec.ValidationError:
        return None
    if listed is None:
        return None
    return tuple(
        Artifact(name=one.item_key, kind=one.artifact_type or "", size=None if one.size is None else int(one.size))
        for one in listed
    )


def _extra(metadata: dict[str, Any] | None) -> str:
    return msgspec.json.encode(metadata, order="sorted").decode() if metadata else ""


def dependencies_of(release: RowRelease | ServerRelease) -> list[Dependency] | None:
    """Return what comes with a release; None where that cannot be read.

    That a dependency is named by project and version is confirmed (user-manual/dependencies.md), its shape is not:
    objects with `projectName` and `version`, or with `id` or `catalogId`, or bare catalogIds are understood (inferred).
    """
    listed = wire.anything(release.dependencies)
    if listed is None:
        return []
    found: list[Dependency] = []
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, str):
            found.append(("", one))
            continue
        if not isinstance(one, dict):
            return None
        named = (one.get("projectName"), one.get("version"))
        catalog_id = one.get("id", one.get("catalogId"))
        if isinstance(named[0], str) and isinstance(named[1], str):
            found.append((named[0], named[1]))
        elif isinstance(catalog_id, str):
            found.append(("", catalog_id))
        else:
            return None
    return found
