"""Reading one group: the connections that requirements tie together, each once, all at a time.

A group is the unit of work of a pass: what its fleets may do depends on nothing outside it, so groups run in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.decide import (
    Assessed,
    PlanRequest,
    Reading,
    Seen,
    assess_reading,
    connections_in_reach,
    decide,
    unread_fleet,
)
from reconciler.core.guards.spent import LONGEST
from reconciler.core.need import needs, tied_to
from reconciler.core.resolve import channels_of
from reconciler.core.reuse import Before
from reconciler.core.shares import asked
from reconciler.engine.parallel import at_once
from reconciler.engine.recent import Recent
from reconciler.errors import JournalError, PlatformError, ReconcilerError, SettingsError
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review
from reconciler.model.fleet import Document
from reconciler.model.memory import InFlight, Memory
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Clock, History, Platform

Open = Callable[[str], Platform]
"""Gives the platform of a connection by its name; raises SettingsError for what is wrong with it."""

EVERYTHING = Query()

FRESH = 60.0
"""Seconds: what connections showed is judged together only if it is no older."""


class Group(msgspec.Struct, frozen=True):
    """Connections tied together. Fleets of `asked` are planned, `partners` are only read for their requirements."""

    asked: tuple[str, ...]
    partners: tuple[str, ...] = ()

    @property
    def connections(self) -> tuple[str, ...]:
        """Return all of them."""
        return (*self.asked, *self.partners)


class View(msgspec.Struct, kw_only=True, dict=True):
    """A group as it was read and decided last."""

    assessed: dict[str, Assessed]
    """By connection; those that could not be read are missing."""
    unread: dict[str, ReconcilerError]
    """Why connections could not be read, or their releases not be looked up."""
    plans: dict[str, FleetPlan]
    """By fleet: those in reach, and those that the base manifests had."""

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """The connections whose fleets were decided."""
        return {name: one for name, one in self.assessed.items() if isinstance(one, Reading)}

    @cached_property
    def assessments(self) -> dict[str, FleetAssessment]:
        """The judged fleets by name."""
        return {one.document.name: one for reading in self.readings.values() for one in reading.assessments}


class PlatformCompiler(msgspec.Struct):
    """The platform's word on changes against one reading."""

    platform: Platform
    snapshot: Snapshot
    catalog: Catalog

    def review(self, changes: Sequence[Change]) -> Review:
        """Decide which changes are held, what follows, and what to warn of."""
        return self.platform.review(changes, self.snapshot, self.catalog)

    def compile(
        self,
        changes: Sequence[Change],
        fleet_wide: Collection[str],
        *,
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Turn changes into calls."""
        staging = self.platform.capabilities.staging
        return self.platform.compile(
            [asked(one, staging) for one in changes] if staging else changes,
            self.snapshot,
            self.catalog,
            fleet_wide=fleet_wide,
            wide=wide,
            refused=refused,
        )


def groups_of(request: PlanRequest) -> list[Group]:
    """Return the groups of the connections in reach, in the order of their names."""
    needed = connections_in_reach(request)
    lines = needs(request.manifest.fleets.values())
    reach = needed | tied_to(lines, needed)
    found: list[Group] = []
    left = set(reach)
    while left:
        members: set[str] = set()
        border = frozenset({min(left)})
        while border:
            members |= border
            border = (tied_to(lines, border) & reach) - members
        left -= members
        found.append(Group(tuple(sorted(members & needed)), tuple(sorted(members - needed))))
    return found


class GroupReader:
    """Reads the connections of one group, as often as asked; each is opened once.

    The first reading may go on from one that is `recent`; every later one is of everything.
    """

    def __init__(  # what is read, how it is opened, and what is known beforehand
        self,
        group: Group,
        request: PlanRequest,
        open_: Open,
        clock: Clock,
        history: History,
        recent: Recent | None = None,
    ) -> None:
        self._recent = recent
        self._full = False
        self.history = history
        self.group = group
        self.request = request
        self.clock = clock
        self._flying: frozenset[InFlight] | None = None
        """What was in flight when it read first: what this run sends itself, its loop follows."""
        self.platforms: dict[str, Platform] = {}
        self._closed: dict[str, ReconcilerError] = {}
        for name in group.connections:
            try:
                self.platforms[name] = open_(name)
            except (PlatformError, SettingsError) as error:
                self._closed[name] = error

    def read(self, now: float, fleets: Collection[str] | None = None, probe: Collection[Release] = ()) -> View:
        """Read everything and decide. `now` in seconds since 1970. With `fleets` only these are decided.

        `probe` are releases that the catalogue may be asked about whatever the effect on the platform's own caches.
        """
        manifest = self.request.manifest
        chosen = [one for one in manifest.fleets.values() if self._in_reach(one.name, fleets)]
        names = {document.name for document in chosen}
        targets = {name: self._target(manifest.fleets[name].spec.connection) for name in names}
        try:
            memory = self.history.memory(targets, now - LONGEST)
        except JournalError as error:
            return self._unread(chosen, error)
        seen, unread = self._observe()
        self._full = True
        self._flying = frozenset(memory.in_flight) if self._flying is None else self._flying
        before = tuple(one for one in memory.in_flight if one in self._flying)
        memory = msgspec.structs.replace(memory, in_flight=before)
        assessed = {name: self._assess(one, names, now, memory) for name, one in seen.items()}
        for name in self.group.asked:
            if name in assessed:
                try:
                    assessed[name] = self._look_up(assessed[name], probe)
                except PlatformError as error:
                    unread[name] = error
        failed = {name: error.advised for name, error in unread.items()}
        plans = {one.fleet: one for one in decide(self.request, assessed, failed, now, fleets)}
        for document in chosen:
            if document.spec.connection in failed:
                plans[document.name] = unread_fleet(document, manifest, failed[document.spec.connection])
        return View(assessed=assessed, unread=unread, plans=plans)

    def _assess(self, one: Seen, names: Collection[str], now: float, memory: Memory) -> Assessed:
        """Judge the fleets of a connection, by what is known of a reading that showed the same."""
        if self._recent is None:
            return assess_reading(self.request, one, names, now, memory)
        known = self._recent.assessed
        found = assess_reading(self.request, one, names, now, memory, known.get(one.connection))
        judged = {each.document.name: each.unfiltered for each in found.assessments}
        channels = channels_of(self.request.manifest)
        known[one.connection] = Before(found.snapshot, channels, found.resolutions, found.mistakes, judged)
        return found

    def _unread(self, chosen: Sequence[Document], error: ReconcilerError) -> View:
        """Return the view of a group of which nothing is known, and nothing can be decided therefore."""
        plans = {one.name: unread_fleet(one, self.request.manifest, error.advised) for one in chosen}
        return View(assessed={}, unread=dict.fromkeys(self.group.asked, error), plans=plans)

    def observe(self, connection: str, query: Query, since: Snapshot) -> Snapshot:
        """Read part of a connection. Raises PlatformError."""
        return self.platforms[connection].observe(query, since)

    def close(self) -> None:
        """Give all connections back."""
        for platform in self.platforms.values():
            platform.close()

    def _in_reach(self, fleet: str, fleets: Collection[str] | None) -> bool:
        mine = self.request.manifest.fleets[fleet].spec.connection in self.group.asked
        return mine and (self.request.filters.fleet(fleet) if fleets is None else fleet in fleets)

    def _target(self, connection: str) -> str:
        """Return which application a connection is to; nothing where it could not be opened."""
        return self.platforms[connection].identity if connection in self.platforms else ""

    def _observe(self) -> tuple[dict[str, Seen], dict[str, ReconcilerError]]:
        """Read all connections at a time; those that grew old while slower ones were read are read once more."""
        seen, unread = self._observe_some(self.platforms)
        now = self.clock.monotonic()
        old = {name: self.platforms[name] for name, one in seen.items() if now - one.done_at > FRESH}
        again, failed = self._observe_some(old)
        for name in failed:
            del seen[name]
        return {**seen, **again}, {**self._closed, **unread, **failed}

    def _observe_some(self, platforms: Mapping[str, Platform]) -> tuple[dict[str, Seen], dict[str, ReconcilerError]]:
        answers = at_once([partial(self._observe_one, name, platform) for name, platform in platforms.items()])
        found = dict(zip(platforms, answers, strict=True))
        seen = {name: one for name, one in found.items() if isinstance(one, Seen)}
        return seen, {name: one for name, one in found.items() if isinstance(one, PlatformError)}

    def _observe_one(self, name: str, platform: Platform) -> Seen | PlatformError:
        query, since = Query(detail=self.request.detail), None
        if self._recent is not None:
            query, since = self._recent.asked(name, query, full=self._full)
        try:
            snapshot = platform.observe(query, since)
        except PlatformError as error:
            if self._recent is not None:
                self._recent.forget(name)
            return error
        if self._recent is not None:
            self._recent.keep(name, snapshot)
        known = platform.capabilities
        return Seen(
            connection=name,
            platform=known.platform,
            retries_itself=known.retries_itself,
            orders_versions=known.orders_versions,
            steps=known.steps,
            staging=known.staging,
            snapshot=snapshot,
            done_at=self.clock.monotonic(),
        )

    def _look_up(self, one: Assessed, probe: Collection[Release]) -> Reading:
        """Look up the releases that the fleets of a connection want. Raises PlatformError."""
        platform, wanted = self.platforms[one.connection], one.releases
        asked = wanted if self.request.probe else wanted.keys() & set(probe)
        catalog = platform.catalog(wanted, one.snapshot, probe=asked)
        return one.looked_up(catalog, PlatformCompiler(platform, one.snapshot, catalog))
