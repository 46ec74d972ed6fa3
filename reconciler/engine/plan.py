"""The use case "plan": read all connections, each once and all at a time, then judge fleets and compile calls. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from reconciler.core.assessment import Filters, FleetAssessment, assess, leavers, wanted
from reconciler.core.claims import conflicts
from reconciler.core.need import Need, Side, needs, tied_to
from reconciler.core.plan import NO_GATES, assemble, failed_fleet, fleet_plan
from reconciler.core.require import Gates, gates
from reconciler.core.resolve import Channels, Resolution, resolve
from reconciler.core.stage import staged
from reconciler.engine.observe import Observed, observe, observe_all
from reconciler.errors import ManifestError, PlatformError, SettingsError
from reconciler.model.change import Action, Change, Review
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Document, FleetSpec, Manifest
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Clock, Platform

Open = Callable[[str], Platform]
"""Gives the platform of a connection by its name; raises SettingsError for what is wrong with it."""

EVERYTHING = Query()


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be planned."""

    manifest: Manifest
    base: Manifest | None = None
    filters: Filters = Filters()
    strict: bool = False
    commit: str | None = None
    probe: bool = False  # also ask what the platform cannot answer without an effect on its own caches


class Reading(msgspec.Struct, kw_only=True):
    """One connection, read: its platform, what it showed, its fleets judged, their releases looked up."""

    connection: str
    platform: Platform
    snapshot: Snapshot
    assessments: list[FleetAssessment]
    catalog: Catalog
    done_at: float
    """When reading was complete, in seconds since 1970: of the oldest of all connections that it was judged by."""
    gates: Gates = NO_GATES
    partners: dict[str, Platform | str] = {}
    """Connections that requirements tie it to, or why one could not be opened."""


class PlanResult(msgspec.Struct, kw_only=True):
    """A plan, and what it was made from."""

    plan: Plan
    readings: dict[str, Reading]
    """By connection; those that could not be read are missing."""

    def assessment(self, fleet: str) -> FleetAssessment:
        """Return the judged fleet of a name."""
        return next(
            one for reading in self.readings.values() for one in reading.assessments if one.document.name == fleet
        )


def channels_of(manifest: Manifest) -> Channels:
    """Return the versions of each channel, by workload."""
    return {name: dict(document.spec.versions) for name, document in manifest.channels.items()}


def plan(request: PlanRequest, open_: Open, clock: Clock) -> PlanResult:
    """Make a plan. Raises ManifestError for what only the inventory can show (claims, ambiguous names, pins outside).

    Connections that requirements refer to are read as well; their fleets are planned only if they are in reach.
    """
    needed = {document.spec.connection for document in fleets_in_reach(request)}
    lines = needs(request.manifest.fleets.values())
    names = sorted(needed | tied_to(lines, needed))
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        answers = list(pool.map(lambda name: _read(name, request, open_, clock, asked=name in needed), names))
    findings = [*request.manifest.warnings, *(finding for answer in answers for finding in answer.findings)]
    if any(finding.severity is Severity.ERROR or request.strict for finding in findings):
        raise ManifestError(findings)
    readings = {answer.reading.connection: answer.reading for answer in answers if answer.reading is not None}
    if lines:
        _tie(readings, dict(zip(names, answers, strict=True)), lines)
    plans = [one for answer in answers for one in answer.unread]
    for reading in readings.values():
        plans += [plan_fleet(reading, one, request) for one in reading.assessments]
        plans += _deleted(reading, request, clock)
    read = {name: reading.snapshot.read_at for name, reading in readings.items()}
    fleets = _staged(plans, readings.values(), complete=True)
    found = assemble(fleets, now=clock.now(), read=read, filters=request.filters.words)
    return PlanResult(plan=found, readings=readings)


def fleets_in_reach(request: PlanRequest) -> list[Document]:
    """Return the fleets a request is about; raise SettingsError when a filter names none."""
    everything = request.manifest.fleets
    fleets = [document for name, document in everything.items() if request.filters.fleet(name)]
    if not fleets and everything:
        known = ", ".join(sorted(everything))
        raise SettingsError(f"no fleet is named {' or '.join(request.filters.fleets)}", hint=f"there are: {known}")
    return fleets


class _Answer(msgspec.Struct, kw_only=True):
    """What came of one connection: what was seen, or why nothing was; a reading where its fleets can be planned."""

    platform: Platform | str
    """Or why it could not be opened."""
    observed: Observed | None = None
    error: str = ""
    resolutions: list[Resolution] = []
    reading: Reading | None = None
    unread: list[FleetPlan] = []
    findings: list[Diagnostic] = []


def _read(name: str, request: PlanRequest, open_: Open, clock: Clock, *, asked: bool) -> _Answer:
    """Read a connection. Only one that is `asked` about has its fleets judged.

    One that cannot be opened, for want of a secret perhaps, stops no other: its fleets are unread.
    """
    fleets = fleets_of(name, request.manifest)
    try:
        answer = _Answer(platform=open_(name))
    except (PlatformError, SettingsError) as error:
        answer = _Answer(platform=str(error), error=error.advised)
    if not isinstance(answer.platform, str):
        seen = observe(answer.platform, clock)
        if isinstance(seen, Observed):
            answer.observed = seen
            answer.resolutions = resolve_all(fleets, request.manifest, seen.snapshot)
            findings = _findings(answer.resolutions, seen.snapshot)
            answer.findings = [one for one in findings if asked or one.severity is Severity.ERROR]
            if asked and not any(one.severity is Severity.ERROR for one in answer.findings):
                _look_up(name, answer, answer.platform, seen, request, clock)
        else:
            answer.error = seen.advised
    if answer.error and asked:
        answer.unread = [_unread(one, request, answer.error) for one in fleets if request.filters.fleet(one.name)]
    return answer


def _look_up(
    name: str, answer: _Answer, platform: Platform, seen: Observed, request: PlanRequest, clock: Clock
) -> None:
    """Judge the fleets in reach, and look up the releases that they need."""
    assessments = [
        _assess(one, name, platform, seen.snapshot, request, clock)
        for one in answer.resolutions
        if request.filters.fleet(one.document.name)
    ]
    releases = {release for one in assessments for release in wanted(one)}
    try:
        catalog = platform.catalog(releases, seen.snapshot, probe=releases if request.probe else ())
    except PlatformError as error:
        answer.unread = [_unread(one.document, request, error.advised) for one in assessments]
        return
    answer.reading = Reading(
        connection=name,
        platform=platform,
        snapshot=seen.snapshot,
        assessments=assessments,
        catalog=catalog,
        done_at=seen.done_at,
    )


def _tie(readings: dict[str, Reading], answers: Mapping[str, _Answer], lines: list[Need]) -> None:
    """Tell each reading what requirements say of it, and which connections that depends on."""
    sides = {
        name: Side(answer.observed.snapshot, answer.resolutions)
        for name, answer in answers.items()
        if answer.observed is not None
    }
    unread = {name: answer.error for name, answer in answers.items()}
    for name, reading in readings.items():
        partners = tied_to(lines, {name})
        reading.partners = {partner: answers[partner].platform for partner in partners}
        times = [seen.done_at for partner in partners if (seen := answers[partner].observed) is not None]
        reading.done_at = min([reading.done_at, *times])
        _gate(reading, lines, sides, unread)


def _gate(reading: Reading, lines: list[Need], sides: Mapping[str, Side], unread: Mapping[str, str]) -> None:
    reading.gates = gates(lines, reading.connection, sides, unread)
    for one in reading.assessments:
        one.tied = frozenset(reading.gates)


def plan_fleet(reading: Reading, one: FleetAssessment, request: PlanRequest) -> FleetPlan:
    """Return the plan of one judged fleet of a reading."""
    return fleet_plan(
        one,
        reading.catalog,
        _Compiler(reading),
        manifest=request.manifest.digest,
        commit=request.commit,
        gates=reading.gates,
    )


def _staged(plans: list[FleetPlan], readings: Iterable[Reading], *, complete: bool) -> Sequence[FleetPlan]:
    gated = {one.connection: (one.snapshot.units, one.gates) for one in readings if one.gates}
    return staged(plans, gated, complete=complete)


class _Compiler(msgspec.Struct):
    reading: Reading

    def review(self, changes: Sequence[Change]) -> Review:
        return self.reading.platform.review(changes, self.reading.snapshot, self.reading.catalog)

    def compile(self, changes: Sequence[Change], fleet_wide: Collection[str]) -> tuple[Action, ...]:
        return self.reading.platform.compile(
            changes, self.reading.snapshot, self.reading.catalog, fleet_wide=fleet_wide
        )


def replan(
    reading: Reading, fleet: str, request: PlanRequest, clock: Clock
) -> tuple[Reading, FleetAssessment, FleetPlan]:
    """Read a connection anew and plan one of its fleets against that. Raises PlatformError, ManifestError.

    Connections that requirements tie it to are read anew as well; one that cannot be read leaves its requirements unmet.
    """
    own = reading.connection
    partners = {name: one for name, one in reading.partners.items() if not isinstance(one, str)}
    seen = observe_all({own: reading.platform, **partners}, clock)
    mine = seen[own]
    if isinstance(mine, PlatformError):
        raise mine
    manifest = request.manifest
    lines = [line for line in needs(manifest.fleets.values()) if own in {line.home, line.connection}]
    documents = fleets_of(own, manifest) if lines else [manifest.fleets[fleet]]
    resolutions = resolve_all(documents, manifest, mine.snapshot)
    resolution = next(one for one in resolutions if one.document.name == fleet)
    errors = [finding for finding in resolution.diagnostics if finding.severity is Severity.ERROR]
    if errors:
        raise ManifestError(errors)
    one = _assess(resolution, own, reading.platform, mine.snapshot, request, clock)
    read = {name: now for name, now in seen.items() if isinstance(now, Observed)}
    releases = wanted(one)
    fresh = msgspec.structs.replace(
        reading,
        snapshot=mine.snapshot,
        assessments=[one],
        catalog=reading.platform.catalog(releases, mine.snapshot, probe=releases if request.probe else ()),
        done_at=min(now.done_at for now in read.values()),
    )
    if lines:
        sides = {own: Side(mine.snapshot, resolutions)}
        for name in read.keys() - {own}:
            there = read[name].snapshot
            sides[name] = Side(there, resolve_all(fleets_of(name, manifest), manifest, there))
        unread = {name: str(one) for name, one in {**reading.partners, **seen}.items() if name not in sides}
        _gate(fresh, lines, sides, unread)
    return fresh, one, _staged([plan_fleet(fresh, one, request)], [fresh], complete=False)[0]


def fleets_of(connection: str, manifest: Manifest) -> list[Document]:
    """Return the fleets of a connection."""
    return [document for document in manifest.fleets.values() if document.spec.connection == connection]


def resolve_all(fleets: Sequence[Document], manifest: Manifest, snapshot: Snapshot) -> list[Resolution]:
    """Return what fleets say of a reading of their connection."""
    channels = channels_of(manifest)
    return [resolve(document, channels, snapshot.units, snapshot.workloads) for document in fleets]


def _findings(resolutions: list[Resolution], snapshot: Snapshot) -> Iterator[Diagnostic]:
    for resolution in resolutions:
        yield from resolution.diagnostics
    yield from conflicts(resolutions, snapshot.units)


def _assess(
    resolution: Resolution, connection: str, platform: Platform, snapshot: Snapshot, request: PlanRequest, clock: Clock
) -> FleetAssessment:
    one = assess(
        resolution.document,
        connection=connection,
        platform=platform.capabilities.platform,
        channels={},
        snapshot=snapshot,
        now=clock.now(),
        retries_itself=platform.capabilities.retries_itself,
        filters=request.filters,
        resolution=resolution,
    )
    one.base = _base(resolution.document, request, snapshot)
    return one


def _base(document: Document, request: PlanRequest, snapshot: Snapshot) -> Resolution | None:
    """Return what the base manifests say of the same snapshot; a fleet that is new claimed nothing."""
    if request.base is None:
        return None
    before = request.base.fleets.get(document.name)
    if before is None or before.spec.connection != document.spec.connection:
        nothing = FleetSpec(connection=document.spec.connection, units=document.spec.units, workloads={})
        before = Document(document.name, nothing, document.file, document.locate)
    return resolve(before, channels_of(request.base), snapshot.units, snapshot.workloads)


def _deleted(reading: Reading, request: PlanRequest, clock: Clock) -> Iterator[FleetPlan]:
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
        one = _assess(resolution, reading.connection, reading.platform, reading.snapshot, request, clock)
        entry = plan_fleet(reading, one, request)
        left = sum(len(rows) for rows in leavers(one).values())
        word = f"fleet {name!r} was deleted: {left:,} slots become unmanaged and keep what they run"
        yield msgspec.structs.replace(entry, warnings=(word, *entry.warnings))


def _unread(document: Document, request: PlanRequest, error: str) -> FleetPlan:
    connection = request.manifest.connections.get(document.spec.connection)
    platform = connection.spec.platform if connection is not None else ""
    return failed_fleet(
        document.name,
        connection=document.spec.connection,
        platform=platform,
        target="",
        manifest=request.manifest.digest,
        error=error,
    )


def close(readings: Collection[Reading]) -> None:
    """Give all connections back, those that only requirements referred to as well."""
    partners = [one for reading in readings for one in reading.partners.values() if not isinstance(one, str)]
    for platform in {id(one): one for one in (*(one.platform for one in readings), *partners)}.values():
        platform.close()
