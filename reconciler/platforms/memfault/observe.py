"""Reads a project into a snapshot, and proves what the reading does not show (design rule 3).

One reading: the cohorts, software types with their versions, devices, deployments between two looks at their total and
newest, what lower activations are for, and the cohorts again. What devices say decides nothing about what is assigned:
devices may come and go meanwhile, cohorts and deployments may not. A reading that does not prove itself is done again,
twice; then its problems are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter

from reconciler.errors import PlatformError
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.memfault.activations import Activations
from reconciler.platforms.memfault.catalog import NAMED, named
from reconciler.platforms.memfault.columns import Columns
from reconciler.platforms.memfault.members import Group, Members
from reconciler.platforms.memfault.routes import ASKED, Filters, Routes
from reconciler.platforms.memfault.slots import SlotEvidence, lead_of
from reconciler.platforms.memfault.wire import SYMBOLS, Cohort, Device, Release
from reconciler.platforms.memfault.workloads import read_workloads
from reconciler.platforms.reading.listing import WITNESSES, Listing, everything
from reconciler.platforms.reading.pages import Item, Page
from reconciler.platforms.reading.proof import coverage_of, fence, proved
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import Clock

FEW = 20
"""Up to this many cohorts are read one by one where only they are asked about."""


def observe(
    routes: Routes, readers: Readers, clock: Clock, query: Query, *, identity: str, seen_within: float
) -> Snapshot:
    """Return a reading of a project, proved or with its problems. Raises PlatformError when nothing can be read at all.

    `seen_within` in seconds: who was seen so lately is waited for.
    """

    def turn(last: bool) -> Snapshot:
        now = clock.now()
        since = datetime.fromtimestamp(now, UTC) - timedelta(seconds=seen_within)
        return _Reading(routes, readers, query, since, patient=last).read().snapshot(identity, now)

    return proved(turn, clock)


class _Reading:
    """One turn: what was read, and what keeps it from proving itself."""

    def __init__(self, routes: Routes, readers: Readers, query: Query, since: datetime, *, patient: bool) -> None:
        self._routes = routes
        self._readers = readers
        self._query = query
        self._patient = patient
        self._members = Members(since)
        self._unread: dict[str, str] = {}
        """By cohort, why what its devices report is not known."""
        self._problems: list[str] = []
        self._notes: set[str] = set()
        self._cohorts: list[Cohort] = []
        self._counted = 0
        """Cohorts that there are, as the platform counts them."""

    def read(self) -> Columns:
        """Read all. Raises PlatformError when cohorts, types or deployments cannot be read at all."""
        self._cohorts = self._read_cohorts()
        workloads = read_workloads(self._routes, self._readers)
        self._problems += workloads.problems
        self._read_devices()
        for version, name in self._members.reported_types():
            workloads.note(version, name)
        activations, proved = self._read_deployments()
        if activations.any and not workloads.names:
            self._problems.append("the list of software types came empty though there are deployments")
        slots, references = activations.slots(workloads)
        groups, sizes = self._members.groups(workloads), self._members.sizes()
        for cohort in self._cohorts:
            if cohort.count_devices and cohort.slug not in sizes:
                why = f"the cohort counts {cohort.count_devices:,} devices, and the list shows none of them"
                self._unread.setdefault(cohort.slug, why)
        self._look_up(slots, groups)
        self._compare_cohorts()
        return Columns(
            cohorts=self._cohorts,
            workloads=workloads,
            groups=groups,
            sizes=sizes,
            unread=self._unread,
            slots=slots if proved else {},
            references=references if proved else {},
            coverage=coverage_of(
                self._problems,
                self._notes | self._members.notes | activations.notes | workloads.notes,
                self._counted - len(self._cohorts),
            ),
        )

    def _read_cohorts(self) -> list[Cohort]:
        """Return the cohorts. An empty list is never believed.

        New devices join `default`, confirmed (MDX docs/mcu/releases-integration-guide.mdx).
        """

        def page(number: int, size: int) -> Page[Cohort]:
            found = self._routes.cohorts(number, size)
            self._counted = max(self._counted, found.total)
            return found

        cohorts, problems = everything("cohorts", page, ASKED, self._readers, notes=self._notes)
        self._problems += problems
        if not cohorts:
            self._problems.append("the list of cohorts came empty, yet a project has at least one")
        if len({cohort.slug for cohort in cohorts}) < len(cohorts):
            self._problems.append("the list of cohorts repeats some: cohorts came or went meanwhile")
        return cohorts

    @property
    def _few(self) -> list[Cohort] | None:
        """Return the cohorts asked about where they are few and fewer than all, else None."""
        units = self._query.units
        asked = [cohort for cohort in self._cohorts if units is None or cohort.slug in units]
        return asked if len(asked) <= FEW and len(asked) < len(self._cohorts) else None

    def _read_devices(self) -> None:
        """Read the devices that matter; what cannot be read leaves unknown what cohorts report."""
        few = self._few
        if few is not None:
            asked = {cohort.slug for cohort in few}
            self._unread |= {one.slug: "it was not asked about" for one in self._cohorts if one.slug not in asked}
            if self._read_members(few):
                return
        try:
            self._walk_devices("devices", self._routes.devices, self._cohorts)
        except PlatformError as error:
            self._doubt(self._cohorts, str(error))

    def _read_members(self, few: list[Cohort]) -> bool:
        """Read devices cohort by cohort; return False where that cannot be done: not every project shows them so."""
        try:
            for cohort in few:
                fetch = partial(self._routes.members, cohort.slug)
                self._walk_devices(f"devices of {cohort.slug}", fetch, [cohort])
        except PlatformError:
            self._members.forget()
            return False
        return True

    def _walk_devices(self, what: str, fetch: Callable[[int, int], Page[Device]], cohorts: list[Cohort]) -> None:
        listing = self._walk(Listing(what, fetch, self._members.fold, ASKED, steady=False, witnesses=WITNESSES))
        if not listing.total and any(cohort.count_devices for cohort in cohorts):
            listing.problems.append(f"the list of {what} came empty though cohorts count some")
        if listing.problems:
            self._doubt(cohorts, "; ".join(listing.problems))

    def _doubt(self, cohorts: list[Cohort], why: str) -> None:
        self._problems.append(why)
        self._unread.update({cohort.slug: why for cohort in cohorts})

    def _read_deployments(self) -> tuple[Activations, bool]:
        """Return what is activated, and whether that is all there is."""
        few = self._few
        filters: Filters = [] if few is None else [("cohort", cohort.slug) for cohort in few]
        activations = Activations()
        if few == []:
            return activations, True
        before = fence(self._routes.newest_deployment, attrgetter("id"))
        fetch = partial(self._routes.deployments, filters)
        listing = self._walk(Listing("deployments", fetch, activations.fold, ASKED, witnesses=WITNESSES))
        problems = [*listing.problems, *activations.problems]
        if (
            not problems
            and listing.pages > 1
            and not before.holds(fence(self._routes.newest_deployment, attrgetter("id")))
        ):
            problems.append("deployments came or went while they were read")
        asked = self._cohorts if few is None else few
        if not listing.total and any(cohort.count_active_deployments for cohort in asked):
            problems.append("the list of deployments came empty though cohorts count some")
        self._problems += problems
        return activations, not problems

    def _walk(self, listing: Listing[Item]) -> Listing[Item]:
        listing.walk(self._readers.measured(listing.first), self._readers, patient=self._patient)
        return listing

    def _look_up(self, slots: dict[tuple[str, str], SlotEvidence], groups: Mapping[tuple[str, str], Group]) -> None:
        """Find out which lower activations devices must pass through (those stay), and what they report unreleased."""
        lower = {version for slot in slots.values() for version in _lower(slot)}
        active = {one.release.versions[-1] for slot in slots.values() for one in (*slot.active, *slot.deltas)}
        reported = Counter[str]()
        for key in slots.keys() & groups.keys():
            reported.update(dict(groups[key].spread))
        asked = lower | {version for version, _ in reported.most_common(NAMED) if version not in active}
        found = named(self._routes, self._readers, sorted(asked))
        must_pass = self._must_pass(sorted(lower), found)
        released = frozenset(active | {version for version in found if _has_payload(found[version])})
        unreleased = frozenset(found.keys() - released)
        for slot in slots.values():
            slot.must_pass, slot.released, slot.unreleased = must_pass, released, unreleased
            for version in _lower(slot):
                if version not in must_pass:
                    slot.ambiguities.append(Condition(ConditionCode.REQUIRED_STEP_UNREAD, (version,)))

    def _must_pass(self, versions: list[str], listed: Mapping[str, Release | None]) -> dict[str, bool | None]:
        """Return of each version that can be read whether it must be passed through; None: the platform does not say."""
        found: dict[str, bool | None] = {}
        for version in versions:
            try:
                found[version] = (listed.get(version) or self._routes.release(version)).must_pass
            except PlatformError:
                continue
        return found

    def _compare_cohorts(self) -> None:
        """Compare the cohorts with those before."""
        if self._problems:
            return
        try:
            after, problems = everything("cohorts", self._routes.cohorts, ASKED, self._readers)
        except PlatformError as error:
            self._problems.append(f"whether cohorts came or went could not be read: {error}")
            return
        self._problems += problems
        if {cohort.slug for cohort in after} != {cohort.slug for cohort in self._cohorts}:
            self._problems.append("cohorts came or went while they were read")


def _has_payload(release: Release | None) -> bool:
    """Return whether devices can get a release; it is believed where the platform shows no payloads at all."""
    return release is not None and (release.artifacts is None or any(one.type != SYMBOLS for one in release.artifacts))


def _lower(slot: SlotEvidence) -> list[str]:
    """Return the full releases that something higher stands above."""
    return lead_of(slot)[1] if slot.active or slot.deltas else []
