"""What people should know of a fleet besides its changes: who is left out, who leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment, leavers
from reconciler.core.guards import Vetoes
from reconciler.core.guards.case import Scene
from reconciler.core.guards.manifest import in_force
from reconciler.core.judge import CHANGES
from reconciler.core.names import known_names
from reconciler.model.hold import HoldReason
from reconciler.model.quantity import moment
from reconciler.model.release import Catalog
from reconciler.model.rollout import RolloutState

SAMPLE = 3
ENDING = {HoldReason.QUARANTINED: "a quarantine", HoldReason.SUSPENDED: "the suspension"}
"""What holds until a day."""
DROPPED = " of a class that takes no assignments; left out"


def warnings(one: FleetAssessment) -> Iterator[str]:
    """Yield what people should know of a judged fleet before they approve its plan."""
    if one.resolution.dropped:
        yield _counted(one.resolution.dropped, "matches the scope but is", "match the scope but are") + DROPPED
    if one.resolution.prune_unsafe and one.resolution.spec.prune != "none":
        yield "nothing is pruned: " + "; ".join(one.resolution.prune_unsafe)
    if not one.snapshot.coverage.complete:
        yield "the reading is incomplete; slots that it does not cover are held: " + "; ".join(
            one.snapshot.coverage.problems
        )
    if one.snapshot.coverage.notes:
        yield "some fields have another type than documented: " + "; ".join(one.snapshot.coverage.notes)
    yield from _allowances(one)
    yield from _unstoppable(one)
    units = one.snapshot.units
    for workload, rows in leavers(one).items():
        names = ", ".join(units.names[row] for row in rows[:SAMPLE])
        more = f" and {len(rows) - SAMPLE:,} more" if len(rows) > SAMPLE else ""
        leave = _counted(
            len(rows), f"leaves {workload} and keeps what it runs", f"leave {workload} and keep what they run"
        )
        yield f"{leave}: {names}{more}"


def _allowances(one: FleetAssessment) -> Iterator[str]:
    """Yield entries of `allow` that lift nothing: somebody may rely on them."""
    spec = one.resolution.spec
    known = known_names(spec, one.snapshot.workloads)
    for entry in spec.allow:
        subject = " ".join(filter(None, (entry.limit, entry.workload)))
        if not in_force(entry.until, one.patience.now):
            yield f"`allow` of {subject} ({entry.reason}) lasted until {entry.until}, not included: it lifts nothing"
        elif entry.workload is not None and entry.workload not in known:
            yield f"`allow` of {subject} ({entry.reason}) names an unknown workload: it lifts nothing"


def _unstoppable(one: FleetAssessment) -> Iterator[str]:
    """Yield rollouts in which never so many devices fail as their fleet's `failure` asks for."""
    rollout = one.resolution.spec.rollout
    least = 0 if rollout is None or rollout.failure is None else rollout.failure.minimum
    for standing in one.standings.values():
        plan = standing.plan
        name = f"{plan.workload.name} {plan.rollout.version}"
        if plan.state is RolloutState.COMPLETE:
            continue
        if plan.devices < least:
            yield f"`failure` never halts {name}: {least:,} must fail, and it has {_devices(plan.devices)}"
        elif plan.at_once is not None and plan.at_once < least:
            yield (
                f"`failure` does not halt {name} while its units stay connected: {least:,} must fail, and "
                f"`max_moving` lets {_devices(plan.at_once)} move at a time, failed ones included"
            )


def _devices(number: int) -> str:
    return "1 device" if number == 1 else f"{number:,} devices"


def lapsed(one: FleetAssessment, catalog: Catalog) -> Iterator[str]:
    """Yield what held changes of this plan until it ended: somebody may have meant it to hold them still."""
    spec, now = one.resolution.spec, one.patience.now
    dated = [entry.until for entry in (*spec.quarantine, spec.suspend) if entry is not None and entry.until is not None]
    for until in sorted({until for until in dated if not in_force(until, now)}):
        vetoes = Vetoes(Scene(one.resolution, one.snapshot, catalog, one.mistakes, moment(until).timestamp() - 1))
        found = Counter(
            hold
            for judged in one.judged
            for intent in judged.intents
            if intent.verdict in CHANGES
            for hold in vetoes(judged.column, intent)
            if hold.code in ENDING and hold.until == until
        )
        for hold, number in found.items():
            changes = "1 change" if number == 1 else f"{number:,} changes"
            yield f"{ENDING[hold.code]} ({hold.text}) lasted until {until}, not included; it would have held {changes}"


def units_in_words(number: int) -> str:
    """Return `1 unit`, `2,000 units`."""
    return f"{number:,} unit" if number == 1 else f"{number:,} units"


def _counted(number: int, one: str, several: str) -> str:
    return f"{units_in_words(number)} {one if number == 1 else several}"
