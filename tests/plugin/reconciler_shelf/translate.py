"""Payloads → model, pure."""

from __future__ import annotations

from array import array

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.snapshot import Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler_shelf.wire import Holding, Shelf, Shelves


def units_of(shelves: list[Shelf]) -> Units:
    """Return the inventory: a shelf is one unit, its aisle a tag."""
    return Units.build(
        Unit(
            row=0,
            id=shelf.id,
            name=shelf.name,
            labels=(("aisle", shelf.aisle),),
            reach=Reach.CONNECTED if shelf.online else Reach.DISCONNECTED,
            size=1,
            agent=None,
            assignable=True,
        )
        for shelf in shelves
    )


def state_of(holding: Holding) -> State:
    """Return the observation of one slot."""
    assigned, running = holding.assigned, holding.running
    if not isinstance(assigned, str | None) or not isinstance(running, str | None):
        return State(phase=Phase.UNKNOWN, conditions=(Condition(ConditionCode.UNEXPECTED_VALUE, text="a version"),))
    if assigned == running:
        return State(assigned, running)
    phase = Phase.FAILED if holding.error else Phase.MOVING
    return State(assigned, running, phase, since=holding.since, error=holding.error)


def snapshot_of(
    identity: str, listed: Shelves, packages: set[str], problems: tuple[str, ...], read_at: float
) -> Snapshot:
    """Return one reading; with problems nothing that it does not show is proved."""
    shelves = listed.shelves
    units = units_of(shelves)
    states: dict[State, int] = {EMPTY: 0}
    columns = {name: array("I", bytes(4 * len(units))) for name in packages}
    for shelf in shelves:
        for name, holding in shelf.packages.items():
            state = state_of(holding)
            columns[name][units.index[shelf.id]] = states.setdefault(state, len(states))
    return Snapshot(
        identity=identity,
        units=units,
        workloads=tuple(Workload(name, name) for name in packages),
        states=list(states),
        columns=columns,
        coverage=Coverage(not problems, problems, unseen=max(0, listed.total - len(shelves))),
        read_at=read_at,
    )
