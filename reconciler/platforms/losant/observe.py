"""Reads an application into a snapshot, and proves what the reading does not show (design rule 3).

One reading: the newest device and the newest deployment with their totals (the *fence*), the workflows, all devices,
the edge deployments asked about, and the fence again. A device or row that came during it shows as another newest one,
one that went as another total. A reading that does not prove itself is done again, twice; then its problems are told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from reconciler.errors import PlatformError
from reconciler.model.snapshot import Coverage, Query, Snapshot, Workload
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.fold import ASSIGNABLE, Inventory, Slots
from reconciler.platforms.losant.listing import REREADS, Listing
from reconciler.platforms.losant.routes import PAGE, WORKFLOW_PAGE, Filter, Routes
from reconciler.platforms.losant.wire import Newest, Page
from reconciler.platforms.readers import Readers
from reconciler.ports import Clock

READINGS = 3
SHOWN_PROBLEMS = 10
WITNESSES = 5
"""How many workflows and how many devices are asked one by one before an empty list is believed, and how often the
list itself is."""


class Fence(NamedTuple):
    """The total of a collection, and its newest item; None where the platform did not show one though there are some."""

    total: int
    newest: tuple[str, str] | None

    def holds(self, later: Fence) -> bool:
        """Return whether nothing came or went in between."""
        return self == later and (self.newest is not None or not self.total)


def fence(ask: Callable[[], Page[Newest]]) -> Fence:
    """Return the fence of a collection, asked again where the answer is empty. Raises PlatformError."""
    page = ask()
    for _ in range(REREADS):
        if page.items:
            break
        page = ask()
    newest = next(((item.creation_date, item.id) for item in page.items), None)
    return Fence(page.total, newest)


class Observer:
    """Readings of one application."""

    def __init__(self, routes: Routes, readers: Readers, clock: Clock, identity: str) -> None:
        """Take the routes, the readers, and the clock whose time readings bear."""
        self._routes = routes
        self._readers = readers
        self._clock = clock
        self._identity = identity

    def observe(self, query: Query) -> Snapshot:
        """Return a reading, proved or with its problems. Raises PlatformError when nothing can be read at all."""
        found, strays = self._turn(query, set(), patient=False)
        for turn in range(2, READINGS + 1):
            if found.coverage.complete or self._clock.stopping():
                break
            try:
                found, strays = self._turn(query, strays, patient=turn == READINGS)
            except PlatformError as error:
                problems = (*found.coverage.problems, f"reading again failed: {error}")
                found.coverage = Coverage(complete=False, problems=problems)
                break
        return found

    def _turn(self, query: Query, strays: set[str], *, patient: bool) -> tuple[Snapshot, set[str]]:
        """Return one reading, and the unknown devices that it met; `strays` are those of the reading before."""
        reading = _Reading(self._routes, self._readers, query, settled_strays=strays, patient=patient)
        read_at = self._clock.now()
        problems = reading.read()
        return reading.snapshot(self._identity, read_at, problems), reading.slots.strays


class _Reading:
    """One turn: what was read, and what keeps it from proving itself."""

    def __init__(
        self, routes: Routes, readers: Readers, query: Query, *, settled_strays: set[str], patient: bool
    ) -> None:
        self._routes = routes
        self._readers = readers
        self._query = query
        self._settled_strays = settled_strays
        self._patient = patient
        self._problems: list[str] = []
        self._workloads: list[Workload] = []
        self.inventory = Inventory()
        self.slots: Slots

    def read(self) -> list[str]:
        """Read all; return the problems. Raises PlatformError when a collection cannot be read at all."""
        routes, readers = self._routes, self._readers
        devices = readers.measured(partial(fence, routes.newest_device))
        workflows = Listing("workflows", routes.flows, self._fold_flows, WORKFLOW_PAGE)
        first_flows, deployments = readers.both(workflows.first, partial(fence, routes.newest_deployment))
        workflows.walk(first_flows, readers, patient=self._patient)
        if not workflows.total:
            self._problems += self._doubts("workflows", partial(routes.flows, 0, 1), [{}] * WITNESSES)
        self._read_devices(devices)
        if deployments.total and not self.inventory.edge:
            self._problems.append(f"there are {deployments.total} edge deployments but no Edge Compute device is shown")
        listings = self._read_deployments(deployments)
        self._problems += workflows.problems
        moved_on = any(listing.pages > 1 for listing in listings)
        if not self._problems or self._patient:
            self._compare(devices, deployments if moved_on else None)
        if readers.count > 1:
            self.slots.settle()
        return sorted(self._problems)

    def snapshot(self, identity: str, read_at: float, problems: list[str]) -> Snapshot:
        """Return what was read."""
        unlisted = [Workload(flow, name) for flow, name in self.slots.unlisted.items()]
        more = len(problems) - SHOWN_PROBLEMS
        shown = (*problems[:SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else []))
        return Snapshot(
            identity=identity,
            units=self.slots.units,
            workloads=(*self._workloads, *unlisted),
            states=self.slots.states,
            columns=self.slots.columns,
            coverage=Coverage(complete=not problems, problems=shown),
            read_at=read_at,
        )

    def _fold_flows(self, page: Page[wire.Flow]) -> None:
        self._workloads += [Workload(flow.id, flow.name) for flow in page.items]
        if page.lost:
            self._problems.append(f"{page.lost} workflows cannot be read")

    def _read_devices(self, before: Fence) -> None:
        listing = Listing("devices", self._routes.devices, self.inventory.fold, PAGE)
        first = self._readers.measured(partial(listing.first, before.total))
        listing.walk(first, self._readers, patient=self._patient)
        self._problems += listing.problems + self.inventory.problems
        self.slots = Slots(self.inventory.units(), {workload.id for workload in self._workloads})
        if listing.total != before.total:
            self._problems.append(f"the number of devices changed from {before.total} to {listing.total}")
        if not self.inventory.edge:
            questions: list[Filter] = [{"deviceClass": ASSIGNABLE}, *([] if listing.total else [{}])]
            self._problems += self._doubts("devices", self._routes.newest_device, questions * WITNESSES)

    def _read_deployments(self, before: Fence) -> list[Listing[wire.Row]]:
        """Read the rows asked about, by the filters that need the fewest requests."""
        filters = narrowed(self._query, before.total, self.inventory.edge)
        listings = [self._listing(one) for one in filters]
        expected = before.total if filters == [{}] else 0
        jobs: list[Callable[[], Page[wire.Row]]] = [partial(listing.first, expected) for listing in listings]
        firsts = self._readers.each(jobs) if len(jobs) > 1 else iter([self._readers.measured(jobs[0])])
        for one, listing, first in zip(filters, listings, firsts, strict=True):
            listing.walk(first, self._readers, patient=self._patient)
            if not listing.total:
                ask = self._routes.newest_deployment
                self._problems += self._doubts("edge deployments", ask, self._witnesses(one))
            self._problems += listing.problems
        self._problems += self.slots.problems
        strays = self.slots.strays
        if strays and strays != self._settled_strays:
            some = ", ".join(sorted(strays)[:3])
            self._problems.append(f"{len(strays)} devices have edge deployments but are not in the list: {some}")
        return listings

    def _listing(self, filters: Filter) -> Listing[wire.Row]:
        fetch = partial(self._routes.deployments, filters)
        return Listing("edge deployments", fetch, self.slots.fold, PAGE)

    def _witnesses(self, filters: Filter) -> list[Filter]:
        """Return other questions about edge deployments that came empty: the same in another order, and parts of it."""
        if filters or not self.inventory.edge:
            return [filters] * WITNESSES
        units = self.slots.units
        edge = (units.ids[row] for row, assignable in enumerate(units.assignable) if assignable)
        return [
            *[filters] * WITNESSES,
            *({"flowId": workload.id} for workload in self._workloads[:WITNESSES]),
            *({"deviceId": unit} for unit in islice(edge, WITNESSES)),
        ]

    def _doubts(self, what: str, ask: Callable[..., Page[Any]], questions: list[Filter]) -> list[str]:
        """Return why an empty list is not to be believed: another question about it has an answer, or none came."""
        try:
            total = next((total for question in questions if (total := ask(**question).total)), 0)
        except PlatformError as error:
            return [f"that there are no {what} could not be confirmed: {error}"]
        return [f"the list of {what} came empty though another question shows {total}"] if total else []

    def _compare(self, devices: Fence, deployments: Fence | None) -> None:
        """Compare the fences with those before."""
        try:
            ask = partial(fence, self._routes.newest_device)
            if deployments is None:
                after = ask()
            else:
                after, rows = self._readers.both(ask, partial(fence, self._routes.newest_deployment))
                if not deployments.holds(rows):
                    self._problems.append("edge deployments came or went while they were read")
            if not devices.holds(after):
                self._problems.append("devices came or went while they were read")
        except PlatformError as error:
            self._problems.append(f"whether something changed meanwhile could not be read: {error}")


def narrowed(query: Query, rows: int, edge_units: int) -> list[Filter]:
    """Return the filters whose listings cover a query with the fewest requests; `[{}]` is the whole list."""
    whole = max(1, -(-rows // PAGE))
    best: list[Filter] = [{}]
    fewest = whole
    if query.workloads is not None:
        requests = len(query.workloads) * max(1, -(-edge_units // PAGE))
        if 0 < requests <= fewest:
            best, fewest = [{"flowId": flow} for flow in sorted(query.workloads)], requests
    if query.units is not None and 0 < len(query.units) <= fewest:
        best = [{"deviceId": unit} for unit in sorted(query.units)]
    return best
