"""The use case "approve": a person lets a watch carry out a plan that it proposed."""

from __future__ import annotations

from reconciler.errors import PlanExpired
from reconciler.model.event import Approved, Proposed
from reconciler.model.quantity import moment


def approved(found: Proposed, *, reason: str, by: str, at: float, run: str) -> Approved:
    """Return what is to be recorded, at a time in seconds since 1970. Raises PlanExpired."""
    if at > moment(found.plan.times.expires).timestamp():
        raise PlanExpired(f"the plan expired at {found.plan.times.expires}", hint="the watch proposes it anew")
    return Approved(at=at, run=run, fleet=found.fleet, fingerprint=found.plan.fingerprint, reason=reason, by=by)
