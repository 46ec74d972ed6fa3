"""An event as a row and back, and the hash that chains it to the row before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from reconciler.model.event import AnyEvent, Intended, Resolved, Settled
from reconciler.model.event_shape import fleet_of, from_builtins, to_builtins
from reconciler.model.unit import Ref

LONGEST = 200
"""Characters of a name in a column that is asked for: an index takes no more. The body has all of it."""

CHAINED = (
    "id", "at", "run", "kind", "fleet", "unit", "unit_name", "workload", "workload_name", "call", "writer", "number", "body",
)  # fmt: skip

Row = dict[str, Any]
NOBODY = Ref("", "")


def column(text: str) -> str:
    """Return a name as a column can have it: no database index takes any length, and PostgreSQL no NUL."""
    return text if len(text) <= LONGEST and "\0" not in text else text[:LONGEST].replace("\0", "\ufffd")


def kind_of(event: AnyEvent | type[AnyEvent]) -> str:
    """Return the name of a kind of events, as JSON has it."""
    return str(event.__struct_config__.tag)


def row_of(event: AnyEvent, writer: str, number: int) -> Row:
    """Return an event as a row that has no place in the chain yet."""
    about = getattr(event, "outcome", event)
    unit: Ref = getattr(about, "unit", NOBODY)
    workload: Ref = getattr(about, "workload", NOBODY)
    return {
        "at": float(event.at),
        "run": column(event.run),
        "kind": kind_of(event),
        "fleet": column(fleet_of(event)),
        "unit": column(unit.id),
        "unit_name": column(unit.name),
        "workload": column(workload.id),
        "workload_name": column(workload.name),
        "call": getattr(event, "call", None),
        "writer": writer,
        "number": number,
        "body": msgspec.json.encode(to_builtins(event)).decode(),
    }


def _slots(event: AnyEvent) -> list[tuple[Ref, Ref]]:
    """Return the slots of an event that may name several."""
    if isinstance(event, Settled):
        return []  # by far the most frequent
    if isinstance(event, Intended | Resolved):
        return [(one.unit, one.workload) for one in event.slots]
    workload: Ref = getattr(event, "workload", NOBODY)
    return [(unit, workload) for unit in getattr(event, "units", ())]


def slot_rows(number: int, event: AnyEvent) -> Iterator[Row]:
    """Yield the slots of an event that has this id, where it may name several."""
    for position, (unit, workload) in enumerate(_slots(event)):
        yield {
            "event": number,
            "position": position,
            "unit": column(unit.id),
            "unit_name": column(unit.name),
            "workload": column(workload.id),
            "workload_name": column(workload.name),
        }


def hash_of(row: Mapping[str, Any], before: str) -> str:
    """Return the hash of a row behind one whose hash is `before`."""
    content = msgspec.json.encode([row[name] for name in CHAINED])
    return sha256(before.encode() + content).hexdigest()


def chained(rows: Sequence[Row], last: int, before: str) -> list[Row]:
    """Return rows with their ids and hashes, behind the row of the id `last`."""
    for number, row in enumerate(rows, last + 1):
        row["id"] = number
        row["hash"] = before = hash_of(row, before)
    return list(rows)


def event_of(at: float, body: str) -> AnyEvent | None:
    """Return the event of a row, None for one that this program does not know. `at` is more exact than the JSON."""
    try:
        return from_builtins(msgspec.json.decode(body), at)
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError):
        return None
