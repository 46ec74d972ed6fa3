"""How a fleet stands at the end of a pass of watch, in numbers: what metrics and notifications are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.gauge import spreads
from reconciler.core.guards import limit
from reconciler.core.judge import Judged
from reconciler.core.news import Moment
from reconciler.core.status import axes, status_bucket, unmatched
from reconciler.core.unwell import MOST, SAMPLE, Unwell, failing_rows
from reconciler.model.event import Passed
from reconciler.model.event_parts import Failing
from reconciler.model.plan import FleetPlan
from reconciler.model.report import Spread
from reconciler.model.unit import Reach, Ref
from reconciler.model.verdict import Health, Sync, Verdict


class Tally(msgspec.Struct, frozen=True):
    """The numbers of one fleet, by the values of their enums."""

    verdicts: dict[str, int]
    standings: dict[str, int]
    failing: tuple[Failing, ...]
    budgets: dict[str, int]
    spread: tuple[Spread, ...]
    unmatched: int


def passed(  # a fleet, and what a pass made of it
    fleet: FleetPlan,
    one: FleetAssessment | None,
    moment: Moment,
    *,
    number: int,
    waited: bool,
    outcomes: Mapping[str, int],
    unwell: Unwell | None = None,
) -> Passed:
    """Return how a fleet stands after a pass; `one` is None where its connection could not be read.

    `unwell` is what earlier passes saw fail and drift, and takes what this one saw.
    """
    if one is not None and unwell is not None:
        unwell.see(one)
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
        unsettled=() if one is None or unwell is None else unwell.unsettled(one),
        astray=0 if unwell is None else len(unwell.astray),
        **({} if one is None else msgspec.structs.asdict(tally(one))),
    )


def tally(one: FleetAssessment) -> Tally:
    """Count a fleet. Only where something fails are its slots looked at one by one."""
    verdicts: Counter[str] = Counter()
    standings: Counter[str] = Counter()
    failing: list[Failing] = []
    for judged in one.judged:
        for (found, number, reach), count in judged.tally.items():
            verdicts[found.value] += count
            if found is not Verdict.UNMANAGED:
                standings[status_bucket(found, one.snapshot.states[number], Reach(reach)).value] += count
        failing += _failing(one, judged)
    failing.sort(key=lambda each: (-each.slots, each.workload.name, each.version or ""))
    loads = limit.of_fleet(one, one.unfiltered)  # watch has no base to lag behind
    budgets = {verb.value: left for verb, left in limit.room(one.resolution.spec, loads).items()}
    spread = tuple(each for judged in one.judged for each in islice(spreads(one, judged), MOST))
    return Tally(dict(verdicts), dict(standings), tuple(failing[:MOST]), budgets, spread, unmatched(one))


def _failing(one: FleetAssessment, judged: Judged) -> Iterator[Failing]:
    """Yield what fails of a workload, by version."""
    counts: Counter[str | None] = Counter()
    samples: dict[str | None, list[Ref]] = {}
    errors: dict[str | None, str] = {}
    for row, state in failing_rows(one, judged):
        counts[state.assigned] += 1
        if counts[state.assigned] <= SAMPLE:
            samples.setdefault(state.assigned, []).append(one.snapshot.units.ref(row))
        if state.error:
            errors.setdefault(state.assigned, state.error)
    for version, count in counts.items():
        yield Failing(
            workload=judged.column.workload.ref,
            version=version,
            slots=count,
            units=tuple(samples[version]),
            error=errors.get(version, ""),
        )
