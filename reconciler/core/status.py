"""A judged fleet → how it is doing: sync, health, who is ready, moving, waiting, failed or stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from reconciler.core.assessment import FleetAssessment, unmanaged
from reconciler.core.gauge import devices, movements, remarks, spreads
from reconciler.core.judge import Judged, health, sync, verdict
from reconciler.model.observation import Phase, State
from reconciler.model.report import FleetStatus, SlotStatus, Trouble, UnitStatus
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Sync, Verdict, worst

READY, OUT, MOVING, WAITING, FAILED, STUCK, UNKNOWN = "ready", "out", "moving", "waiting", "failed", "stuck", "unknown"


def status_bucket(found: Verdict, state: State, reach: Reach) -> str:
    """Return which of the counts of a fleet a managed slot belongs to; each to one."""
    if found is Verdict.UNKNOWN:
        return UNKNOWN
    if sync(found) is Sync.OUT:
        return OUT
    if state.phase is Phase.FAILED:
        return FAILED
    if found in {Verdict.STUCK, Verdict.AHEAD}:
        return STUCK
    if found is Verdict.SYNCED:
        return READY
    return WAITING if health(found, state, reach) is Health.WAITING else MOVING


def axes(one: FleetAssessment) -> tuple[Sync, Health]:
    """Return sync and health of a judged fleet; a fleet with a workload that cannot be identified is unknown."""
    keys = {key for judged in one.judged for key in judged.tally}
    syncs = {sync(found) for found, _, _ in keys}
    healths = {health(found, one.snapshot.states[state], Reach(reach)) for found, state, reach in keys}
    if one.resolution.missing:
        syncs.add(Sync.UNKNOWN)
        healths.add(Health.UNKNOWN)
    overall = next((found for found in (Sync.UNKNOWN, Sync.OUT, Sync.SYNCED) if found in syncs), Sync.NONE)
    return overall, worst(healths)


def fleet_status(one: FleetAssessment, *, units: bool = False) -> FleetStatus:
    """Return how a judged fleet is doing; with `units` each unit and its slots besides."""
    counts: Counter[str] = Counter()
    for judged in one.judged:
        for (found, state, reach), number in judged.tally.items():
            if found is not Verdict.UNMANAGED:
                counts[status_bucket(found, one.snapshot.states[state], Reach(reach))] += number
    both, gauged = axes(one), devices(one)
    missing = tuple(f"{name}: {why}" for name, why in one.resolution.missing if one.filters.workload([name]))
    return FleetStatus(
        fleet=one.document.name,
        connection=one.connection,
        platform=one.platform,
        sync=both[0],
        health=both[1],
        units=len(one.reach),
        ready=counts[READY],
        total=counts.total(),
        out=counts[OUT],
        next_step=sum(judged.count(Verdict.NEXT) for judged in one.judged),
        moving=counts[MOVING],
        waiting=counts[WAITING],
        failed=tuple(_troubles(one, _failed)),
        stuck=tuple(_troubles(one, _stuck)),
        unknown=counts[UNKNOWN],
        unmanaged=unmanaged(one),
        ready_devices=gauged[0] if gauged is not None else None,
        devices=gauged[1] if gauged is not None else None,
        read_at=one.snapshot.read_at,
        spread=tuple(spread for judged in one.judged for spread in spreads(one, judged)),
        movements=tuple(moving for judged in one.judged for moving in movements(one, judged)),
        remarks=tuple(remark for judged in one.judged for remark in remarks(one, judged)),
        diagnostics=one.diagnostics,
        problems=(*one.snapshot.coverage.problems, *missing),
        unit_list=tuple(_units(one)) if units else None,
    )


def _failed(found: Verdict, state: State, reach: Reach) -> bool:
    """Return whether a managed slot failed, be it on the way to what git says or to something else."""
    del reach
    return found not in {Verdict.UNMANAGED, Verdict.UNKNOWN} and state.phase is Phase.FAILED


def _stuck(found: Verdict, state: State, reach: Reach) -> bool:
    return found is not Verdict.UNMANAGED and status_bucket(found, state, reach) == STUCK


def _troubles(one: FleetAssessment, test: Callable[[Verdict, State, Reach], bool]) -> Iterator[Trouble]:
    """Yield the slots that pass a test, by workload, then unit."""
    units, states = one.snapshot.units, one.snapshot.states
    for judged in one.judged:
        if not any(test(found, states[number], Reach(reach)) for found, number, reach in judged.tally):
            continue
        column = judged.column
        for row, number in zip(column.rows, column.rows.of(one.snapshot.column(column.workload.id)), strict=True):
            state, reach = states[number], Reach(units.reach[row])
            if test(verdict(column.rule(row).value, state, reach, one.patience), state, reach):
                yield Trouble(
                    unit=units.ref(row),
                    workload=column.workload.name,
                    version=state.assigned,
                    error=state.error or "",
                    conditions=state.conditions,
                    since=state.since,
                )


def _units(one: FleetAssessment) -> Iterator[UnitStatus]:
    units = one.snapshot.units
    for row in one.reach:
        yield UnitStatus(
            unit=units.ref(row),
            reach=Reach(units.reach[row]).name.lower(),
            slots=tuple(_slot(one, judged, row) for judged in one.judged if judged.column.winner(row)),
        )


def _slot(one: FleetAssessment, judged: Judged, row: int) -> SlotStatus:
    state = one.snapshot.state(judged.column.workload.id, row)
    value = judged.column.rule(row).value
    return SlotStatus(
        workload=judged.column.workload.name,
        desired=str(value),
        assigned=state.assigned,
        reported=state.reported,
        verdict=verdict(value, state, Reach(one.snapshot.units.reach[row]), one.patience),
        error=state.error or "",
        progress=state.progress,
        eta=state.eta,
        ready=state.ready,
        size=state.size,
        conditions=state.conditions,
    )
