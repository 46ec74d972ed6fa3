"""What platforms list of releases, as text and JSON, and what is known of one in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.plan import FleetPlan
from reconciler.model.release import Artifact, Listed, Preparation, PrepareStatus, ReleaseInfo
from reconciler.model.report import RELEASES_FORMAT, ConnectionReleases
from reconciler.views.line import EMPTY, Line, Span, fits, folded, line, table
from reconciler.views.words import amount, clean, count, date, listed, percent

HARDWARE, BRINGS, ALSO, NOTES = "Hardware", "Brings", "Platform", "Notes"
BELOW = frozenset({HARDWARE, BRINGS, ALSO, NOTES})
"""What stands below its release where the rest stands in columns: it may be long."""

RIGHT = frozenset({"Size", "Devices"})

LONG_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
COMMIT = 12

NO_ARTIFACT = "no artifact"

PREPARATION = {
    PrepareStatus.START: ("started", "cyan"),
    PrepareStatus.IN_PROGRESS: ("in progress", "cyan"),
    PrepareStatus.DONE: ("done", "green"),
    PrepareStatus.ERROR: ("failed", "bold red"),
    PrepareStatus.DELETE: ("deleted from the server", "yellow"),
    PrepareStatus.PENDING: ("pending", "cyan"),
    PrepareStatus.NOT_ASKED: ("not asked", "dim"),
    PrepareStatus.UNKNOWN: ("unknown", "bold yellow"),
}
"""What each status of a preparation is called, and its style."""

RETRYABLE = {
    True: ("a retry can help", "cyan"),
    False: ("a retry does not help: the release or the server must change", "yellow"),
    None: ("whether a retry helps is unknown", "dim"),
}

LONGEST_NOTES = 200
"""Characters of a release's notes that are shown."""

Cells = dict[str, str | Span]
"""The cells of a release by the names of their columns; empty ones where nothing is known."""


def encode(connections: Sequence[ConnectionReleases]) -> bytes:
    """Return releases as UTF-8 JSON, with all that is known of each."""
    return msgspec.json.encode({"format": RELEASES_FORMAT, "connections": list(connections)})


def render(connections: Sequence[ConnectionReleases], *, width: int) -> list[Line]:
    """Return releases as lines of at most `width` columns: a table a connection, notes below their release."""
    lines: list[Line] = []
    for one in connections:
        head = f" · {clean(one.platform)}" if one.platform else ""
        lines += [EMPTY] if lines else []
        lines += folded([line(("Connection ", "bold"), (clean(one.connection), "bold cyan"), head)], width)
        lines += _releases(one, width)
    return lines


def problems(connections: Sequence[ConnectionReleases], *, width: int) -> list[Line]:
    """Return what could not be answered, for standard error."""
    found: list[Line] = []
    for one in connections:
        at = f"{clean(one.connection)}: "
        found += [line(("note: ", "yellow"), at, clean(note)) for note in one.notes]
        if one.error:
            found.append(line(("error: ", "bold red"), at, clean(one.error)))
        if one.hint:
            found.append(line(("hint: ", "cyan"), clean(one.hint)))
    return folded(found, width)


def _releases(one: ConnectionReleases, width: int) -> list[Line]:
    if one.error:
        return folded([line(("! could not be read; the error says why", "bold red"), indent=2)], width)
    if not one.releases:
        return folded([line("no release matches", indent=2)], width)
    cells = [_cells(release, prepares=one.prepares) for release in one.releases]
    columns = [name for name in cells[0] if any(_text(row[name]) for row in cells)]
    in_rows = [name for name in columns if name not in BELOW]
    rows = [[row[name] for name in in_rows] for row in cells]
    right = frozenset(position for position, name in enumerate(in_rows) if name in RIGHT)
    if not fits(in_rows, rows, width - 2):
        blocks = [[row[name] for name in columns] for row in cells]
        return [*table(columns, blocks, width, indent=2), *_ending(one, width)]
    lines = table(in_rows, rows, width, indent=2, right=right)
    found = lines[:1]
    for row, of_row in zip(cells, lines[1:], strict=True):
        found.append(of_row)
        below = " · ".join(_below(row))
        found += folded([line((below, "dim"), indent=6)], width) if below else []
    return [*found, *_ending(one, width)]


def _ending(one: ConnectionReleases, width: int) -> list[Line]:
    return folded([line((count(len(one.releases), "release"), "dim"), indent=2)], width)


def _cells(one: Listed, *, prepares: bool) -> Cells:
    info = one.info
    return {
        "Workload": (clean(one.workload.name) or "(unknown)", "bold"),
        "Version": (clean(one.version), "cyan"),
        "Revision": revision(info),
        "Status": ", ".join(_status(one)),
        "Created": date(info.created) if info.created else "",
        "Changed": date(info.updated) if info.updated and info.updated != info.created else "",
        "Size": amount(info.size) if info.size is not None else "",
        "Devices": f"{info.devices:,}" if info.devices is not None else "",
        "Needs": ", ".join(_needs(one)),
        HARDWARE: hardware(info.artifacts),
        BRINGS: listed(info.dependencies),
        "Catalog id": clean(info.reference) if prepares else "",
        ALSO: ", ".join(f"{clean(name)} {clean(text)}" for name, text in info.facts),
        NOTES: (first_line(one), "dim"),
    }


def _below(row: Cells) -> Iterator[str]:
    if row[HARDWARE]:
        yield f"for {row[HARDWARE]}" if row[HARDWARE] != NO_ARTIFACT else NO_ARTIFACT
    if row[BRINGS]:
        yield f"brings {row[BRINGS]}"
    if row[ALSO]:
        yield _text(row[ALSO])
    if _text(row[NOTES]):
        yield _text(row[NOTES])


def _status(one: Listed) -> Iterator[str]:
    if one.info.status:
        yield clean(one.info.status)
    elif not one.info.released:
        yield "not released"
    if one.info.must_pass:
        yield "must pass"
    if one.info.forbidden:
        yield "never deployed"


def _needs(one: Listed) -> Iterator[str]:
    if one.info.min_version:
        yield clean(one.info.min_version)
    if one.info.minimum_agent:
        yield f"agent {clean(one.info.minimum_agent)}"


def _text(cell: str | Span) -> str:
    return cell if isinstance(cell, str) else cell[0]


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
    word, _ = PREPARATION[one.status]
    if one.status is PrepareStatus.ERROR:
        why = clean(one.error or "the server gives no reason") + (f" ({clean(one.code)})" if one.code else "")
        return f"{word}: {why}; {RETRYABLE[one.retryable][0]}"
    if one.status is PrepareStatus.UNKNOWN:
        return f"{word}: {clean('; '.join(one.notes))}" if one.notes else word
    running = one.progress is not None and one.status is not PrepareStatus.DONE
    return f"{word}, {percent(one.progress or 0)}" if running else word


def revision(info: ReleaseInfo) -> str:
    """Return the source revision, cleaned; of a commit's long id its beginning, as git shows it."""
    return clean(info.revision)[: COMMIT if LONG_ID.fullmatch(info.revision) else None]


def spoken_of(fleet: FleetPlan) -> list[Listed]:
    """Return the versions that a plan moves units to and of which something is known that people decide by."""
    return [one for one in fleet.releases if any(facts(one.info)) or first_line(one)]


def first_line(one: Listed) -> str:
    """Return the first line of a release's notes, cleaned and shortened; empty where they say no more than its name."""
    lines = (one.info.summary or one.info.notes).strip().splitlines()
    said = lines[0].strip() if lines else ""
    return "" if said == one.version else clean(said, LONGEST_NOTES)


def hardware(artifacts: tuple[Artifact, ...] | None) -> str:
    """Return the hardware versions that have an artifact; `no artifact` where there is none at all, empty where it is unknown."""
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
        "" if one.executable is None else "executable" if one.executable else "not executable",
        f"arguments {clean(one.arguments)}" if one.arguments else "",
        f"signature {clean(one.signature)}" if one.signature else "",
        f"metadata {clean(one.extra)}" if one.extra not in ("", "{}") else "",
    )
    return ", ".join(part for part in parts if part) or "a file without details"
