"""How a fleet stands at the end of a pass of watch, in numbers: what metrics and notifications are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards import limit
from reconciler.core.judge import Judged, verdict
from reconciler.core.news import Moment
from reconciler.core.status import axes, status_bucket
from reconciler.model.event import Failing, Passed
from reconciler.model.plan import FleetPlan
from reconciler.model.unit import Reach, Ref
from reconciler.model.verdict import Health, Standing, Sync, Verdict

SAMPLE = 3
"""Units that are named of those that fail alike."""
MOST = 20
"""Kinds of failures of a fleet that are named."""
BAD = frozenset({Standing.FAILED, Standing.STUCK})


class Tally(msgspec.Struct, frozen=True):
    """The numbers of one fleet, by the values of their enums."""

    verdicts: dict[str, int]
    standings: dict[str, int]
    failing: tuple[Failing, ...]
    budgets: dict[str, int]


def passed(  # a fleet, and what a pass made of it
    fleet: FleetPlan,
    one: FleetAssessment | None,
    moment: Moment,
    *,
    number: int,
    waited: bool,
    outcomes: Mapping[str, int],
) -> Passed:
    """Return how a fleet stands after a pass; `one` is None where its connection could not be read."""
    sync, health = (Sync.UNKNOWN, Health.UNKNOWN) if one is None else axes(one)
    return Passed(
        at=moment.at,
        run=moment.run,
        fleet=fleet.fleet,
        number=number,
        sync=sync.value,
        health=health.value,
        changes=len(fleet.changes),
        held=len(fleet.held),
        violations=len(fleet.violations),
        mistakes=len(fleet.mistakes),
        waited=waited,
        reasons=dict(Counter(code for held in fleet.held for code in {one.code.value for one in held.reasons})),
        outcomes=dict(outcomes),
        platform=fleet.platform,
        read_at=None if one is None else one.snapshot.read_at,
        full_at=None if one is None else one.snapshot.read_in_full_at,
        error=fleet.error,
        **({} if one is None else msgspec.structs.asdict(tally(one))),
    )


def tally(one: FleetAssessment) -> Tally:
    """Count a fleet. Only where something fails are its slots looked at one by one."""
    verdicts: Counter[str] = Counter()
    standings: Counter[str] = Counter()
    failing: list[Failing] = []
    for judged in one.judged:
        bad = set()
        for (found, number, reach), count in judged.tally.items():
            verdicts[found.value] += count
            if found is not Verdict.UNMANAGED:
                stands = status_bucket(found, one.snapshot.states[number], Reach(reach))
                standings[stands.value] += count
                if stands in BAD:
                    bad.add(number)
        if bad:
            failing += _failing(one, judged, bad)
    failing.sort(key=lambda each: (-each.slots, each.workload.name, each.version or ""))
    loads = limit.of_fleet(one, one.unfiltered)  # watch has no base to lag behind
    budgets = {verb.value: left for verb, left in limit.room(one.resolution.spec, loads).items()}
    return Tally(dict(verdicts), dict(standings), tuple(failing[:MOST]), budgets)


def _failing(one: FleetAssessment, judged: Judged, bad: set[int]) -> Iterator[Failing]:
    """Yield what fails of a workload, by version. `bad` are the numbers of the states that may."""
    units, states, column = one.snapshot.units, one.snapshot.states, judged.column
    counts: Counter[str | None] = Counter()
    samples: dict[str | None, list[Ref]] = {}
    errors: dict[str | None, str] = {}
    for row, number in zip(column.rows, column.rows.of(one.snapshot.column(column.workload.id)), strict=True):
        if number not in bad:
            continue
        state, reach = states[number], Reach(units.reach[row])
        found = verdict(column.rule(row).value, state, reach, one.patience)
        if found is Verdict.UNMANAGED or status_bucket(found, state, reach) not in BAD:
            continue
        counts[state.assigned] += 1
        if counts[state.assigned] <= SAMPLE:
            samples.setdefault(state.assigned, []).append(units.ref(row))
        if state.error:
            errors.setdefault(state.assigned, state.error)
    for version, count in counts.items():
        yield Failing(
            workload=column.workload.ref,
            version=version,
            slots=count,
            units=tuple(samples[version]),
            error=errors.get(version, ""),
        )
