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
from typing import Protocol

import msgspec

from reconciler.errors import NotFound, PlatformError, Rejected, UnexpectedAnswer
from reconciler.model.snapshot import Coverage, Query, Snapshot, Workload
from reconciler.model.unit import Reach, Units
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.fold import Slots
from reconciler.platforms.getapp.inventory import Inventory, id_of, listing, shown
from reconciler.platforms.getapp.memory import Memory
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, WHOLE, Routes, parts
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import Clock

READINGS = 3
SHOWN_PROBLEMS = 10
MOST_CALLS = 10
"""Narrowed to more devices than fit into so many calls, the whole list is read instead."""
WITNESSES = 5
"""How often an agent is asked before its empty list is believed."""

SILENT = "the device has not reported for 24 hours and shows no releases: what it runs is not known"
MISSING = "the list of releases has no entry for this device"


class Reading(Protocol):
    """One turn over one topology."""

    problems: list[str]
    slots: Slots

    def read(self) -> None:
        """Read all. Raises PlatformError when a listing cannot be read at all."""
        ...


class Observer:
    """Readings of one connection."""

    def __init__(self, routes: Routes, readers: Readers, clock: Clock, identity: str, memory: Memory) -> None:
        """Take the routes, the readers, the clock whose time readings bear, and what was seen before."""
        self._routes = routes
        self._readers = readers
        self._clock = clock
        self._identity = identity
        self._memory = memory

    def observe(self, query: Query, *, fleet: bool) -> Snapshot:
        """Return a reading, proved or with its problems; `fleet` says that the agent is a CDN master.

        Raises PlatformError when nothing can be read at all.
        """
        found = self._turn(query, fleet=fleet)
        for _ in range(READINGS - 1):
            if found.coverage.complete or self._clock.stopping():
                break
            try:
                found = self._turn(query, fleet=fleet)
            except PlatformError as error:
                problems = (*found.coverage.problems, f"reading again failed: {error}")
                found.coverage = Coverage(complete=False, problems=problems)
                break
        return found

    def _turn(self, query: Query, *, fleet: bool) -> Snapshot:
        read_at = self._clock.now()
        # Without an earlier reading nobody knows the projects of devices that are not asked about.
        units = query.units if self._memory.whole else None
        kind = partial(_Fleet, self._routes, self._readers, units) if fleet else partial(_Alone, self._routes)
        reading: Reading = kind(self._memory)
        reading.read()
        slots = reading.slots
        self._memory.note(slots.releases, slots.columns, whole=units is None)
        slots.finish(self._memory.projects)
        problems = sorted(set(reading.problems + slots.problems))
        if slots.own_problems and not problems:
            slots.prove(self._memory.projects)
        problems += sorted(set(slots.own_problems))
        more = len(problems) - SHOWN_PROBLEMS
        shown = (*problems[:SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else []))
        return Snapshot(
            identity=self._identity,
            units=slots.units,
            workloads=tuple(Workload(project, project) for project in self._memory.projects),
            states=slots.states,
            columns=slots.columns,
            coverage=Coverage(complete=not problems, problems=shown),
            read_at=read_at,
            references={**self._memory.references, **slots.references},
        )


class _Fleet:
    """One turn over a CDN."""

    def __init__(self, routes: Routes, readers: Readers, units: frozenset[str] | None, memory: Memory) -> None:
        self._routes = routes
        self._readers = readers
        self._units = units
        self._memory = memory
        self.problems: list[str] = []
        self.slots: Slots

    def read(self) -> None:
        """Read devices, which of them are active, their releases, and the devices again."""
        self.slots = Slots(self._inventory())
        asked = self._units
        if asked is not None and len(asked) > MOST_CALLS * DEVICES_PER_CALL:
            asked = None
        self._read_releases(asked)
        self._judge_silence(asked)
        self.problems += offered(self._routes, self._memory, fleet=True)
        self._compare()

    def _inventory(self) -> Units:
        """Return all devices; active ones are connected: they reported within 24 hours, confirmed (cdn-configure.md)."""
        inventory = self._readers.measured(partial(self._routes.devices, listing))
        units = inventory.units()
        active = self._routes.present("active", partial(shown, units.index))
        for row in compress(range(len(units)), active.rows):
            units.reach[row] = Reach.CONNECTED
        self.problems += inventory.problems
        if not active.master:
            self.problems.append("the list of active devices lacks the master, which just answered")
        if active.alien:
            self.problems.append("the list of active devices shows some that the list of all devices lacks")
        self._memory.samples = tuple(inventory.samples(units))
        return units

    def _read_releases(self, asked: frozenset[str] | None) -> None:
        if asked is None and len(self.slots.units) <= WHOLE:
            self.slots.fold(self._routes.fleet_releases())
            return
        chunks = parts(self.slots.units.ids if asked is None else sorted(asked))
        for entries in self._readers.each(partial(self._routes.fleet_releases, chunk) for chunk in chunks):
            self.slots.fold(entries)

    def _judge_silence(self, asked: frozenset[str] | None) -> None:
        """Let devices that prove nothing be unknown; an active one without an entry was lost on the way."""
        slots = self.slots
        for row, device in enumerate(slots.units.ids):
            active = slots.units.reach[row] == Reach.CONNECTED
            if (active and slots.shown[row]) or (asked is not None and device not in asked):
                continue
            if not slots.shown[row]:
                slots.blind(row, MISSING if active else SILENT)
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


class _Alone:
    """One turn over the own device of one agent."""

    def __init__(self, routes: Routes, memory: Memory) -> None:
        self._routes = routes
        self._memory = memory
        self.problems: list[str] = []
        self.slots: Slots

    def read(self) -> None:
        """Read the device, its releases, its offering, and its releases again."""
        content = self._routes.device()
        device = id_of(content)
        if not device:
            raise UnexpectedAnswer("the agent does not tell its device's id", operation="getapp: read the device")
        auto = auto_deploys(self._routes)
        inventory = Inventory()
        inventory.add(device, content, master=False)
        units = inventory.units()
        units.reach[0] = Reach.CONNECTED
        self.slots = Slots(units, auto=auto)
        rows = self._routes.releases()
        self.slots.fold(wire.Entries([wire.Entry(device, is_master=True, data=msgspec.Raw(rows))], 0, wrapped=False))
        self.problems += offered(self._routes, self._memory, fleet=False)
        shown = _named(rows)
        lacking = sorted(self._memory.on_device - shown)
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


def offered(routes: Routes, memory: Memory, *, fleet: bool) -> list[str]:
    """Note what devices are offered, of a fleet one device of each kind; return why that could not be read.

    An agent without this route offers nothing that could be known: no problem for what its devices hold.
    """
    try:
        if not fleet:
            memory.offer(routes.offering())
        elif memory.samples:
            for start in range(0, len(memory.samples), DEVICES_PER_CALL):
                memory.offer(routes.fleet_offering(memory.samples[start : start + DEVICES_PER_CALL]), more=bool(start))
    except (NotFound, Rejected):
        memory.offer([])
    except PlatformError as error:
        return [f"what devices are offered could not be read: {error}"]
    return []


def auto_deploys(routes: Routes) -> bool:
    """Return whether an agent installs what it downloaded by itself: `deploy_auto_on_pull` of its settings.

    The setting is confirmed (DOC config-yaml.md), where it stands in the answer is inferred; where it cannot be read,
    the agent waits to be told.
    """
    try:
        told = routes.configs()
    except PlatformError:
        return False
    deploy = told.get("deploy")
    inner = deploy.get("deploy_auto_on_pull") if isinstance(deploy, dict) else None
    return True in (inner, told.get("deploy_auto_on_pull"), told.get("AUTO_DEPLOY_ON_PULL"))
