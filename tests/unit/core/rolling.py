"""Fleets whose version spreads: what is read of their units, and what comes of it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.model.change import Staging, Verb
from reconciler.model.fleet import Choice, FleetSpec, Override, Rollout, Selector, Wave, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.memory import NOTHING_REMEMBERED, Memory, Went
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.rollout import RolloutPlan
from reconciler.model.ruling import RolloutId
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.strategies import NOW, WHOLE, document, drafted, planned

OLD = State(assigned="v1", reported="v1")
NEW = State(assigned="v2", reported="v2")
MOVING = State(assigned="v2", reported="v1", phase=Phase.MOVING, since=NOW - 5)
STUCK = State(assigned="v2", reported="v1", phase=Phase.MOVING, since=NOW - 5000)
FAILED = State(assigned="v2", reported="v1", phase=Phase.FAILED, since=NOW - 5)
PAUSED = State(assigned="v2", reported="v1", phase=Phase.PAUSED)
UNKNOWN = State(phase=Phase.UNKNOWN)
STAGING = Staging("rollout_percent", "test.raise")
CANARY = Selector(tags={"ring": "canary"})
ID = RolloutId("fleet", "w1", "v2")
UP, DOWN, UNSURE = Reach.CONNECTED, Reach.DISCONNECTED, Reach.UNKNOWN


def name_of(number: int) -> str:
    return f"u{number:02}"


def seen(
    states: Sequence[State],
    *,
    canaries: int = 2,
    rings: Sequence[str] = (),
    reach: Mapping[int, Reach] | None = None,
    sizes: Sequence[int] | None = None,
    coverage: Coverage = PROVED,
) -> Snapshot:
    """A reading of units with these states; the first ones are canaries, unless `rings` says the ring of each."""
    known = list(dict.fromkeys(states))
    rings = rings or ["canary" if number < canaries else "broad" for number in range(len(states))]
    units = [
        Unit(
            0,
            name_of(number),
            f"gw-{number:02}",
            (("ring", rings[number]),),
            (reach or {}).get(number, UP),
            1 if sizes is None else sizes[number],
            None,
            assignable=True,
        )
        for number in range(len(states))
    ]
    return Snapshot(
        identity="test:world",
        units=Units.build(units),
        workloads=(Workload("w1", "poller"),),
        states=[EMPTY, *known],
        columns={"w1": array("I", [1 + known.index(state) for state in states])},
        coverage=coverage,
        read_at=NOW - 1,
    )


def assessed(
    rollout: Rollout,
    snapshot: Snapshot,
    *,
    memory: Memory = NOTHING_REMEMBERED,
    staging: Staging | None = None,
    filters: Filters = WHOLE,
    settings: dict[str, Any] | None = None,
    overrides: Sequence[Override] = (),
    **more: Any,
) -> FleetAssessment:
    workload = WorkloadSpec(version="v2", settings=settings or {}, overrides=list(overrides))
    spec = FleetSpec(
        connection="plant", units=Selector(all=True), workloads={"poller": workload}, rollout=rollout, **more
    )
    one = drafted(document(spec), snapshot, filters)
    one.memory, one.staging = memory, staging
    return one


def plan_of(rollout: Rollout, snapshot: Snapshot, *, info: ReleaseInfo | None = None, **more: Any) -> FleetPlan:
    """Plan v2 for a fleet whose versions spread so."""
    catalog = {Release("w1", name): info or ReleaseInfo(found=True) for name in ("v1", "v2", "v3")}
    return planned(assessed(rollout, snapshot, **more), catalog)


def rollout_of(plan: FleetPlan, version: str = "v2") -> RolloutPlan:
    return next(one for one in plan.rollouts if one.rollout.version == version)


def going(plan: FleetPlan) -> list[str]:
    return [one.unit.id for one in plan.changes]


def held(plan: FleetPlan) -> dict[str, HoldReason]:
    return {one.unit.id: one.reasons[0].code for one in plan.held}


def stages(plan: FleetPlan) -> dict[str, int]:
    return {one.unit.id: one.stage for one in plan.held}


def remembered(**fields: Any) -> Memory:
    return Memory(durable=True, **fields)


def went(
    unit: str, at: float, verb: Verb = Verb.REPLACE, *, to: str | None = "v2", fleet: str = "fleet", late: bool = False
) -> Went:
    answered = None if late else at
    return Went(fleet=fleet, unit=unit, workload="w1", verb=verb, size=1, to=to, at=at - 1, answered=answered)


WAVES = Rollout(waves=[Wave(units=CANARY), "100%"])
PIN = Choice(version="v2")


def changed(rollout: Rollout, **fields: Any) -> Rollout:
    return msgspec.structs.replace(rollout, **fields)
