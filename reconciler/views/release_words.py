"""What is known of a release, in a few words; plans, listings and explanations say the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.plan import FleetPlan, MovedTo
from reconciler.model.release import Artifact, Listed, Preparation, PrepareStatus, ReleaseInfo
from reconciler.views.clean import clean
from reconciler.views.words import amount, listed, percent

LONG_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
COMMIT = 12

NO_ARTIFACT = "no artifact"

PREPARATION = {
    PrepareStatus.START: "started",
    PrepareStatus.IN_PROGRESS: "in progress",
    PrepareStatus.DONE: "done",
    PrepareStatus.ERROR: "failed",
    PrepareStatus.DELETE: "deleted from the server",
    PrepareStatus.PENDING: "pending",
    PrepareStatus.NOT_ASKED: "not asked",
    PrepareStatus.UNKNOWN: "unknown",
}

RETRYABLE = {
    True: "trying again helps",
    False: "trying again does not help: the release itself must change, or its server",
    None: "whether trying again helps is not known",
}

NOTES = 200
"""Characters of a release's notes that are shown."""


def facts(info: ReleaseInfo) -> Iterator[str]:
    """Yield what people want to know before they move units to a release, cleaned; nothing for what is not known."""
    if info.revision:
        yield f"revision {revision(info)}"
    if info.size is not None:
        yield amount(info.size)
    if info.min_version:
        yield f"needs {clean(info.min_version)} or later"
    if info.minimum_agent:
        yield f"needs agent {clean(info.minimum_agent)} or later"
    if info.must_pass:
        yield "units must pass through it"
    if info.dependencies:
        yield f"brings {listed(info.dependencies)}"
    if info.preparation is not None:
        yield f"preparation: {preparation(info.preparation)}"


def preparation(one: Preparation) -> str:
    """Return how a preparation stands, cleaned: `in progress, 40 %`, `failed: the disk is full (DELIVERY.download)`."""
    word = PREPARATION[one.status]
    if one.status is PrepareStatus.ERROR:
        why = clean(one.error or "the server gives no reason") + (f" ({clean(one.code)})" if one.code else "")
        return f"{word}: {why}; {RETRYABLE[one.retryable]}"
    if one.status is PrepareStatus.UNKNOWN:
        return f"{word}: {clean('; '.join(one.notes))}" if one.notes else word
    running = one.progress is not None and one.status is not PrepareStatus.DONE
    return f"{word}, {percent(one.progress or 0)}" if running else word


def revision(info: ReleaseInfo) -> str:
    """Return the source revision, cleaned; of a commit's long id its beginning, as git shows it."""
    return clean(info.revision)[: COMMIT if LONG_ID.fullmatch(info.revision) else None]


def spoken_of(fleet: FleetPlan) -> list[MovedTo]:
    """Return the versions that a plan moves units to and of which something is known that people decide by."""
    return [one for one in fleet.releases if any(facts(one.info)) or first_line(one)]


def first_line(one: MovedTo | Listed) -> str:
    """Return the first line of a release's notes, cleaned and shortened; empty where they say no more than its name."""
    lines = one.info.notes.strip().splitlines()
    said = lines[0].strip() if lines else ""
    return "" if said == one.version else clean(said, NOTES)


def hardware(artifacts: tuple[Artifact, ...] | None) -> str:
    """Return the hardware versions that have an artifact; `no artifact` where there is none at all, empty where nobody tells."""
    if artifacts is None:
        return ""
    names = sorted({one.hardware for one in artifacts if one.hardware})
    return listed(names) if names else "" if artifacts else NO_ARTIFACT


def artifact(one: Artifact) -> str:
    """Return an artifact on one line, cleaned: `app.bin, 12 MB, for mp, sha256:ab12…`."""
    parts = (
        clean(one.name) or clean(one.kind),
        amount(one.size) if one.size is not None else "",
        f"for {clean(one.hardware)}" if one.hardware else "",
        f"build {clean(one.build)}" if one.build else "",
        clean(one.digest),
    )
    return ", ".join(part for part in parts if part) or "a file of which nothing is told"
