"""How preparations of releases stand, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.release import Preparation, PrepareStatus
from reconciler.model.report import DELIVERIES_FORMAT, ConnectionDeliveries
from reconciler.views.line import EMPTY, Line, folded, line
from reconciler.views.releases_text import PREPARATION, RETRYABLE, artifact
from reconciler.views.words import amount, clean, percent

ARTIFACTS = 5
"""Artifacts of one preparation that are shown; JSON has all."""

NOT_ASKED = "asking could start the preparation on a caching server; use --probe to ask"


def encode(connections: Sequence[ConnectionDeliveries]) -> bytes:
    """Return preparations as UTF-8 JSON."""
    return msgspec.json.encode({"format": DELIVERIES_FORMAT, "connections": list(connections)})


def render(connections: Sequence[ConnectionDeliveries], *, width: int) -> list[Line]:
    """Return how preparations stand, as lines of at most `width` columns."""
    lines: list[Line] = []
    for one in connections:
        head = f" · {clean(one.platform)}" if one.platform else ""
        lines += [EMPTY] if lines else []
        lines.append(line(("Connection ", "bold"), (clean(one.connection), "bold cyan"), head))
        lines += _connection(one)
    return folded(lines, width)


def _connection(one: ConnectionDeliveries) -> Iterator[Line]:
    if one.error:
        yield line(("! could not be asked: ", "bold red"), clean(one.error), indent=2)
        if one.hint:
            yield line((clean(one.hint), "cyan"), indent=4)
    elif not one.prepares:
        yield line("this platform does not prepare releases: units fetch them as they are", indent=2)
    elif not one.preparations and not one.notes:
        yield line("the manifests name no release here that can be prepared", indent=2)
    for preparation in one.preparations:
        yield from _preparation(preparation)
    for note in one.notes:
        yield line(("! ", "yellow"), clean(note), indent=2)


def _preparation(one: Preparation) -> Iterator[Line]:
    facts = [percent(one.progress)] if one.progress is not None else []
    facts += [amount(one.size)] if one.size is not None else []
    besides = "".join(f", {fact}" for fact in facts)
    yield line((clean(one.reference), "bold"), ": ", PREPARATION[one.status], besides, indent=2)
    if one.status is PrepareStatus.NOT_ASKED and not one.notes:
        yield line((NOT_ASKED, "dim"), indent=4)
    if one.error or one.code:
        yield line((clean(one.error or "the server gives no reason"), "red"), _code(one), indent=4)
    if one.status is PrepareStatus.ERROR:
        yield line(RETRYABLE[one.retryable], indent=4)
    for note in one.notes:
        yield line(("! ", "yellow"), clean(note), indent=4)
    for each in one.artifacts[:ARTIFACTS]:
        yield line(artifact(each), indent=4)
    if len(one.artifacts) > ARTIFACTS:
        yield line((f"… and {len(one.artifacts) - ARTIFACTS:,} more files; -o json names all", "dim"), indent=4)


def _code(one: Preparation) -> tuple[str, str]:
    return f" ({clean(one.code)})" if one.code else "", "dim"
