"""Reads an application into a snapshot, and proves what the reading does not show (design rule 3).

One reading: the fences of devices and of deployments, the workflows, all devices, the edge deployments asked about, and
the fences again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from reconciler.errors import PlatformError
from reconciler.model.snapshot import Query, Snapshot, Workload
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.fold import ASSIGNABLE, Inventory, Slots
from reconciler.platforms.losant.follow import Following, newest_of
from reconciler.platforms.losant.mark import Doubt, Mark, Start, refuted, started
from reconciler.platforms.losant.routes import PAGE, WORKFLOW_PAGE, Filter, Routes
from reconciler.platforms.reading.listing import REREADS, Listing
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.reading.proof import Fence, coverage_of, fence, proved
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import Clock

WITNESSES = 5
"""How many workflows and how many devices are asked one by one before an empty list is believed, and how often the
list itself is."""


def observe(
    routes: Routes, readers: Readers, clock: Clock, query: Query, since: Snapshot | None, *, identity: str
) -> Snapshot:
    """Return a reading of an application, proved or with its problems: what changed since an earlier one, where that is enough.

    Raises PlatformError when nothing can be read at all.
    """
    mark = since.mark if since is not None and query.continued else None
    if since is None or not isinstance(mark, Mark):
        return _in_full(routes, readers, clock, query, identity)
    doubt = mark.refuted
    if not query.full and not doubt:
        try:
            return Following(routes, readers, clock, since, mark).read()
        except (Doubt, PlatformError) as why:
            doubt = str(why)
    found = _in_full(routes, readers, clock, query, identity)
    found.doubt = doubt
    new = found.mark
    if isinstance(new, Mark):
        if not doubt and not mark.start.steps(new.start):
            found.doubt = doubt = refuted(routes, since, mark, found)
            found.mark = new._replace(refuted=doubt)
        elif mark.refuted:
            found.mark = new._replace(refuted=doubt)
    return found


def _in_full(routes: Routes, readers: Readers, clock: Clock, query: Query, identity: str) -> Snapshot:
    """Return a reading of everything that is asked about."""
    strays: set[str] = set()

    def turn(last: bool) -> Snapshot:
        nonlocal strays
        reading = _Reading(routes, readers, clock, query, settled_strays=strays, patient=last)
        read_at = clock.now()
        problems = reading.read()
        strays = reading.slots.strays
        return reading.snapshot(identity, read_at, problems)

    return proved(turn, clock)


class _Reading:
    """One turn: what was read, and what keeps it from proving itself."""

    def __init__(  # what is read, and how
        self,
        routes: Routes,
        readers: Readers,
        clock: Clock,
        query: Query,
        *,
        settled_strays: set[str],
        patient: bool,
    ) -> None:
        self._routes = routes
        self._readers = readers
        self._clock = clock
        self._query = query
        self._settled_strays = settled_strays
        self._patient = patient
        self._problems: list[str] = []
        self._notes: set[str] = set()
        self._workloads: list[Workload] = []
        self._devices = 0
        """Devices that there are, as the platform counts them."""
        self._start: Start | str = ""
        self._fences = Fence(0, None), Fence(0, None)
        self.inventory = Inventory()
        self.slots: Slots

    def read(self) -> list[str]:
        """Read all; return the problems. Raises PlatformError when a collection cannot be read at all."""
        routes, readers = self._routes, self._readers
        devices = readers.measured(partial(fence, routes.newest_device, newest_of))
        workflows = Listing("workflows", routes.flows, self._fold_flows, WORKFLOW_PAGE)
        first_flows, deployments = readers.both(workflows.first, partial(fence, routes.newest_deployment, newest_of))
        self._fences = devices, deployments
        self._start = self._started(devices.total) if self._query.continued else ""
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
            self.slots.table.settle()
        return sorted(self._problems)

    def snapshot(self, identity: str, read_at: float, problems: list[str]) -> Snapshot:
        """Return what was read."""
        unlisted = [Workload(flow, name) for flow, name in self.slots.unlisted.items()]
        start, (devices, deployments) = self._start, self._fences
        mark = None
        if isinstance(start, Start) and not problems and len(self.slots.units):
            elsewhere = frozenset(self.slots.elsewhere)
            mark = Mark(start, devices, deployments.total, elsewhere, frozenset(self.slots.unlisted))
        return Snapshot(
            identity=identity,
            units=self.slots.units,
            workloads=(*self._workloads, *unlisted),
            states=self.slots.table.states,
            columns=self.slots.table.columns,
            coverage=coverage_of(
                problems,
                self._notes | self.inventory.notes | self.slots.notes,
                self._devices - len(self.slots.units),
            ),
            read_at=read_at,
            mark=mark,
            doubt=start if isinstance(start, str) else "",
        )

    def _started(self, devices: int) -> Start | str:
        """Return where everything stands now, or why no later reading can go on from here."""
        try:
            return started(self._routes, self._clock, devices)
        except (Doubt, PlatformError) as why:
            return str(why)

    def _fold_flows(self, page: Page[wire.Flow]) -> None:
        self._workloads += [Workload(flow.id, flow.name or flow.id, flow.minimum_agent_version) for flow in page.items]
        self._problems += [f"a workflow cannot be read: {one.why}" for one in page.malformed]
        self._notes.update(page.notes)

    def _read_devices(self, before: Fence) -> None:
        witnesses = REREADS if before.total else 0
        listing = Listing("devices", self._routes.devices, self.inventory.fold, PAGE, ahead=True, witnesses=witnesses)
        first = self._readers.measured(listing.first)
        listing.walk(first, self._readers, patient=self._patient)
        self._devices = max(before.total, listing.total)
        self._problems += listing.problems + self.inventory.problems
        listed = {workload.id for workload in self._workloads}
        self.slots = Slots(self.inventory.units(), listed, self._query.detail)
        if listing.total != before.total:
            self._problems.append(f"the number of devices changed from {before.total} to {listing.total}")
        if not self.inventory.edge:
            questions: list[Filter] = [{"deviceClass": ASSIGNABLE}, *([] if listing.total else [{}])]
            self._problems += self._doubts("devices", self._routes.newest_device, questions * WITNESSES)

    def _read_deployments(self, before: Fence) -> list[Listing[wire.Row]]:
        """Read the rows asked about, by the filters that need the fewest requests."""
        filters = narrowed(self._query, before.total, self.inventory.edge)
        witnesses = REREADS if before.total and filters == [{}] else 0
        listings = [self._listing(one, witnesses) for one in filters]
        jobs = [listing.first for listing in listings]
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

    def _listing(self, filters: Filter, witnesses: int) -> Listing[wire.Row]:
        fetch = partial(self._routes.deployments, filters)
        return Listing("edge deployments", fetch, self.slots.fold, PAGE, ahead=True, witnesses=witnesses)

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
            ask = partial(fence, self._routes.newest_device, newest_of)
            if deployments is None:
                after = ask()
            else:
                rows_after = partial(fence, self._routes.newest_deployment, newest_of)
                after, rows = self._readers.both(ask, rows_after)
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
