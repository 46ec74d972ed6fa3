"""Plans that wait for a person: which one a watch proposes for a fleet, and which one was approved and is in force.

The history has the newest proposal of each fleet, and whether it was approved. Unapproved it stands while it lets all go that
is to go today. Approved it is carried out as every saved plan is, an upper bound, until it expires or lets nothing more go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.begin import begin
from reconciler.core.bind import slot_of
from reconciler.core.digest import sealed
from reconciler.model.change import SlotId
from reconciler.model.event import Proposed
from reconciler.model.memory import Memory
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.quantity import moment


class Standing(msgspec.Struct, frozen=True):
    """How a fleet's proposals stand: what is to be proposed anew, and the plan that may be carried out."""

    proposed: Proposed | None = None
    approved: FleetPlan | None = None


class Carried:
    """What passes reported of the slots of approved plans: a plan stays in force for many passes, and each says what is new."""

    def __init__(self) -> None:
        self._plans: dict[str, FleetPlan] = {}
        self._last: dict[str, dict[SlotId, Outcome]] = {}

    def begin(self, plans: Mapping[str, FleetPlan]) -> None:
        """Take the approved plans of a pass, by fleet; what was reported of others is forgotten."""
        self._last = {
            name: self._last.get(name, {}) if self._plans.get(name) is one else {} for name, one in plans.items()
        }
        self._plans = dict(plans)

    def new(self, one: Outcome) -> bool:
        """Return whether what became of a slot before anything was sent is news: what was sent is followed to its end elsewhere."""
        last = self._last.get(one.fleet, {}).get((one.unit.id, one.workload.id))
        if last is None:
            return True
        sent = last.result in {Result.DONE, Result.WAITING}
        return one != last and not (sent and one.result in {Result.DONE, Result.WAITING, Result.FAILED})

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Take what a pass reported."""
        for one in outcomes:
            if one.fleet in self._last:
                self._last[one.fleet][one.unit.id, one.workload.id] = one


def standing(today: Plan, fleet: FleetPlan, one: FleetAssessment, memory: Memory, *, at: float, run: str) -> Standing:
    """Return how the proposals of a fleet stand that has something to do, at a time in seconds since 1970."""
    newest = memory.proposals.get(fleet.fleet)
    if newest is not None and at <= moment(newest.plan.times.expires).timestamp():
        saved = newest.plan.fleets[0]
        going = _let_in(saved, fleet, one)
        let = [slot_of(change) in going for change in fleet.changes]
        if newest.approval is not None and (any(let) or not let):
            return Standing(approved=saved)
        if newest.approval is None and all(let):
            return Standing()
    alone = sealed(msgspec.structs.replace(today, fleets=(fleet,), connections=(), loosened=()))
    return Standing(proposed=Proposed(at=at, run=run, fleet=fleet.fleet, plan=alone))


def _let_in(saved: FleetPlan, today: FleetPlan, one: FleetAssessment) -> Collection[SlotId]:
    """Return the slots that a saved plan lets go today."""
    limits = {violation.kind.value for violation in today.violations}
    return begin(today, one, saved, allowed=limits, wait=True, steps=True, fail_fast=False).progress.tracks
