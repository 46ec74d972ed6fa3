"""The use case "top": fleets and each of their units, from one reading after another, and why any unit is as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from reconciler.core.decide import PlanRequest
from reconciler.engine.explain import explanation
from reconciler.engine.group import Open
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.status import status
from reconciler.errors import ReconcilerError
from reconciler.model.fleet import Manifest
from reconciler.model.hold import HoldReason
from reconciler.model.report import Explanation, FleetStatus, UnitStatus
from reconciler.model.verdict import Health
from reconciler.ports import Authors, Clock, History


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of everything: how fleets are doing with their units, and what is held of each, by why."""

    at: float
    """When it was complete, in seconds since 1970."""
    fleets: tuple[FleetStatus, ...]
    held: dict[str, int]
    """Changes that are held, by fleet; those that go in the same run once earlier ones took effect are none."""
    reasons: dict[str, Counter[HoldReason]]
    """Why, by fleet; a change may have several reasons."""
    planned: PlanResult
    manifest: Manifest

    def fleet(self, name: str) -> FleetStatus | None:
        """Return one fleet, unless it is gone."""
        return next((one for one in self.fleets if one.fleet == name), None)

    def explained(self, unit: str, authors: Authors) -> Explanation:
        """Return why a unit, by its id, is as this reading shows it. Raises SettingsError where it is gone."""
        return explanation(self.planned, self.manifest, authors, unit)


def failing(one: FleetStatus) -> bool:
    """Return whether something of a fleet failed, is stuck, or could not be read."""
    return bool(one.error or one.problems or one.failed or one.stuck)


def unit_failing(one: UnitStatus) -> bool:
    """Return whether a slot of a unit failed or is stuck, or the reading did not prove its state."""
    return any(slot.health in {Health.DEGRADED, Health.UNKNOWN} for slot in one.slots)


def overviews(
    ask: Callable[[], tuple[PlanRequest, Open]], wait: Callable[[], bool], clock: Clock, history: History
) -> Iterator[Overview | ReconcilerError]:
    """Yield one reading after another until `wait`, called between two of them, returns true.

    What makes a later reading impossible comes in its place; the first one raises it.
    """
    first = True
    while True:
        try:
            request, open_ = ask()
            planned = plan(request, open_, clock, history)
        except ReconcilerError as error:
            if first or clock.stopping():
                raise
            yield error
        else:
            planned.close()
            yield _overview(planned, request.manifest, clock.now())
        first = False
        if wait():
            return


def _overview(planned: PlanResult, manifest: Manifest, at: float) -> Overview:
    held = {fleet.fleet: [one for one in fleet.held if not one.stage] for fleet in planned.plan.fleets}
    return Overview(
        at=at,
        fleets=status(planned, units=True).fleets,
        held={name: len(some) for name, some in held.items()},
        reasons={
            name: Counter(code for one in some for code in {why.code for why in one.reasons})
            for name, some in held.items()
        },
        planned=planned,
        manifest=manifest,
    )
