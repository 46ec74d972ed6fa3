"""Manifests and readings → what is to happen: the one place where something may or may not go. Pure.

A connection is `assessed` once it was read (which fleets claim what, and what each slot's verdict is); once the releases
that its fleets want are looked up, `decide` holds all fleets of a group against guards and requirements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from reconciler.core.assemble import LIFETIME
from reconciler.core.assessment import Filters, FleetAssessment, Neighbours, assess, leavers, wanted
from reconciler.core.guards.requirement import Gates, gates
from reconciler.core.mistakes import Mistakes
from reconciler.core.names import suggestion
from reconciler.core.need import Need, Side, needs, tied_to
from reconciler.core.plan import NO_GATES, Compiler, failed_fleet, fleet_plan
from reconciler.core.resolve import Resolution, channels_of, resolve
from reconciler.core.reuse import Before, resolutions
from reconciler.core.select import matcher
from reconciler.core.stage import staged
from reconciler.errors import SettingsError
from reconciler.model.change import Staging
from reconciler.model.fleet import Document, FleetSpec, Manifest
from reconciler.model.memory import NOTHING_REMEMBERED, Memory, Went
from reconciler.model.plan import FleetPlan
from reconciler.model.provenance import ConnectionChange, Provenance
from reconciler.model.provenance import Reading as Treatment
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import Snapshot


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be planned."""

    manifest: Manifest
    base: Manifest | None = None
    tip: Manifest | None = None
    """The newest manifests of the base, where it went on since it and these had the same history."""
    filters: Filters = Filters()
    strict: bool = False
    provenance: Provenance = Provenance()
    connections: tuple[ConnectionChange, ...] = ()
    """Connections that differ from those of the base."""
    by_ids: bool = False
    """Whether every call names its units: nothing may reach further than what was reviewed."""
    probe: bool = False
    """Also ask what the platform cannot answer without an effect on its own caches."""
    lifetime: float = LIFETIME
    """Seconds after which the plan, once saved, is refused."""
    detail: str = ""
    """A unit, by id or name, of which all is wanted that the platform reports."""
    lifted: frozenset[str] = frozenset()
    """What paces changes and a person lifts for this run (`PaceKind`)."""
    limit_window: str = ""
    """The time in which what went counts against limits where a fleet does not say, and a history is kept: a duration."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One connection as it was read. `done_at` is when the reading was complete, in monotonic seconds."""

    connection: str
    platform: str
    retries_itself: bool
    steps: bool
    """Whether a change may take several calls there."""
    snapshot: Snapshot
    done_at: float
    orders_versions: bool = False
    staging: Staging | None = None


class Assessed(msgspec.Struct, kw_only=True):
    """One connection, read and assessed."""

    seen: Seen
    resolutions: list[Resolution]
    """What all fleets of the connection say, for those that requirements tie to it."""
    mistakes: Mistakes
    assessments: list[FleetAssessment] = []
    """The fleets in reach of the request; none of a connection that is merely tied to one."""

    @property
    def connection(self) -> str:
        """Return its name."""
        return self.seen.connection

    @property
    def snapshot(self) -> Snapshot:
        """Return what it showed."""
        return self.seen.snapshot

    @property
    def releases(self) -> dict[Release, list[str]]:
        """Return the releases that must be looked up before its fleets can be decided, with the units to get them."""
        found: dict[Release, list[str]] = {}
        for one in self.assessments:
            for release, units in wanted(one):
                found.setdefault(release, []).extend(units)
        return found

    def looked_up(self, catalog: Catalog, compiler: Compiler) -> Reading:
        """Return the reading that these releases make of it."""
        return Reading(
            **{name: getattr(self, name) for name in Assessed.__struct_fields__}, catalog=catalog, compiler=compiler
        )


class Reading(Assessed, kw_only=True):
    """One connection whose fleets can be decided: the releases they want are looked up."""

    catalog: Catalog
    compiler: Compiler


def connections_in_reach(request: PlanRequest) -> set[str]:
    """Return the connections to be read: of fleets in reach, and of those that only the base has.

    Raise SettingsError when there is no fleet, or a filter names none.
    """
    before = {} if request.base is None else request.base.fleets
    fleets = {**before, **request.manifest.fleets}
    if not fleets:
        raise SettingsError(
            "the manifests have no Fleet", hint="add one; `reconciler import` writes one from what is running"
        )
    for name in request.filters.fleets:
        if not any(map(matcher([name]), fleets)):
            raise SettingsError(f"no fleet is named {name}", hint=f"there are: {', '.join(sorted(fleets))}")
    return {
        one.spec.connection
        for name, one in fleets.items()
        if request.filters.fleet(name)
        and (name in request.manifest.fleets or one.spec.connection in request.manifest.connections)
    }


def check_filters(filters: Filters, fleets: Sequence[FleetAssessment], plans: Sequence[FleetPlan]) -> None:
    """Raise SettingsError for a filter that matches nothing of these fleets, and for filters that together leave nothing.

    What somebody meant to leave out, or to look at, would otherwise be something else than what is left out or looked at.
    """
    for option, patterns, named, what in (
        ("--unit", filters.units, _units, "unit in the scope of"),
        ("--exclude", filters.exclude, _units, "unit in the scope of"),
        ("--workload", filters.workloads, _workloads, "workload of"),
    ):
        found = {pair for one in fleets for pair in named(one)} if patterns else set()
        for pattern in patterns:
            matches = matcher([pattern])
            if not any(matches(name) or matches(unique) for name, unique in found):
                near = suggestion(pattern, {name for name, _ in found})
                raise SettingsError(f"{option} {pattern} matches no {what} these fleets{near}")
    if filters.slots and not any(one.summary.slots or one.summary.unmanaged or one.held for one in plans):
        raise SettingsError(f"{filters.words} leaves no slot of these fleets")


def _units(one: FleetAssessment) -> Iterator[tuple[str, str]]:
    """Yield names and ids of the units in the scope."""
    units = one.snapshot.units
    yield from ((units.names[row], units.ids[row]) for row in one.resolution.scope)


def _workloads(one: FleetAssessment) -> Iterator[tuple[str, str]]:
    """Yield names and ids of the workloads that a fleet speaks of, or spoke of."""
    yield from ((name, name) for name in one.resolution.spec.workloads)
    for resolution in filter(None, (one.resolution, one.base)):
        yield from ((column.workload.name, column.workload.id) for column in resolution.columns.values())


def assess_reading(
    request: PlanRequest,
    seen: Seen,
    fleets: Collection[str],
    now: float,
    memory: Memory = NOTHING_REMEMBERED,
    before: Before | None = None,
) -> Assessed:
    """Return a connection with its fleets of these names judged. `now` in seconds since 1970; `before`: how it was before."""
    documents = [one for one in request.manifest.fleets.values() if one.spec.connection == seen.connection]
    channels, snapshot = channels_of(request.manifest), seen.snapshot
    found, mistakes = resolutions(documents, channels, snapshot, before)
    chosen = [one for one in found if one.document.name in fleets]
    assessments = [_assess(one, seen, request, mistakes, now, before) for one in chosen]
    neighbours = Neighbours(found)
    went: dict[str, list[Went]] = {}
    for each in memory.went:
        went.setdefault(each.fleet, []).append(each)
    for one in assessments:
        mine = tuple(went.get(one.document.name, ()))
        one.memory, one.neighbours = msgspec.structs.replace(memory, went=mine), neighbours
    return Assessed(seen=seen, resolutions=found, mistakes=mistakes, assessments=assessments)


def _assess(  # what a fleet says, and what it is held against
    resolution: Resolution,
    seen: Seen,
    request: PlanRequest,
    mistakes: Mistakes,
    now: float,
    before: Before | None = None,
) -> FleetAssessment:
    one = assess(
        resolution.document,
        connection=seen.connection,
        platform=seen.platform,
        channels={},
        snapshot=seen.snapshot,
        now=now,
        retries_itself=seen.retries_itself,
        orders_versions=seen.orders_versions,
        filters=request.filters,
        resolution=resolution,
        mistakes=mistakes,
        before=before,
    )
    one.base = _base(resolution.document, request, seen.snapshot)
    one.by_ids, one.lifted, one.limit_window = request.by_ids, request.lifted, request.limit_window
    one.staging = seen.staging
    one.tip = _tip(resolution.document, request, seen.snapshot)
    one.channels = request.manifest.channels
    return one


def _base(document: Document, request: PlanRequest, snapshot: Snapshot) -> Resolution | None:
    """Return what the base manifests say of the same snapshot; a fleet that is new claimed nothing.

    None where there is no base, and for a fleet that may stand in what of the base could not be read.
    """
    if request.base is None:
        return None
    before = request.base.fleets.get(document.name)
    if before is None and request.base.warnings:
        return None
    return _resolved(before, document, request.base, request, snapshot)


def _resolved(
    then: Document | None, document: Document, manifest: Manifest, request: PlanRequest, snapshot: Snapshot
) -> Resolution:
    """Return what other manifests say of a fleet: nothing where they have none, or have it on another application."""
    if then is None or not same_connection(then.spec.connection, document.spec.connection, request):
        nothing = FleetSpec(connection=document.spec.connection, units=document.spec.units, workloads={})
        then = Document(document.name, nothing, document.file, document.locate)
    return resolve(then, channels_of(manifest), snapshot.units, snapshot.workloads)


def same_connection(before: str, now: str, request: PlanRequest) -> bool:
    """Return whether two names of Connections, of the base and of today, are to one application."""
    edited = next((one for one in request.connections if one.connection == now), None)
    if edited is None or edited.reading is not Treatment.PLANNED:
        return before == now
    return before == (edited.renamed_from or now) and not edited.retargeted


def _tip(document: Document, request: PlanRequest, snapshot: Snapshot) -> Resolution | None:
    """Return what the newest manifests of the base say of a fleet; None where they are those it is compared with."""
    if request.tip is None:
        return None
    return _resolved(request.tip.fleets.get(document.name), document, request.tip, request, snapshot)


def decide(
    request: PlanRequest,
    assessed: Mapping[str, Assessed],
    unread: Mapping[str, str],
    now: float,
    fleets: Collection[str] | None = None,
) -> list[FleetPlan]:
    """Return the plans of a group of connections that requirements tie together. `now` in seconds since 1970.

    Fleets of those that are a `Reading` are decided, the others are only looked at for requirements. `unread` says of connections why they could not be read. With `fleets` only these are decided: a run that goes on
    with some of them, where what is not among the changes may still go.
    """
    lines = needs(request.manifest.fleets.values())
    gated: dict[str, Gates] = {}
    plans: list[FleetPlan] = []
    readings = {name: one for name, one in assessed.items() if isinstance(one, Reading)}
    for name, reading in readings.items():
        found = _gates(reading, lines, assessed, unread)
        if found:
            gated[name] = found
        chosen = [one for one in reading.assessments if fleets is None or one.document.name in fleets]
        plans += [_plan(one, reading, request, found) for one in chosen]
        if fleets is None:
            plans += _deleted(reading, request, now)
    units = {name: (readings[name].snapshot.units, found) for name, found in gated.items()}
    return list(staged(plans, units, complete=fleets is None))


def _gates(
    reading: Reading, lines: Sequence[Need], assessed: Mapping[str, Assessed], unread: Mapping[str, str]
) -> Gates:
    """Return what requirements say of a reading's workloads."""
    own = reading.connection
    mine = [line for line in lines if own in {line.home, line.connection}]
    if not mine:
        return NO_GATES
    partners = tied_to(mine, {own}) | {own}
    sides = {name: Side(one.snapshot, one.resolutions) for name, one in assessed.items() if name in partners}
    found = gates(mine, own, sides, unread)
    for one in reading.assessments:
        one.tied = frozenset(found)
    return found


def _plan(one: FleetAssessment, reading: Reading, request: PlanRequest, gates: Gates) -> FleetPlan:
    return fleet_plan(
        one,
        reading.catalog,
        reading.compiler,
        manifest=request.manifest.digest,
        commit=request.provenance.commit or None,
        gates=gates,
    )


def _deleted(reading: Reading, request: PlanRequest, now: float) -> Iterator[FleetPlan]:
    """Yield an entry for each fleet of the base that is gone: its units keep what they run, and the plan says so."""
    for name, before in (request.base.fleets if request.base is not None else {}).items():
        if (
            name in request.manifest.fleets
            or before.spec.connection != reading.connection
            or not request.filters.fleet(name)
        ):
            continue
        gone = msgspec.structs.replace(
            before, spec=msgspec.structs.replace(before.spec, workloads={}, pins={}, prune="none", allow_empty=True)
        )
        resolution = resolve(gone, {}, reading.snapshot.units, reading.snapshot.workloads)
        one = _assess(resolution, reading.seen, request, reading.mistakes, now)
        entry = _plan(one, reading, request, NO_GATES)
        left = sum(len(rows) for rows in leavers(one).values())
        word = f"fleet {name!r} was deleted: {left:,} slots become unmanaged and keep their versions"
        yield msgspec.structs.replace(entry, warnings=(word, *entry.warnings))


def unread_fleet(document: Document, manifest: Manifest, error: str) -> FleetPlan:
    """Return the plan of a fleet whose connection could not be read: nothing, and why."""
    connection = manifest.connections.get(document.spec.connection)
    return failed_fleet(
        document.name,
        connection=document.spec.connection,
        platform=connection.spec.platform if connection is not None else "",
        target="",
        manifest=manifest.digest,
        error=error,
    )
