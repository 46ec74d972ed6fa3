"""A judged fleet → numbers behind its status: versions in slots and devices, progress of what moves, remarks on slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged, reports_assigned
from reconciler.model.condition import Condition
from reconciler.model.observation import Phase, State
from reconciler.model.report import Movement, Remark, Spread
from reconciler.model.unit import Ref
from reconciler.model.verdict import Verdict

NOT_COUNTED = frozenset({Verdict.UNMANAGED, Verdict.UNKNOWN})

ON_THE_WAY = frozenset({Phase.MOVING, Phase.READY})

STANDING_STILL = frozenset({Verdict.STUCK, Verdict.AHEAD})

SILENT = frozenset({Verdict.UNMANAGED})

SAMPLE = 3
"""Units that a remark names."""


def spreads(one: FleetAssessment, judged: Judged) -> Iterator[Spread]:
    """Yield how many managed slots are assigned and report each version, and how many devices report it; most first."""
    assigned: Counter[str | None] = Counter()
    reported: Counter[str | None] = Counter()
    running: Counter[str | None] = Counter()
    several = False
    for _, state, count in _states(one, judged):
        assigned[state.assigned] += count
        reported[state.reported] += count
        several = several or _several(state)
        for name, number in state.spread if _several(state) else ((state.reported, 1),):
            running[name] += count * number
    names = assigned.keys() | reported.keys() | (running.keys() if several else set())
    for name in sorted(names, key=lambda name: (-assigned[name], name is None, name or "")):
        yield Spread(
            workload=judged.column.workload.name,
            version=name,
            assigned=assigned[name],
            reported=reported[name],
            devices=running[name] if several else None,
        )


def devices(one: FleetAssessment) -> tuple[int, int] | None:
    """Return how many devices run what they were assigned, of how many that are to report; None where each unit is one."""
    ready = total = 0
    several = False
    for judged in one.judged:
        for _, state, count in _states(one, judged):
            several = several or _several(state)
            total += count * state.size
            ready += count * (state.ready if state.ready is not None else state.size * reports_assigned(state))
    return (ready, total) if several else None


def movements(one: FleetAssessment, judged: Judged) -> Iterator[Movement]:
    """Yield what is on the way to each version, most slots first."""
    found: dict[str | None, list[tuple[State, int]]] = {}
    for judgement, state, count in _states(one, judged):
        if state.phase in ON_THE_WAY and judgement not in STANDING_STILL:
            found.setdefault(state.assigned, []).append((state, count))
    for name, some in sorted(found.items(), key=lambda entry: (-sum(count for _, count in entry[1]), entry[0] or "")):
        progress = [state.progress for state, _ in some if state.progress is not None]
        yield Movement(
            workload=judged.column.workload.name,
            version=name,
            slots=sum(count for _, count in some),
            least=min(progress, default=None),
            most=max(progress, default=None),
            eta=max((state.eta for state, _ in some if state.eta is not None), default=None),
        )


def remarks(one: FleetAssessment, judged: Judged) -> Iterator[Remark]:
    """Yield what the platform adds to managed slots, most slots first; why a reading covers no slot is no remark."""
    states = one.snapshot.states
    if not any(number and states[number].conditions for found, number, _ in judged.tally if found not in SILENT):
        return
    counts: Counter[tuple[Condition, ...]] = Counter()
    units: dict[tuple[Condition, ...], list[Ref]] = {}
    column = judged.column
    for row, number in zip(column.rows, column.rows.of(one.snapshot.column(column.workload.id)), strict=True):
        conditions = states[number].conditions
        if number and conditions:
            counts[conditions] += 1
            if counts[conditions] <= SAMPLE:
                units.setdefault(conditions, []).append(one.snapshot.units.ref(row))
    for found, count in sorted(counts.items(), key=lambda entry: (-entry[1], repr(entry[0]))):
        yield Remark(workload=column.workload.name, conditions=found, slots=count, units=tuple(units[found]))


def _states(one: FleetAssessment, judged: Judged) -> Iterator[tuple[Verdict, State, int]]:
    """Yield verdict, state and number of managed slots of which something is known."""
    for (found, number, _), count in judged.tally.items():
        if found not in NOT_COUNTED:
            yield found, one.snapshot.states[number], count


def _several(state: State) -> bool:
    """Return whether a state is that of a unit of several devices."""
    return state.ready is not None or bool(state.spread) or state.size != 1
