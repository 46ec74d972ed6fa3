"""One fleet against one snapshot, judged: all that a plan, a status or an explanation is made from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from reconciler.core.judge import Judged, Patience, judge
from reconciler.core.mistakes import Mistakes
from reconciler.core.resolve import Channels, Column, Resolution, resolve
from reconciler.core.reuse import Before, rejudged
from reconciler.core.select import Rows, matcher
from reconciler.model.change import Staging
from reconciler.model.desired import Want
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fleet import Document, FleetSpec, Keep
from reconciler.model.memory import NOTHING_REMEMBERED, Memory
from reconciler.model.quantity import seconds
from reconciler.model.release import Release
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Units

if TYPE_CHECKING:
    from reconciler.core.steps import Standings

DEADLINE = 900.0
"""Seconds that a slot may be on its way before it counts as stuck, where the fleet does not say (`rollout.deadline`)."""


class Filters(msgspec.Struct, frozen=True):
    """Filters of one run. They filter calls and output, never loading or claims. Globs match ids and names."""

    fleets: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """Units left out."""

    @property
    def words(self) -> str:
        """Return the filters as a person reads them; empty for none."""
        return " ".join(self.options)

    @property
    def options(self) -> tuple[str, ...]:
        """Return the filters as words of a command line."""
        named = (
            ("--fleet", self.fleets),
            ("--unit", self.units),
            ("--workload", self.workloads),
            ("--exclude", self.exclude),
        )
        return tuple(word for option, values in named for value in values for word in (option, value))

    @property
    def slots(self) -> bool:
        """Return whether some slots of a fleet may be left out."""
        return bool(self.units or self.workloads or self.exclude)

    def fleet(self, name: str) -> bool:
        """Return whether a fleet is in reach."""
        return not self.fleets or matcher(list(self.fleets))(name)

    def workload(self, names: Iterable[str]) -> bool:
        """Return whether a workload that goes by these names is in reach."""
        return not self.workloads or any(map(matcher(list(self.workloads)), names))


class Neighbours(msgspec.Struct):
    """What the fleets of one connection share while they are decided."""

    resolutions: Sequence[Resolution] = ()
    touched: set[int] = msgspec.field(default_factory=set)
    """Rows of units that changes of fleets decided so far are about to touch."""
    keeping: Sequence[tuple[Resolution, Keep]] = ()
    """Those that keep units serving."""

    def __post_init__(self) -> None:
        self.keeping = [(one, one.spec.keep) for one in self.resolutions if one.spec.keep is not None]


class FleetAssessment(msgspec.Struct):
    """One fleet, judged.

    `unfiltered` has all its workloads, sorted by name and id, whatever the filters: limits are held against that. `judged`
    is what the filters leave of it.
    """

    connection: str
    platform: str
    resolution: Resolution
    snapshot: Snapshot
    patience: Patience
    filters: Filters
    reach: Rows
    """Units in scope and in reach of the filters."""
    unfiltered: list[Judged]
    judged: list[Judged]
    orders_versions: bool = False
    """Whether the platform does, as `core.versions.later`."""
    mistakes: Mistakes = Mistakes()
    """Those of all fleets of the connection."""
    tied: frozenset[str] = frozenset()
    """Ids of workloads that requirements speak of: each unit is judged by itself, so no call may take in newcomers."""
    by_ids: bool = False
    """Whether every call names its units."""
    base: Resolution | None = None
    """What the base manifests say of the same snapshot; None without a base."""
    tip: Resolution | None = None
    """What the newest manifests of the base say of it, where others changed them since."""
    memory: Memory = NOTHING_REMEMBERED
    """What is remembered of rollouts, and what went of this fleet."""
    lifted: frozenset[str] = frozenset()
    """What a person lifts for this run (`PaceKind`)."""
    limit_window: str = ""
    """The time in which what went counts against limits, where the fleet does not say: a duration; empty for none."""
    neighbours: Neighbours = msgspec.field(default_factory=Neighbours)
    """All fleets of the connection, and which units those of this decision touch."""
    staging: Staging | None = None
    """How the platform takes a share of a unit's devices to a version."""
    standings: Standings = {}
    """Where its rollouts stand, once it is known what else is held."""
    channels: dict[str, Document] = {}
    """The Channels of today's manifests, by name: with a base, the line that changed may be one of theirs."""

    @property
    def document(self) -> Document:
        """Return the fleet's document."""
        return self.resolution.document

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what the inventory shows to be wrong or odd about this fleet: what is wrong first."""
        return (*self.mistakes.of_fleet(self.document.name), *self.resolution.warnings)

    @property
    def fleet_wide(self) -> frozenset[str]:
        """Return the ids of workloads for which this fleet speaks of every unit of the application alike, whoever comes.

        None where the reading is incomplete: a holder may then be there that nobody saw (rule 3). Not those that a pin
        speaks of, either: the pinned unit may be one that is still to come.
        """
        rollout = self.resolution.spec.rollout
        if rollout is not None and rollout.paces:
            return frozenset()  # a newcomer is in a wave of its own
        if self.by_ids or not self.resolution.whole or self.filters.slots or not self.snapshot.coverage.complete:
            return frozenset()
        pinned = {name for pins in self.resolution.spec.pins.values() for name in pins}
        alike = frozenset(one.column.workload.id for one in self.judged if _alike(one.column, pinned))
        return frozenset(one for one in alike - self.tied if not self.mistakes.holds(one))


def _alike(column: Column, pinned: set[str]) -> bool:
    """Return whether one rule speaks of all units; those that cannot be assigned to hold nothing, so they do not count."""
    if not column.unnarrowed or [rule.kind for rule in column.rules] != ["scope", "workload"]:
        return False
    return column.rules[1].path[-1] not in pinned


def assess(  # a fleet, what it is held against, and how
    document: Document,
    *,
    connection: str,
    platform: str,
    channels: Channels,
    snapshot: Snapshot,
    now: float,
    retries_itself: bool,
    filters: Filters,
    orders_versions: bool = False,
    resolution: Resolution | None = None,
    mistakes: Mistakes | None = None,
    before: Before | None = None,
) -> FleetAssessment:
    """Judge one fleet against a snapshot. `now` in seconds since 1970; `before` is how its connection was assessed before."""
    resolution = resolution or resolve(document, channels, snapshot.units, snapshot.workloads)
    spec: FleetSpec = document.spec
    rollout = spec.rollout
    deadline = seconds(rollout.deadline) if rollout is not None and rollout.deadline is not None else DEADLINE
    patience = Patience(now=now, deadline=deadline, retries_itself=retries_itself)
    columns = sorted(resolution.columns.values(), key=lambda column: (column.workload.name, column.workload.id))
    unfiltered = rejudged(document.name, columns, snapshot, patience, before)
    judged = [one for one in unfiltered if filters.workload(resolution.names(one.column.workload))]
    reach = _in_reach(resolution.scope, snapshot.units, filters)
    if filters.units or filters.exclude:
        judged = [judge(narrowed(one.column, reach), snapshot, patience) for one in judged]
    return FleetAssessment(
        connection=connection,
        platform=platform,
        resolution=resolution,
        snapshot=snapshot,
        patience=patience,
        filters=filters,
        reach=reach,
        unfiltered=unfiltered,
        judged=judged,
        orders_versions=orders_versions,
        mistakes=Mistakes([resolution], snapshot.units) if mistakes is None else mistakes,
    )


def _in_reach(scope: Rows, units: Units, filters: Filters) -> Rows:
    """Return the units of a scope that pass the filters."""
    if not filters.units and not filters.exclude:
        return scope
    chosen, dropped = matcher(list(filters.units) or ["*"]), matcher(list(filters.exclude))

    def passes(row: int) -> bool:
        name, unit_id = units.names[row], units.ids[row]
        return (chosen(name) or chosen(unit_id)) and not (dropped(name) or dropped(unit_id))

    return Rows(array("I", filter(passes, scope)))


def narrowed(column: Column, reach: Rows) -> Column:
    """Return what a fleet says of some units."""
    fewer, others = sorted((column.rows, reach), key=len)
    rows = [row for row in fewer if row in others]
    winners = array("I", map(column.winner, rows))
    return Column(column.workload, column.rules, Rows(array("I", rows)), winners, column.spoken)


def wanted(one: FleetAssessment) -> Iterator[tuple[Release, list[str]]]:
    """Yield the releases that the fleet's changes move units to, which must be looked up, with these units."""
    for judged in one.judged:
        rows: dict[int, list[int]] = {}
        for intent in judged.intents:
            rows.setdefault(intent.rule, []).append(intent.row)
        for number, some in rows.items():
            value = judged.column.rules[number].value
            if value.version is not None:
                ids = one.snapshot.units.ids
                yield Release(judged.column.workload.id, value.version), [ids[row] for row in some]


def unmanaged(one: FleetAssessment) -> int:
    """Return how many slots in reach hold something that this fleet leaves alone."""
    held = {number for number, state in enumerate(one.snapshot.states) if state.occupied}
    count = 0
    for workload in one.snapshot.workloads:
        column = one.snapshot.columns.get(workload.id)
        if column is None or not one.filters.workload(one.resolution.names(workload)):
            continue
        ours = one.resolution.columns.get(workload.id)
        claims = ours.claims() if ours is not None else []
        if len(claims) < len(one.resolution.scope):
            claimed = frozenset(claims)
            count += sum(column[row] in held and row not in claimed for row in one.reach)
    return count


def leavers(one: FleetAssessment) -> dict[str, list[int]]:
    """Return the rows that the base manifests managed and these leave alone though they hold something, by workload name."""
    found: dict[str, list[int]] = {}
    if one.base is None:
        return found
    for workload_id, column in one.base.columns.items():
        now = one.resolution.columns.get(workload_id)
        kept = frozenset(now.claims()) if now is not None else frozenset()
        rows = [
            row
            for row in column.claims()
            if row not in kept
            and column.rule(row).value.want is Want.VERSION
            and one.snapshot.state(workload_id, row).assigned is not None
        ]
        if rows:
            found.setdefault(column.workload.name, []).extend(rows)
    return found
