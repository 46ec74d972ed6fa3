"""All admissions together, and what of their answer the fleet's own `allow:` lifts while it is in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.core.guards import limit, manifest
from reconciler.core.guards.limit import Load
from reconciler.core.guards.manifest import in_force
from reconciler.model.fleet import Allowance, Document, FleetSpec
from reconciler.model.plan import Lifted, LimitKind, Violation

ADMISSIONS = (manifest.scope, limit.admission)


class Admitted(msgspec.Struct, frozen=True):
    """What forbids the changes of a fleet, and what would if the fleet did not say that it is meant."""

    violations: tuple[Violation, ...]
    lifted: tuple[Lifted, ...] = ()


def admitted(document: Document, loads: Sequence[Load], units: int, now: float) -> Admitted:
    """Hold what a fleet intends against every admission. `units` is the number of units in scope, `now` in seconds since 1970.

    A workload whose limit is lifted counts in no sum of that limit either: what else the fleet intends is judged as if it
    were not there.
    """
    spec: FleetSpec = document.spec
    entries = [(position, one) for position, one in enumerate(spec.allow) if in_force(one.until, now)]
    found = tuple(_judged(document, loads, units))
    if not entries or not found:
        return Admitted(found)
    left: list[Violation] = []
    for kind in LimitKind:
        mine = [one for _, one in entries if one.limit == kind.value]
        if not mine:
            left += [one for one in found if one.kind is kind]
            continue
        rest = [load for load in loads if not any(_names(one, load) for one in mine)]
        whole = any(one.workload is None for one in mine)
        left += [
            one
            for one in _judged(document, rest, units)
            if one.kind is kind and not (whole and not one.every_holder_of)
        ]
    still = {_subject(one) for one in left}
    lifted = [one for one in found if _subject(one) not in still]
    return Admitted(
        tuple(left),
        tuple(_lifted(document, one, entries, loads) for one in lifted),
    )


def _judged(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    for admission in ADMISSIONS:
        yield from admission(document, loads, units)


def _names(entry: Allowance, load: Load) -> bool:
    return entry.workload in load.names


def _subject(one: Violation) -> tuple[LimitKind, str, str, str]:
    return one.kind, one.workload, one.every_holder_of, one.value


def _lifted(
    document: Document, one: Violation, entries: Sequence[tuple[int, Allowance]], loads: Sequence[Load]
) -> Lifted:
    """Return a violation with the entry that lifts it: the one that names its workload, else the first of its kind."""
    mine = [(position, entry) for position, entry in entries if entry.limit == one.kind.value]
    about = [load for load in loads if load.workload == (one.every_holder_of or one.workload)]
    named = [pair for pair in mine if any(_names(pair[1], load) for load in about)]
    position, entry = (named or mine)[0]
    return Lifted(
        violation=one, reason=entry.reason, until=entry.until, origin=document.locate(("spec", "allow", position))
    )
