"""Who activated what a cohort is assigned: the deployer of the activation, confirmed (WEB api/deployments).

Only an activation that an earlier reading did not show brought the slot where it is. Where a release was pulled and an older
activation leads since, nothing says who pulled it; nor does anything say who changed a percentage.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.errors import PlatformError
from reconciler.model.change import SlotId
from reconciler.model.drift import Actor, ActorKind
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault.routes import DOCUMENTED, Routes
from reconciler.platforms.memfault.slots import ACTIVE
from reconciler.platforms.memfault.wire import Deployment, Person

COHORTS = 20
"""Cohorts that are asked about in one request."""
REQUESTS = 5
"""Requests at most; what they do not show stays unknown."""
NAME = 100
"""Characters of a name at most."""


def attributed(routes: Routes, slots: Mapping[SlotId, str | None], before: Snapshot | None) -> dict[SlotId, Actor]:
    """Return who activated these versions, since an earlier reading or ever, as far as it can be read."""
    asked = {slot: version for slot, version in slots.items() if version is not None}
    cohorts = sorted({cohort for cohort, _ in asked})
    rows: dict[tuple[str, str], list[Deployment]] = {}
    for start in range(0, min(len(cohorts), COHORTS * REQUESTS), COHORTS):
        filters = [("cohort", cohort) for cohort in cohorts[start : start + COHORTS]]
        try:
            page = routes.deployments(filters, 0, DOCUMENTED, newest_first=True)
        except PlatformError:
            break
        for row in page.items:
            if row.status in ACTIVE:
                rows.setdefault((row.cohort.slug, row.release.name), []).append(row)
    found: dict[SlotId, Actor] = {}
    for (cohort, workload), version in asked.items():
        known = before.reference(cohort, workload, version).split(",") if before is not None else []
        fresh = [row for row in rows.get((cohort, version), ()) if str(row.id) not in known]
        if len(fresh) == 1 and fresh[0].deployer is not None:
            actor = _actor(fresh[0].deployer, fresh[0].deployed_date)
            if actor is not None:
                found[cohort, workload] = actor
    return found


def _actor(deployer: Person, at: datetime | None) -> Actor | None:
    name = clean(deployer.name or deployer.email, NAME)
    moment = None if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return Actor(name=name, kind=ActorKind.USER, at=moment) if name else None
