"""Admission: nothing is sent for a fleet whose pacing this version reads but does not enforce, unless a person says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.guards.limit import Load
from reconciler.model.fleet import Document, FleetSpec
from reconciler.model.plan import LimitKind, Violation

PACING = ("waves", "max_moving", "success", "failure", "soak")
"""Fields of `rollout` that pace changes; its `deadline` is in force."""


def admission(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield what paces the changes of a fleet and is not enforced, where there is anything to send."""
    del units
    spec: FleetSpec = document.spec
    found = [] if spec.rollout is None else [f"rollout.{name}" for name in PACING if getattr(spec.rollout, name)]
    if spec.rollout is not None and spec.rollout.on_failure != "halt":
        found.append("rollout.on_failure")
    if spec.windows:
        found.append("windows")
    if found and any(one.changes or one.further for one in loads):
        field = "rollout" if spec.rollout is not None else "windows"
        yield Violation(kind=LimitKind.NOT_ENFORCED, fields=tuple(found), origin=document.locate(("spec", field)))
