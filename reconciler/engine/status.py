"""The use case "status": how fleets are doing, from one reading of their connections, or from one after another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec

from reconciler.core.decide import PlanRequest
from reconciler.core.status import fleet_status
from reconciler.engine.group import Open
from reconciler.engine.plan import PlanResult, plan
from reconciler.errors import ReconcilerError
from reconciler.model.plan import FleetPlan
from reconciler.model.report import FleetStatus, Status
from reconciler.model.verdict import Health, Standing, Sync
from reconciler.ports import Clock, History


def status(planned: PlanResult, *, units: bool = False, only: Collection[Standing] = ()) -> Status:
    """Return how every fleet of a plan is doing; with `units` each unit besides. A fleet that could not be read says why.

    With `only`, the slots that stand so are listed; fleets without any are left out, unless not all of them was read.
    """
    found = [_fleet(planned, fleet, units=units, only=only) for fleet in planned.plan.fleets]
    return Status(
        fleets=tuple(one for one in found if not only or one.unit_list or one.error or one.problems),
        filters=planned.plan.filters,
        only=tuple(only),
    )


def follow(
    ask: Callable[[bool], tuple[PlanRequest, Open]],
    clock: Clock,
    interval: float,
    history: History,
    *,
    units: bool,
    only: Collection[Standing],
) -> Iterator[Status | ReconcilerError]:
    """Yield how fleets are doing, again and again until stopped, with `interval` seconds between two readings.

    `ask` says each time of which manifests; its argument is whether this is a later time. What makes a later reading
    impossible comes in its place; the first one raises it.
    """
    again = False
    while True:
        try:
            planned = plan(*ask(again), clock, history)
        except ReconcilerError as error:
            if not again:
                raise
            yield error
        else:
            planned.close()
            yield status(planned, units=units, only=only)
        again = True
        if clock.sleep(interval):
            return


def _fleet(planned: PlanResult, fleet: FleetPlan, *, units: bool, only: Collection[Standing]) -> FleetStatus:
    if fleet.error:
        return FleetStatus(
            fleet=fleet.fleet,
            connection=fleet.connection,
            platform=fleet.platform,
            sync=Sync.UNKNOWN,
            health=Health.UNKNOWN,
            error=fleet.error,
        )
    found = fleet_status(planned.assessments[fleet.fleet], units=units, only=only)
    return msgspec.structs.replace(found, rollouts=fleet.rollouts) if fleet.rollouts else found
