"""The use case "plan": read each connection once, judge its fleets, compile the calls. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from reconciler.core.claims import conflicts
from reconciler.core.draft import Draft, Narrow, draft, leavers, wanted
from reconciler.core.plan import assemble, failed_fleet, fleet_plan
from reconciler.core.resolve import Channels, Resolution, resolve
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


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be planned."""

    manifest: Manifest
    base: Manifest | None = None
    narrow: Narrow = Narrow()
    strict: bool = False
    commit: str | None = None
    probe: bool = False
    """Also ask what the platform cannot answer without an effect on its own caches."""


class Reading(msgspec.Struct, kw_only=True):
    """One connection, read: its platform, what it showed, its fleets judged, their releases looked up."""

    connection: str
    platform: Platform
    snapshot: Snapshot
    drafts: list[Draft]
    catalog: Catalog
    done_at: float
    """When reading was complete, in seconds since 1970."""


class Planned(msgspec.Struct, kw_only=True):
    """A plan, and what it was made from."""

    plan: Plan
    readings: dict[str, Reading]
    """By connection; those that could not be read are missing."""

    def draft(self, fleet: str) -> Draft:
        """Return the judged fleet of a name."""
        return next(one for reading in self.readings.values() for one in reading.drafts if one.document.name == fleet)


def channels_of(manifest: Manifest) -> Channels:
    """Return the versions of each channel, by workload."""
    return {name: dict(document.spec.versions) for name, document in manifest.channels.items()}


def plan(question: Question, open_: Open, clock: Clock) -> Planned:
    """Make a plan. Raises ManifestError for what only the inventory can show (claims, ambiguous names, pins outside)."""
    fleets = fleets_in_reach(question)
    by_connection: dict[str, list[Document]] = {}
    for document in question.manifest.fleets.values():
        by_connection.setdefault(document.spec.connection, []).append(document)
    needed = {document.spec.connection for document in fleets}
    with ThreadPoolExecutor(max_workers=max(1, len(needed))) as pool:
        answers = list(pool.map(lambda name: _read(name, by_connection[name], question, open_, clock), sorted(needed)))
    findings = [*question.manifest.warnings, *(finding for answer in answers for finding in answer.findings)]
    if any(finding.severity is Severity.ERROR or question.strict for finding in findings):
        raise ManifestError(findings)
    readings = {answer.reading.connection: answer.reading for answer in answers if answer.reading is not None}
    plans = [one for answer in answers for one in answer.plans]
    read = {name: reading.snapshot.read_at for name, reading in readings.items()}
    return Planned(
        plan=assemble(plans, now=clock.now(), read=read, narrowed=question.narrow.words),
        readings=readings,
    )


def fleets_in_reach(question: Question) -> list[Document]:
    """Return the fleets a question is about; raise SettingsError when a filter names none."""
    everything = question.manifest.fleets
    fleets = [document for name, document in everything.items() if question.narrow.fleet(name)]
    if not fleets and everything:
        known = ", ".join(sorted(everything))
        raise SettingsError(f"no fleet is named {' or '.join(question.narrow.fleets)}", hint=f"there are: {known}")
    return fleets


class _Answer(msgspec.Struct):
    reading: Reading | None
    plans: list[FleetPlan]
    findings: list[Diagnostic]


def _read(name: str, fleets: list[Document], question: Question, open_: Open, clock: Clock) -> _Answer:
    try:
        platform = open_(name)
        snapshot = platform.observe(EVERYTHING)
        done_at = clock.now()
    except PlatformError as error:
        return _Answer(
            None, [_unread(one, question, str(error)) for one in fleets if question.narrow.fleet(one.name)], []
        )
    resolutions = _resolve(fleets, question.manifest, snapshot)
    findings = list(_findings(resolutions, snapshot))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return _Answer(None, [], findings)
    drafts = [
        _draft(one, name, platform, snapshot, question, clock)
        for one in resolutions
        if question.narrow.fleet(one.document.name)
    ]
    try:
        catalog = platform.catalog({release for one in drafts for release in wanted(one)}, probe=question.probe)
    except PlatformError as error:
        return _Answer(None, [_unread(one.document, question, str(error)) for one in drafts], findings)
    reading = Reading(
        connection=name, platform=platform, snapshot=snapshot, drafts=drafts, catalog=catalog, done_at=done_at
    )
    plans = [plan_fleet(reading, one, question) for one in drafts]
    plans += _deleted(reading, question, clock)
    return _Answer(reading, plans, findings)


def plan_fleet(reading: Reading, one: Draft, question: Question) -> FleetPlan:
    """Return the plan of one judged fleet of a reading."""
    return fleet_plan(
        one, reading.catalog, _Compiler(reading), manifest=question.manifest.digest, commit=question.commit
    )


class _Compiler(msgspec.Struct):
    """The platform's word on changes against one reading."""

    reading: Reading

    def review(self, changes: Sequence[Change]) -> Review:
        return self.reading.platform.review(changes, self.reading.snapshot, self.reading.catalog)

    def compile(self, changes: Sequence[Change], whole: Collection[str]) -> tuple[Action, ...]:
        return self.reading.platform.compile(changes, self.reading.snapshot, self.reading.catalog, whole=whole)


def again(reading: Reading, fleet: str, question: Question, clock: Clock) -> tuple[Reading, Draft, FleetPlan]:
    """Read a connection anew and plan one of its fleets against that. Raises PlatformError, ManifestError."""
    snapshot = reading.platform.observe(EVERYTHING)
    done_at = clock.now()
    resolution = _resolve([question.manifest.fleets[fleet]], question.manifest, snapshot)[0]
    errors = [finding for finding in resolution.diagnostics if finding.severity is Severity.ERROR]
    if errors:
        raise ManifestError(errors)
    one = _draft(resolution, reading.connection, reading.platform, snapshot, question, clock)
    catalog = reading.platform.catalog(wanted(one), probe=question.probe)
    fresh = Reading(
        connection=reading.connection,
        platform=reading.platform,
        snapshot=snapshot,
        drafts=[one],
        catalog=catalog,
        done_at=done_at,
    )
    return fresh, one, plan_fleet(fresh, one, question)


def _resolve(fleets: Sequence[Document], manifest: Manifest, snapshot: Snapshot) -> list[Resolution]:
    channels = channels_of(manifest)
    return [resolve(document, channels, snapshot.units, snapshot.workloads) for document in fleets]


def _findings(resolutions: list[Resolution], snapshot: Snapshot) -> Iterator[Diagnostic]:
    for resolution in resolutions:
        yield from resolution.diagnostics
    yield from conflicts(resolutions, snapshot.units)


def _draft(
    resolution: Resolution, connection: str, platform: Platform, snapshot: Snapshot, question: Question, clock: Clock
) -> Draft:
    one = draft(
        resolution.document,
        connection=connection,
        platform=platform.capabilities.platform,
        channels={},
        snapshot=snapshot,
        now=clock.now(),
        retries_itself=platform.capabilities.retries_itself,
        narrow=question.narrow,
        resolution=resolution,
    )
    one.base = _base(resolution.document, question, snapshot)
    return one


def _base(document: Document, question: Question, snapshot: Snapshot) -> Resolution | None:
    """Return what the base manifests say of the same snapshot; a fleet that is new claimed nothing."""
    if question.base is None:
        return None
    before = question.base.fleets.get(document.name)
    if before is None or before.spec.connection != document.spec.connection:
        nothing = FleetSpec(connection=document.spec.connection, units=document.spec.units, workloads={})
        before = Document(document.name, nothing, document.file, document.locate)
    return resolve(before, channels_of(question.base), snapshot.units, snapshot.workloads)


def _deleted(reading: Reading, question: Question, clock: Clock) -> Iterator[FleetPlan]:
    """Yield an entry for each fleet of the base that is gone: its units keep what they run, and the plan says so."""
    for name, before in (question.base.fleets if question.base is not None else {}).items():
        if (
            name in question.manifest.fleets
            or before.spec.connection != reading.connection
            or not question.narrow.fleet(name)
        ):
            continue
        gone = msgspec.structs.replace(
            before, spec=msgspec.structs.replace(before.spec, workloads={}, pins={}, prune="none", allow_empty=True)
        )
        resolution = resolve(gone, {}, reading.snapshot.units, reading.snapshot.workloads)
        one = _draft(resolution, reading.connection, reading.platform, reading.snapshot, question, clock)
        one.base = (
            resolve(before, channels_of(question.base), reading.snapshot.units, reading.snapshot.workloads)
            if question.base
            else None
        )
        entry = plan_fleet(reading, one, question)
        left = sum(len(rows) for rows in leavers(one).values())
        word = f"fleet {name!r} was deleted: {left:,} slots become unmanaged and keep what they run"
        yield msgspec.structs.replace(entry, warnings=(word, *entry.warnings))


def _unread(document: Document, question: Question, error: str) -> FleetPlan:
    connection = question.manifest.connections.get(document.spec.connection)
    platform = connection.spec.platform if connection is not None else ""
    return failed_fleet(
        document.name,
        connection=document.spec.connection,
        platform=platform,
        target="",
        manifest=question.manifest.digest,
        error=error,
    )


def close(readings: Collection[Reading]) -> None:
    """Give all connections back."""
    for reading in readings:
        reading.platform.close()
