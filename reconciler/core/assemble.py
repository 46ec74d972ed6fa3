"""Plans of fleets → the plan."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.digest import sealed
from reconciler.model.plan import FleetPlan, Plan, Times
from reconciler.model.provenance import ConnectionChange, Loosened, Provenance, Reading
from reconciler.model.quantity import iso

LIFETIME = 24 * 3600.0
"""Seconds after which a saved plan is refused, where nobody says."""

NOWHERE = Provenance()


def assemble(  # the plans of fleets, and what belongs to them
    fleets: Sequence[FleetPlan],
    *,
    now: float,
    read: dict[str, float],
    filters: str,
    lifetime: float = LIFETIME,
    provenance: Provenance = NOWHERE,
    connections: tuple[ConnectionChange, ...] = (),
    loosened: tuple[Loosened, ...] = (),
) -> Plan:
    """Return the whole plan, which expires after `lifetime` seconds.

    `now` and the values of `read` (when each connection was read) in seconds since 1970.
    """
    ordered = tuple(sorted(fleets, key=lambda one: one.fleet))
    errored = any(one.error for one in ordered)
    plan = Plan(
        fingerprint="",
        checksum="",
        times=Times(
            created=iso(now),
            expires=iso(now + lifetime),
            read={name: iso(at) for name, at in sorted(read.items())},
        ),
        complete=not errored
        and all(one.basis.complete and not one.summary.unknown for one in ordered)
        and all(one.reading is Reading.PLANNED for one in connections),
        applyable=any(one.goes and not one.violations for one in ordered),
        errored=errored,
        filters=filters,
        provenance=provenance,
        connections=connections,
        loosened=loosened,
        fleets=ordered,
    )
    return sealed(plan)
