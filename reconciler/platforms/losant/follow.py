"""Reads what changed of an application since an earlier reading: five requests where nothing did.

| request | what it shows |
|---|---|
| deleted devices, the last one | that none was deleted or restored; the platform's date |
| devices, the newest one | that none came or went |
| workflows | all of them |
| devices that changed, connected or disconnected since | what is said of them now; one that is known to be there proves the query |
| edge deployments, those that changed last first, down to the mark | their states; how many there are in all |

What it adds up to is what a full reading would show. Anything else is a doubt, and everything is read.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterator

from reconciler.model.observation import State
from reconciler.model.snapshot import Coverage, Snapshot, Workload
from reconciler.model.unit import Unit, Units
from reconciler.platforms.losant.fold import ASSIGNABLE, Slots
from reconciler.platforms.losant.mark import Doubt, Mark, Start
from reconciler.platforms.losant.routes import PAGE, WORKFLOW_PAGE, Routes
from reconciler.platforms.losant.translate import EDGE, labels_from, reach_of, time_of
from reconciler.platforms.losant.wire import Device, Newest, Row
from reconciler.platforms.reading.columns import StateColumns
from reconciler.platforms.reading.listing import everything
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.reading.proof import READINGS, Fence, fence
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import Clock

MOST = 5
"""Pages of changes; where there are more, reading everything is not much longer."""


def newest_of(item: Newest) -> object:
    """Return what tells the newest item of a collection from others."""
    return item.creation_date, item.id


class Following:
    """One reading that goes on from an earlier one."""

    def __init__(self, routes: Routes, readers: Readers, clock: Clock, since: Snapshot, mark: Mark) -> None:
        self._routes = routes
        self._readers = readers
        self._clock = clock
        self._since = since
        self._mark = mark
        self._notes: set[str] = set()

    def read(self) -> Snapshot:
        """Return what a full reading would show. Raises Doubt where that cannot be said, and PlatformError."""
        since, mark, read_at = self._since, self._mark, self._clock.now()
        start = self._start()
        devices = fence(self._routes.newest_device, newest_of)
        if not mark.devices.holds(devices):
            raise Doubt("devices came or went")
        workloads = self._workloads()
        units = self._units()
        total, updated, pages = self._rows()
        table, elsewhere = self._folded(total, pages, units, workloads)
        states, columns = _shared(table, since)
        return Snapshot(
            identity=since.identity,
            units=units,
            workloads=workloads,
            states=states,
            columns=columns,
            coverage=Coverage(True, (), (*since.coverage.notes, *sorted(self._notes - {*since.coverage.notes}))),
            read_at=read_at,
            full_at=since.read_in_full_at,
            mark=mark._replace(start=start._replace(updated=updated), rows=total, elsewhere=elsewhere),
        )

    def _start(self) -> Start:
        passed = self._clock.monotonic()
        deleted, date = self._routes.deleted_devices()
        if date is None:
            raise Doubt("the platform does not say what time it has")
        newest = [(one.deleted_at, one.id) for one in deleted.items]
        before = self._mark.start
        start = Start(passed, date, Fence(deleted.total, newest[0] if newest else None), before.updated)
        if before.steps(start):
            raise Doubt("the platform's clock or that of this machine was set")
        if start.deleted != before.deleted:
            raise Doubt("devices were deleted or restored")
        return start

    # --- workflows --------------------------------------------------------------------------------------------------

    def _workloads(self) -> tuple[Workload, ...]:
        since, mark = self._since, self._mark
        flows, problems = everything("workflows", self._routes.flows, WORKFLOW_PAGE, self._readers, notes=self._notes)
        if problems:
            raise Doubt(problems[0])
        listed = {flow.id: Workload(flow.id, flow.name or flow.id, flow.minimum_agent_version) for flow in flows}
        for one in since.workloads:
            if one.id in listed or one.id not in since.columns:
                continue
            if one.id not in mark.unlisted:
                raise Doubt(f"the workflow {one.name} is no longer listed")
            listed[one.id] = one
        found = tuple(sorted(listed.values(), key=lambda one: (one.name, one.id)))
        return since.workloads if found == since.workloads else found

    # --- devices ----------------------------------------------------------------------------------------------------

    def _units(self) -> Units:
        units = self._since.units
        return units.replaced([self._unit(device) for device in self._devices(units.ids[0])])

    def _devices(self, witness: str) -> Iterator[Device]:
        """Yield the devices that changed, and `witness`."""
        bound, found = self._mark.start.bound_of_devices, dict[str, Device]()
        total, number = 1, 0
        while len(found) < total:
            page = self._routes.changed_devices(bound, witness, number)
            found |= {device.id: device for device in page.items}
            if page.malformed or not page.items or (number and page.total != total):
                raise Doubt("the devices that changed could not be read as one list")
            total, number = page.total, number + 1
            if total > MOST * PAGE:
                raise Doubt(f"more than {MOST * PAGE:,} devices changed")
            self._notes.update(page.notes)
        if witness not in found:
            raise Doubt("the platform does not find its devices by when they changed")
        yield from found.values()

    def _unit(self, device: Device) -> Unit:
        units = self._since.units
        row = units.index.get(device.id)
        if row is None:
            raise Doubt(f"the device {device.id} came")
        assignable = device.device_class == ASSIGNABLE
        if assignable != bool(units.assignable[row]):
            raise Doubt(f"the device {device.id} has another class")
        notes: list[str] = []
        labels = labels_from(bytes(device.tags), notes)
        self._notes.update(f"device {device.id}: {note}" for note in notes)
        reach, agent = reach_of(device.connection_info), device.edge_agent_version
        return Unit(row, device.id, device.name or device.id, labels, reach, units.size(row), agent, assignable)

    # --- edge deployments -------------------------------------------------------------------------------------------

    def _rows(self) -> tuple[int, float, list[Page[Row]]]:
        """Return how many there are, when the last one changed, and pages of those that changed since the mark.

        What changes while they are read goes to the front, and what goes away moves all others: then they are read again.
        """
        why = ""
        for _ in range(READINGS):
            pages: list[Page[Row]] = []
            why, updated = self._walk(pages)
            if not why:
                return pages[0].total, updated, pages
        raise Doubt(why)

    def _walk(self, pages: list[Page[Row]]) -> tuple[str, float]:
        """Read pages down to the mark; return why they are not one list, and when the first row changed."""
        start, bound = self._mark.start, self._mark.start.bound
        seen: set[str] = set()
        first, last = 0.0, float("inf")
        while len(pages) < MOST:
            page = self._routes.last_deployments(len(pages))
            if page.malformed or not page.items:
                raise Doubt("the edge deployments that changed last cannot be read")
            if pages and page.total != pages[0].total:
                return "edge deployments came or went while they were read", first
            changed: list[Row] = []
            for row in page.items:
                at = time_of(row.last_updated)
                if at is None or at > last:
                    raise Doubt("edge deployments are not listed by when they were last changed")
                first, last = first or at, at
                if at < bound:
                    break
                if row.id in seen:
                    return "edge deployments changed while they were read", first
                seen.add(row.id)
                changed.append(row)
            shown = sum(each.size for each in pages) + page.size
            page.items, whole = changed, len(changed) == page.size
            pages.append(page)
            if first < start.updated:
                raise Doubt("the edge deployment that changed last is no longer there, or as it was")
            if not whole or shown >= page.total:
                return "", first
        raise Doubt(f"more than {MOST * PAGE:,} edge deployments changed")

    def _folded(
        self, total: int, pages: list[Page[Row]], units: Units, workloads: tuple[Workload, ...]
    ) -> tuple[StateColumns, frozenset[str]]:
        """Return the states with those of the rows that changed, and the rows that stand in no slot."""
        since, mark = self._since, self._mark
        slots = Slots(units, {one.id for one in workloads})
        slots.table = StateColumns.going_on(len(units), since.states, since.columns)
        new = self._cleared(slots.table, [row for page in pages for row in page.items], {one.id for one in workloads})
        for page in pages:
            slots.fold(page)
        self._notes |= slots.notes
        if mark.rows + new != total:
            raise Doubt(f"there are {total} edge deployments, and those that changed make {mark.rows + new}")
        return slots.table, mark.elsewhere | slots.elsewhere

    def _cleared(self, table: StateColumns, rows: list[Row], listed: Container[str]) -> int:
        """Make room for rows that were read before, and return how many were not."""
        index, new = self._since.units.index, 0
        opened: set[str] = set()
        met: set[tuple[str, int]] = set()
        for row in rows:
            unit = index.get(row.device_id)
            if row.id in self._mark.elsewhere:
                continue
            if row.flow_class != EDGE:
                new += 1
                continue
            if unit is None:
                raise Doubt(f"an edge deployment is of a device that is not listed: {row.device_id}")
            slot = row.flow_id, unit
            if slot in met:
                raise Doubt(f"device {row.device_id} has two rows of workflow {row.flow_id}")
            met.add(slot)
            if row.flow_id not in listed:
                raise Doubt(f"an edge deployment is of a workflow that is not listed: {row.flow_id}")
            if row.flow_id not in opened:
                opened.add(row.flow_id)
                table.opened(row.flow_id)
            column = table.columns[row.flow_id]
            if row.file_name is not None or table.states[column[unit]].protected:
                raise Doubt(f"device {row.device_id} has a workflow from a file of its own")
            new += not column[unit]
            column[unit] = 0
        return new


def _shared(table: StateColumns, since: Snapshot) -> tuple[list[State], dict[str, array[int]]]:
    """Return states and columns, the earlier ones where they show the same: by that it is seen that nothing changed."""
    before = since.columns
    columns = {
        flow: before[flow] if flow in before and column == before[flow] else column
        for flow, column in table.columns.items()
    }
    same = columns.keys() == before.keys() and all(columns[flow] is before[flow] for flow in before)
    return (since.states, before) if same else (table.states, columns)
