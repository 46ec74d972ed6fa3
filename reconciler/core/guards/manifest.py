"""What the manifests themselves say against changes.

Vetoes: a mistake that is about the slot, a suspended fleet, a quarantined version. Admission: a scope that matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from reconciler.core.guards.case import Case
from reconciler.core.guards.limit import Load
from reconciler.core.names import known_names
from reconciler.model.fleet import Document
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.quantity import moment
from reconciler.model.unit import Ref


def in_force(until: str | None, now: float) -> bool:
    """Return whether something that lasts until a day (None: for ever) is in force; that day itself is not included."""
    return until is None or datetime.fromtimestamp(now, UTC) < moment(until)


def veto_mistake(case: Case) -> Iterator[Hold]:
    """Yield every mistake in the manifests that is about the slot, whichever fleet made it."""
    yield from case.mistakes


def veto_suspended(case: Case) -> Iterator[Hold]:
    """Yield that the fleet is suspended, while it is."""
    found = case.scene.spec.suspend
    if found is not None and in_force(found.until, case.scene.now):
        yield Hold(HoldReason.SUSPENDED, found.reason, until=found.until)


def veto_quarantined(case: Case) -> Iterator[Hold]:
    """Yield every entry of quarantine in force that names the version which git asks for, or one that the platform sends with it.

    Workloads go by any of their names. What an entry means whose workload nobody knows cannot be told: it holds all.
    """
    scene = case.scene
    if not scene.spec.quarantine:
        return
    known = known_names(scene.spec, scene.snapshot.workloads)
    moves = [(scene.resolution.names(case.column.workload), case.version, ""), *_brought(case)]
    for entry in scene.spec.quarantine:
        for names, version, brought in moves:
            meant = entry.workload in names or entry.workload not in known
            if meant and entry.version == version and in_force(entry.until, scene.now):
                yield Hold(HoldReason.QUARANTINED, entry.reason, until=entry.until, needs=brought)


def _brought(case: Case) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what comes along with the version: all names of its workload, its version, and both as the platform has them."""
    for one in case.info.dependencies:
        name, _, version = one.rpartition(" ")
        known = (workload for workload in case.scene.snapshot.workloads if name in (workload.id, workload.name))
        yield case.scene.resolution.names(next(known, Ref(name, name))), version, one


def scope(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield that no unit is in scope, unless the fleet says that this is meant."""
    del loads
    if units == 0 and not document.spec.allow_empty:
        yield Violation(kind=LimitKind.EMPTY_SCOPE, origin=document.locate(("spec", "units")))
