"""The use case "status": how fleets are doing, from one reading of their connections."""

from __future__ import annotations

from reconciler.core.status import fleet_status
from reconciler.engine.plan import PlanResult
from reconciler.model.plan import FleetPlan
from reconciler.model.report import FleetStatus, Status
from reconciler.model.verdict import Health, Sync


def status(planned: PlanResult, *, units: bool = False) -> Status:
    """Return how every fleet of a plan is doing; with `units` each unit besides. A fleet that could not be read says why."""
    return Status(
        fleets=tuple(_fleet(planned, fleet, units=units) for fleet in planned.plan.fleets),
        filters=planned.plan.filters,
    )


def _fleet(planned: PlanResult, fleet: FleetPlan, *, units: bool) -> FleetStatus:
    if fleet.error:
        return FleetStatus(
            fleet=fleet.fleet,
            connection=fleet.connection,
            platform=fleet.platform,
            sync=Sync.UNKNOWN,
            health=Health.UNKNOWN,
            error=fleet.error,
        )
    return fleet_status(planned.assessment(fleet.fleet), units=units)
