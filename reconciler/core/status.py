"""A judged fleet → how it is doing: sync, health, who is ready, moving, waiting, failed or stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator

from reconciler.core.assessment import FleetAssessment, unmanaged
from reconciler.core.gauge import devices, movements, remarks, spreads
from reconciler.core.judge import Judged, health, sync, verdict
from reconciler.model.observation import Phase, State
from reconciler.model.quantity import iso
from reconciler.model.report import FleetStatus, SlotStatus, Trouble, UnitStatus
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Standing, Sync, Verdict, worst

Test = Callable[[Verdict, State, Reach], bool]
"""Whether a slot is meant, by its verdict, state and reach."""


def status_bucket(found: Verdict, state: State, reach: Reach) -> Standing:
    """Return which of the counts of a fleet a managed slot belongs to; each to one."""
    if found is Verdict.UNKNOWN:
        return Standing.UNKNOWN
    if sync(found) is Sync.OUT:
        return Standing.OUT
    if state.phase is Phase.FAILED:
        return Standing.FAILED
    if found in {Verdict.STUCK, Verdict.AHEAD}:
        return Standing.STUCK
    if found is Verdict.SYNCED:
        return Standing.READY
    return Standing.WAITING if health(found, state, reach) is Health.WAITING else Standing.MOVING


def standings(found: Verdict, state: State, reach: Reach) -> frozenset[Standing]:
    """Return everything that people ask for by which a slot is found; nothing for one that is unmanaged."""
    if found is Verdict.UNMANAGED:
        return frozenset()
    degraded = {Standing.DEGRADED} if health(found, state, reach) is Health.DEGRADED else set()
    failed = {Standing.FAILED} if _failed(found, state, reach) else set()
    return frozenset({status_bucket(found, state, reach), *degraded, *failed})


def began(state: State) -> str | None:
    """Return when that began which a state shows, None where nobody knows."""
    return None if state.since is None else iso(state.since)


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


def unmatched(one: FleetAssessment) -> int:
    """Return how many pins, overrides and selectors speak of units that are not there."""
    return sum(found.code == "no-match" for found in one.resolution.warnings)


def fleet_status(one: FleetAssessment, *, units: bool = False, only: Collection[Standing] = ()) -> FleetStatus:
    """Return how a judged fleet is doing; with `units` each unit and its slots besides, with `only` those that stand so."""
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
        ready=counts[Standing.READY],
        total=counts.total(),
        out=counts[Standing.OUT],
        next_step=sum(judged.count(Verdict.NEXT) for judged in one.judged),
        moving=counts[Standing.MOVING],
        waiting=counts[Standing.WAITING],
        failed=tuple(_troubles(one, _failed)),
        stuck=tuple(_troubles(one, _stuck)),
        unknown=counts[Standing.UNKNOWN],
        unmanaged=unmanaged(one),
        ready_devices=gauged[0] if gauged is not None else None,
        devices=gauged[1] if gauged is not None else None,
        read_at=iso(one.snapshot.read_at),
        spread=tuple(spread for judged in one.judged for spread in spreads(one, judged)),
        movements=tuple(moving for judged in one.judged for moving in movements(one, judged)),
        remarks=tuple(remark for judged in one.judged for remark in remarks(one, judged)),
        diagnostics=one.diagnostics,
        unmatched=unmatched(one),
        problems=(*one.snapshot.coverage.problems, *missing),
        unit_list=tuple(_units_of(one, frozenset(only)) if only else _units(one)) if units or only else None,
    )


def _failed(found: Verdict, state: State, reach: Reach) -> bool:
    """Return whether a managed slot failed, be it on the way to what git says or to something else."""
    del reach
    return found not in {Verdict.UNMANAGED, Verdict.UNKNOWN} and state.phase is Phase.FAILED


def _stuck(found: Verdict, state: State, reach: Reach) -> bool:
    return found is not Verdict.UNMANAGED and status_bucket(found, state, reach) == Standing.STUCK


def _rows(one: FleetAssessment, judged: Judged, test: Test) -> Iterator[tuple[int, State]]:
    """Yield the slots of a workload that pass a test, as rows with their states."""
    units, states = one.snapshot.units, one.snapshot.states
    if not any(test(found, states[number], Reach(reach)) for found, number, reach in judged.tally):
        return
    column = judged.column
    for row, number in zip(column.rows, column.rows.of(one.snapshot.column(column.workload.id)), strict=True):
        state, reach = states[number], Reach(units.reach[row])
        if test(verdict(column.rule(row).value, state, reach, one.patience), state, reach):
            yield row, state


def _troubles(one: FleetAssessment, test: Test) -> Iterator[Trouble]:
    """Yield the slots that pass a test, by workload, then unit."""
    for judged in one.judged:
        for row, state in _rows(one, judged, test):
            yield Trouble(
                unit=one.snapshot.units.ref(row),
                workload=judged.column.workload.name,
                version=state.assigned,
                error=state.error or "",
                conditions=state.conditions,
                since=began(state),
            )


def _units(one: FleetAssessment) -> Iterator[UnitStatus]:
    for row in one.reach:
        yield unit_status(one, row)


def unit_status(one: FleetAssessment, row: int) -> UnitStatus:
    """Return one unit in the reach of a fleet, and its slots."""
    return _unit(one, row, [judged for judged in one.judged if judged.column.winner(row)])


def _units_of(one: FleetAssessment, only: frozenset[Standing]) -> Iterator[UnitStatus]:
    """Yield the units some of whose slots stand so, with these slots."""
    found: dict[int, list[Judged]] = {}
    for judged in one.judged:
        for row, _ in _rows(one, judged, lambda *slot: not only.isdisjoint(standings(*slot))):
            found.setdefault(row, []).append(judged)
    for row in sorted(found):
        yield _unit(one, row, found[row])


def _unit(one: FleetAssessment, row: int, some: list[Judged]) -> UnitStatus:
    units = one.snapshot.units
    return UnitStatus(
        unit=units.ref(row),
        key=units.key(row),
        reach=Reach(units.reach[row]).name.lower(),
        slots=tuple(_slot(one, judged, row) for judged in some),
    )


def _slot(one: FleetAssessment, judged: Judged, row: int) -> SlotStatus:
    workload = judged.column.workload
    state, reach = one.snapshot.state(workload.id, row), Reach(one.snapshot.units.reach[row])
    value = judged.column.rule(row).value
    found = verdict(value, state, reach, one.patience)
    return SlotStatus(
        workload=workload.name,
        workload_id=workload.id,
        desired=str(value),
        assigned=state.assigned,
        reported=state.reported,
        verdict=found,
        sync=sync(found),
        health=health(found, state, reach),
        since=began(state),
        error=state.error or "",
        progress=state.progress,
        eta=state.eta,
        ready=state.ready,
        size=state.size,
        conditions=state.conditions,
    )
