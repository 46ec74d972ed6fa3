"""What a release says of itself, as the model has it."""

from __future__ import annotations

import re
from html import unescape

import msgspec

from reconciler.model.release import Artifact, ReleaseInfo
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault import wire

READ = 10_000
"""How many characters of notes are looked through: tags that never end are searched for again and again."""

_ENDS = re.compile(r"(?i)<\s*(br|/\s*(p|h[1-6]|li|div|tr|ul|ol))\b[^>]*>")
_HIDDEN = re.compile(r"(?is)<\s*(script|style)\b.*?(<\s*/\s*\1\s*>|\Z)")
_TAGS = re.compile(r"(?s)<[A-Za-z/!][^>]*>")


def info_of(release: wire.Release) -> ReleaseInfo:
    """Return what a release says of itself.

    A release known from events alone has no payload, inferred (SW Create a Release): changes to it are held when they
    are reviewed. Content under one version shows in its files' sums, and a change of anything else in `updated_date`.
    """
    artifacts = release.artifacts
    sums = [one.md5 for one in artifacts or () if one.md5]
    return ReleaseInfo(
        found=True,
        identity=" ".join([f"{release.id}@{release.updated_date}", *sorted(sums)]),
        notes=first_line(release.notes or ""),
        reference=str(release.id),
        revision=clean(release.revision or ""),
        min_version=release.min_version or "",
        must_pass=release.must_pass is True,
        artifacts=None if artifacts is None else tuple(_artifact(one) for one in artifacts),
        devices=release.count_devices,
        created=release.created_date,
        updated=release.updated_date,
        extra=_extra(release.extra_info),
    )


def _artifact(one: wire.Artifact) -> Artifact:
    return Artifact(
        name=clean(one.filename or ""),
        kind=one.type,
        hardware=wire.hardware_name(one.hardware_version),
        build=clean(one.build_id or ""),
        size=one.size,
        digest=f"md5:{one.md5}" if one.md5 else "",
    )


def _extra(raw: msgspec.Raw) -> str:
    """Return what clients stored with a release as JSON on one line; empty for null.

    Anything may be stored, numbers that no program holds included: what cannot be decoded is shown as it came.
    """
    try:
        value = wire.anything(raw)
        return "" if value is None else msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return " ".join(bytes(raw).decode("utf-8", "replace").split())


def first_line(notes: str) -> str:
    """Return the first line of notes that says anything, as plain text: notes may be HTML, confirmed (WEB api/releases)."""
    text = unescape(_TAGS.sub("", _ENDS.sub("\n", _HIDDEN.sub("", notes[:READ]))))
    return next((line for part in text.splitlines() if (line := clean(part))), "")
