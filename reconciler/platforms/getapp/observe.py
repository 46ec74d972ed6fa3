"""Readings: the inventory before and after the releases, so that what is not shown is proved not to be there (rule 3).

A CDN's listing of releases proves a device empty only where the device is active and has an entry of its own. An
inactive one that shows nothing, or a device without an entry, is unknown in every project: whether the master keeps what
inactive devices last reported is not documented. Each device's list proves its own slots: what is wrong with one device
makes a reading incomplete, but not the empty slots of others unknown. An agent's list names no total, so it is read twice and held against
its offering, which tells states as well.
"""

from __future__ import annotations

from functools import partial
from itertools import compress

import msgspec

from reconciler.errors import PlatformError, UnexpectedAnswer
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.snapshot import Query, References, Snapshot, Workload
from reconciler.model.unit import Reach, Units
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.fold import Slots
from reconciler.platforms.getapp.inventory import Inventory, id_of, listing, shown
from reconciler.platforms.getapp.offers import Offers, offers_to, samples
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, WHOLE, Routes, parts
from reconciler.platforms.reading.proof import coverage_of, proved
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import Clock

SILENT = Condition(ConditionCode.NOT_REPORTING)
LACKING = Condition(ConditionCode.NOT_LISTED)
MOST_CALLS = 10
"""Narrowed to more devices than fit into so many calls, the whole list is read instead."""
AUTO_DEPLOY = ("deployAutoOnPull", "deploy_auto_on_pull", "AUTO_DEPLOY_ON_PULL")
"""One setting by its names in the API, in config.yaml and in the environment, all confirmed."""
WITNESSES = 5
"""How often an agent is asked before its empty list is believed."""


class Observer:
    """Readings of one connection."""

    def __init__(self, routes: Routes, readers: Readers, clock: Clock, identity: str, *, fleet: bool) -> None:
        """Take the routes, the readers, the clock whose time readings bear; `fleet`: the agent is a CDN master."""
        self._routes = routes
        self._readers = readers
        self._clock = clock
        self._identity = identity
        self._fleet = fleet

    def observe(self, query: Query, since: Snapshot | None) -> Snapshot:
        """Return a reading, proved or with its problems. Raises PlatformError when nothing can be read at all.

        Without an earlier reading nobody knows the projects of devices that are not asked about: then all are read.
        """
        units = query.units if since is not None else None
        return proved(lambda _: self._turn(units, since if units is not None else None), self._clock)

    def _turn(self, units: frozenset[str] | None, since: Snapshot | None) -> Snapshot:
        read_at = self._clock.now()
        references: References = {}
        if since is not None and units is not None:
            references = {key: known for key, known in since.references.items() if key[0] not in units}
        reading = (
            _FleetReading(self._routes, self._readers, units, references)
            if self._fleet
            else _AgentReading(self._routes, references)
        )
        reading.read()
        slots, offered = reading.slots, reading.offered
        projects = {*slots.columns, *offered.projects, *(one.id for one in (since.workloads if since else ()))}
        slots.finish(projects)
        problems = sorted(set(reading.problems + slots.problems))
        if slots.own_problems and not problems:
            slots.prove(projects)
        problems += sorted(set(slots.own_problems))
        return Snapshot(
            identity=self._identity,
            units=slots.units,
            workloads=tuple(Workload(project, project) for project in projects),
            states=slots.states,
            columns=slots.columns,
            coverage=coverage_of(problems, slots.notes | reading.notes, slots.unseen),
            read_at=read_at,
            references={**offered.references, **slots.references},
            releases={**(since.releases if since else {}), **slots.releases},
        )


class _FleetReading:
    """One turn over a CDN: devices, which of them are active, their releases and offers, and the devices again."""

    def __init__(self, routes: Routes, readers: Readers, units: frozenset[str] | None, references: References) -> None:
        """Take whom to ask, the devices whose releases are read (None: all), and catalogIds known before."""
        self._routes = routes
        self._readers = readers
        self._units = units
        self._references = references
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self._unread: dict[str, str] = {}
        self.slots: Slots
        self.offered: Offers

    def read(self) -> None:
        """Read all. Raises PlatformError when a listing cannot be read at all."""
        units = self._inventory()
        self.slots = Slots(units, self._references, detail=len(units) <= WHOLE)
        asked = self._units
        if asked is not None and len(asked) > MOST_CALLS * DEVICES_PER_CALL:
            asked = None
        self._read_releases(asked)
        self._judge_silence(asked)
        self.offered = offers_to(self._routes, samples(self.slots.units))
        self.problems += [self.offered.problem] if self.offered.problem else []
        self.notes.update(self.offered.notes)
        self._compare()

    def _inventory(self) -> Units:
        """Return all devices; active ones are connected: they reported within 24 hours, confirmed (cdn-configure.md)."""
        inventory = self._readers.measured(partial(self._routes.devices, listing))
        units = inventory.units()
        active = self._routes.present("active", partial(shown, units.index))
        for row in compress(range(len(units)), active.rows):
            units.reach[row] = Reach.CONNECTED
        self.problems += inventory.problems
        self.notes |= inventory.notes
        self._unread = inventory.unread
        if not active.master and not inventory.notes:
            self.problems.append("the list of active devices lacks the master, which just answered")
        if active.alien:
            self.problems.append("the list of active devices shows some that the list of all devices lacks")
        return units

    def _read_releases(self, asked: frozenset[str] | None) -> None:
        if asked is None and len(self.slots.units) <= WHOLE:
            self.slots.fold(self._routes.fleet_releases())
            return
        devices = self.slots.units.ids if asked is None else sorted(asked)
        chunks, rows = list(parts(devices)), 0
        jobs = self._readers.each(partial(self._routes.fleet_releases, chunk) for chunk in chunks)
        for number, (chunk, entries) in enumerate(zip(chunks, jobs, strict=True), 1):
            self.slots.fold(entries)
            rows += len(chunk)
            self._readers.progress.read("releases of devices", rows, len(devices), number)

    def _judge_silence(self, asked: frozenset[str] | None) -> None:
        """Let devices that prove nothing be unknown; an active one without an entry was lost on the way."""
        slots = self.slots
        for device, why in self._unread.items():
            text = f"what device {device} is: {why}"
            slots.blind(slots.units.index[device], Condition(ConditionCode.UNEXPECTED_VALUE, text=text))
            slots.own_problems.append(f"device {device} has an unexpected value: {why}")
        for row, device in enumerate(slots.units.ids):
            active = slots.units.reach[row] == Reach.CONNECTED
            if (active and slots.shown[row]) or (asked is not None and device not in asked):
                continue
            if not slots.shown[row]:
                slots.blind(row, LACKING if active else SILENT)
                if active:
                    slots.own_problems.append(f"device {device} is active, but the list of releases lacks it")
            elif not slots.has_rows(row):
                slots.blind(row, SILENT)

    def _compare(self) -> None:
        try:
            after = self._routes.present("all", partial(shown, self.slots.units.index))
        except PlatformError as error:
            self.problems.append(f"whether devices changed meanwhile could not be read: {error}")
            return
        if after.alien or not all(after.rows):
            self.problems.append("devices came or went while their releases were read")


def _named(rows: bytes) -> set[str]:
    """Return the catalogIds that rows name, those of rows that cannot be used included: they are shown all the same."""
    found: set[object] = set()
    listed = msgspec.json.decode(rows)
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict):
            inner = one.get("release")
            found |= {one.get("catalogId"), inner.get("id") if isinstance(inner, dict) else None}
    return {name for name in found if isinstance(name, str)}


class _AgentReading:
    """One turn over the own device of one agent: the device, its releases, its offer, and its releases again."""

    def __init__(self, routes: Routes, references: References) -> None:
        self._routes = routes
        self._references = references
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self.slots: Slots
        self.offered: Offers

    def read(self) -> None:
        """Read all. Raises PlatformError when the device or its releases cannot be read at all."""
        content = self._routes.device()
        device = id_of(content)
        if not device:
            raise UnexpectedAnswer("the agent does not name its device's id", operation="getapp: read the device")
        inventory = Inventory()
        inventory.add(device, content, master=False)
        units = inventory.units()
        units.reach[0] = Reach.CONNECTED
        self.slots = Slots(units, self._references, auto=auto_deploys(self._routes))
        rows = self._routes.releases()
        self.slots.fold(wire.Entries([wire.Entry(device, is_master=True, data=msgspec.Raw(rows))]))
        self.offered = offers_to(self._routes, None)
        self.problems += [self.offered.problem] if self.offered.problem else []
        self.notes.update(self.offered.notes)
        shown = _named(rows)
        lacking = sorted(self.offered.on_device - shown)
        if lacking:
            self.problems.append(f"the offering shows {lacking[0]} on the device, but the list of releases lacks it")
        self._repeat(shown)

    def _repeat(self, shown: set[str]) -> None:
        """Read the list again, an empty one several times: it must name the same releases."""
        try:
            for _ in range(1 if shown else WITNESSES):
                if _named(self._routes.releases()) != shown:
                    self.problems.append("the list of releases changed while it was read")
                    return
        except PlatformError as error:
            self.problems.append(f"whether the releases changed meanwhile could not be read: {error}")


def auto_deploys(routes: Routes) -> bool:
    """Return whether an agent installs what it downloaded by itself: `deployAutoOnPull` of its settings.

    The name is confirmed (DOC agent-settings.mdx), that it is `deploy_auto_on_pull` of `deploy` as in config.yaml is
    understood too. The server can change it at any time (confirmed), so it is read each time; where it cannot be read,
    the agent waits for a command.
    """
    try:
        settings = routes.configs()
    except PlatformError:
        return False
    deploy = settings.get("deploy")
    places = (settings, deploy if isinstance(deploy, dict) else {})
    return any(place.get(name) in (True, "true") for place in places for name in AUTO_DEPLOY)
