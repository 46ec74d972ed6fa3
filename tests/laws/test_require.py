"""What requirements keep: no call of ours ever makes a pair that they forbid, and what does not contradict itself is reached.

A gate stands before each simulator and looks at both worlds at the moment of every write. It knows only the lines drawn
here; nothing of the code under test judges.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.decide import PlanRequest
from reconciler.core.resolve import Resolution, resolve
from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.model.connection import ConnectionSpec
from reconciler.model.desired import Desired, Want
from reconciler.model.fleet import Document, FleetSpec, Manifest, Override, Selector, WorkloadSpec
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.losant import LosantWorld
from reconciler.simulators.losant.inventory import EDGE
from tests.laws import worlds
from tests.laws.said import Git, Said
from tests.laws.strategies import locate
from tests.laws.worlds import LIFTED, RELEASES, Clock, Killed, Site, drain

PLANT, OFFICE = "plant", "office"
PLACES = (
    (PLANT, "telemetry"),
    (PLANT, "vision"),
    (PLANT, "modbus-poller"),
    (OFFICE, "vision"),
    (OFFICE, "modbus-poller"),
)
"""Who may require whom: earlier ones the later ones."""
FEWER = settings(max_examples=max(20, settings().max_examples // 3))
"""An example plans and applies on two platforms, several times."""
UNITS = {PLANT: 4, OFFICE: 3}
RANGES = {">=1.1": RELEASES[1:], "<v1.2": RELEASES[:2], ">=1.1,<=1.1.0": RELEASES[1:2]}

Row = tuple[str | None, str | None]
"""Desired and current version of a slot."""


@pytest.fixture(scope="module", autouse=True)
def _few_ids_a_call() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.platforms.losant.compile.IDS_PER_CALL", 2)
        yield


@dataclass
class Guard:
    """Stands before a simulator, and looks at both worlds whenever it takes a write."""

    pair: Pair
    name: str
    behind: Any

    def handle(self, request: Request) -> Reply:
        if request.method == "GET":
            return self.behind.handle(request)
        before = self.pair.rows()
        reply = self.behind.handle(request)
        after = self.pair.rows()
        if reply.status < 400:
            body = json.loads(request.body)
            flow = self.pair.names[self.name][body["flowId"]]
            given = body.get("deviceIds") or ([body["deviceId"]] if "deviceId" in body else [])
            moved = {
                slot for slot in before.keys() | after.keys() if self._told(before, slot) != self._told(after, slot)
            }
            slots = moved | {(self.name, flow, device) for device in given}
            for slot in slots:
                self.pair.judge(slot, body.get("version", body.get("newVersion")), before)
        return reply

    @staticmethod
    def _told(rows: Mapping[tuple[str, str, str], Row], slot: tuple[str, str, str]) -> str | None:
        return rows.get(slot, (None, None))[0]


@dataclass
class Pair:
    """Two applications under one clock, the manifests in force, and what was broken."""

    sites: dict[str, Site]
    git: Git
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    judged: int = 0

    def __post_init__(self) -> None:
        for name, site in self.sites.items():
            self.names[name] = {flow.id: flow.name for flow in site.world.app.flows}
            guard: Any = Guard(self, name, site.simulator)
            site.wire.behind = guard

    @property
    def clock(self) -> Clock:
        return self.sites[PLANT].clock

    def rows(self) -> dict[tuple[str, str, str], Row]:
        return {
            (name, str(row["flow"]), str(row["deviceId"])): (row["desired"], row["current"])
            for name, site in self.sites.items()
            for row in site.world.state()
        }

    def tags(self, name: str) -> dict[str, set[str]]:
        app = self.sites[name].world.app
        return {
            device.id: {value for key, value in device.tags if key == "line"}
            for device in app.devices
            if device.deleted is None and device.device_class == EDGE
        }

    def partners(self, line: Said, device: str) -> list[str]:
        """Return the units of the required workload's connection that a device is tied to."""
        if not line.joined:
            return [device]
        mine = self.tags(line.holder[0]).get(device, set())
        return [other for other, values in self.tags(line.goal[0]).items() if values & mine]

    def judge(self, slot: tuple[str, str, str], version: str | None, rows: Mapping[tuple[str, str, str], Row]) -> None:
        """Write down what a call breaks that gives a slot a version, with the worlds as they are."""
        connection, flow, device = slot
        for line in self.git.lines:
            scope = self.scope(line.fleet)
            if (connection, flow) == line.holder and version is not None and device in scope:
                mates = self.partners(line, device)
                self.judged += 1
                found = [rows.get((*line.goal, mate), (None, None)) for mate in mates]
                if len(mates) != 1 or not set(found[0]) <= set(line.accepted):
                    self.broken.append(f"{slot} got {version}, but {line} shows {found}")
            if (connection, flow) == line.goal and version not in line.accepted:
                for holder in scope:
                    if device in self.partners(line, holder):
                        self.judged += 1
                        if rows.get((*line.holder, holder), (None, None)) != (None, None):
                            self.broken.append(f"{slot} got {version}, but {holder} holds what {line} needs")

    def scope(self, fleet: str) -> list[str]:
        """Return the units of a fleet's scope."""
        document = self.git.fleets[fleet]
        half = document.spec.units.tags
        app = self.sites[document.spec.connection].world.app
        return [
            device.id
            for device in app.devices
            if device.deleted is None
            and device.device_class == EDGE
            and (half is None or ("half", half["half"]) in device.tags)
        ]

    # --- runs -------------------------------------------------------------------------------------------------------

    def request(self) -> PlanRequest:
        connections = {
            name: Document(name, ConnectionSpec("losant", site.spec), "c.yaml", locate)
            for name, site in self.sites.items()
        }
        return PlanRequest(manifest=Manifest(connections, {}, self.git.fleets, "digest"))

    def plan(self) -> PlanResult:
        platforms = {name: site.platform() for name, site in self.sites.items()}
        return plan(self.request(), platforms.__getitem__, self.clock)

    def apply(self, *, wait: bool = True) -> Applying:
        run = Applying(
            self.plan(),
            Options(concurrency=1, allow=LIFTED, deadline=60.0, wait=wait),
            self.clock,
            run="law",
        )
        drain(run.events())
        return run

    def apply_until(self, requests: int) -> None:
        """Apply, and die after so many requests."""
        left = [requests]

        def count(request: Request) -> None:
            del request
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        for site in self.sites.values():
            site.wire.after = count
        with suppress(Killed):
            self.apply()
        for site in self.sites.values():
            site.wire.after = lambda request: None

    # --- what can be reached ----------------------------------------------------------------------------------------

    def wishes(self) -> dict[tuple[str, str, str], Desired]:
        """Return what the manifests say of each slot that they manage."""
        found = {}
        for fleet in self.git.fleets.values():
            connection = fleet.spec.connection
            snapshot = self.sites[connection].snapshot()
            said: Resolution = resolve(fleet, {}, snapshot.units, snapshot.workloads)
            for column in said.columns.values():
                for row, device in enumerate(snapshot.units.ids):
                    if column.rule(row).value.want is not Want.UNMANAGED:
                        found[connection, column.workload.name, device] = column.rule(row).value
        return found

    def contradicts(self) -> bool:
        """Return whether some wish could never go because of a requirement."""
        wishes, rows = self.wishes(), self.rows()
        for line in self.git.lines:
            for device in self.scope(line.fleet):
                mine = (*line.holder, device)
                stays = mine not in wishes and rows.get(mine, (None, None)) != (None, None)
                comes = mine in wishes and wishes[mine].version is not None
                mates = self.partners(line, device)
                theirs = [wishes.get((*line.goal, mate)) for mate in mates]
                if comes and not (len(mates) == 1 and theirs[0] is not None and theirs[0].version in line.accepted):
                    return True
                if stays and any(wish is not None and wish.version not in line.accepted for wish in theirs):
                    return True
        return False


# --- what is drawn ------------------------------------------------------------------------------------------------------


@st.composite
def _choices(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["version"] * 12 + ["absent", "unmanaged"]))
    return {"version": draw(st.sampled_from(RELEASES))} if kind == "version" else {kind: True}


@st.composite
def _lines(draw: st.DrawFn, fleet: str, connection: str, wishes: Mapping[str, Any]) -> list[Said]:
    """Requirements of one fleet, mostly such as its own wishes meet."""
    found = []
    for number, holder in enumerate(PLACES):
        for goal in PLACES[number + 1 :] if holder[0] == connection else ():
            if draw(st.sampled_from([True, False, False])):
                wanted = wishes.get("/".join(goal), {}).get("version")
                written: str | tuple[str, ...]
                if draw(st.booleans()):
                    kind = [text for text, versions in RANGES.items() if wanted is None or wanted in versions]
                    written = draw(st.sampled_from(kind or list(RANGES)))
                    accepted = RANGES[written]
                else:
                    more = draw(st.sets(st.sampled_from(RELEASES), min_size=0 if wanted else 1, max_size=2))
                    written = accepted = tuple(
                        sorted(more | ({wanted} if wanted and draw(st.integers(0, 9)) else more))
                    )
                joined = goal[0] != connection or draw(st.sampled_from([False, False, True]))
                found.append(Said(fleet, holder, goal, accepted, written, "line" if joined else None))
    return [line for line in found if line.accepted]


@st.composite
def gits(draw: st.DrawFn) -> Git:
    """One or two fleets of the plant, one of the office; requirements between any of their workloads."""
    halves: list[tuple[str, str, Selector]] = [("office", OFFICE, Selector(all=True))]
    if draw(st.booleans()):
        halves.append(("whole", PLANT, Selector(all=True)))
    else:
        halves += [(f"half-{half}", PLANT, Selector(tags={"half": half})) for half in ("a", "b")]
    common = {"/".join(place): draw(_choices()) for place in PLACES}
    lines: list[Said] = []
    fleets = {}
    for name, connection, units in halves:
        mine = draw(_lines(name, connection, common))
        lines += mine
        workloads = {}
        for place in (one for one in PLACES if one[0] == connection):
            said = common["/".join(place)] if draw(st.integers(0, 5)) else draw(_choices())
            overrides = (
                [Override(units=Selector(tags={"line": "l1"}), **draw(_choices()))]
                if not draw(st.integers(0, 5))
                else []
            )
            requires = {line.goal[1]: line.entry() for line in mine if line.holder == place}
            workloads[place[1]] = WorkloadSpec(**said, overrides=overrides, order="semver", requires=requires)
        fleets[name] = Document(
            name, FleetSpec(connection=connection, units=units, workloads=workloads, allow_empty=True), "f.yaml", locate
        )
    kept = {(line.fleet, line.holder, line.goal[1]): line for line in lines}
    return Git(fleets, tuple(kept.values()))


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two applications whose slots hold anything, and manifests for them."""
    clock = Clock()
    variants = draw(worlds.variants(but=["max-per-page"]))
    sites = {
        name: Site(units=count, clock=clock, variants=variants, seed=number)
        for number, (name, count) in enumerate(UNITS.items())
    }
    sites[PLANT].world.add_flow("telemetry")
    for release in RELEASES:
        sites[PLANT].world.create_version("telemetry", release)
    for name, site in sites.items():
        for number in range(UNITS[name]):
            values = draw(st.sampled_from([*[[f"l{number}"]] * 12, ["l0"], ["l0", "l1"], []]))
            tags = [("half", "ab"[number % 2]), *(("line", value) for value in values)]
            site.world.set_tags(f"gw-{number:03d}", tags)
            site.world.set_agent(f"gw-{number:03d}", "9.0.0")
    pair = Pair(sites, draw(gits()))
    draw(meddlings())(pair)
    clock.sleep(60)
    return pair


@st.composite
def meddlings(draw: st.DrawFn) -> Any:
    """What people and devices do besides: versions set by hand, devices that go and come."""
    acts = []
    for _ in range(draw(st.integers(0, 8))):
        connection, flow = draw(st.sampled_from(PLACES))
        unit = f"gw-{draw(st.integers(0, UNITS[connection] - 1)):03d}"
        version = draw(st.sampled_from([*RELEASES, None]))
        by_hand = partial(LosantWorld.console, device=unit, flow=flow, version=version)
        gone = partial(LosantWorld.set_online, device=unit, online=draw(st.booleans()))
        acts.append((connection, draw(st.sampled_from([by_hand, by_hand, gone]))))

    def meddle(pair: Pair) -> None:
        for connection, act in acts:
            act(pair.sites[connection].world)

    return meddle


# --- the laws -----------------------------------------------------------------------------------------------------------


@FEWER
@given(pairs(), st.data())
def test_no_call_ever_makes_a_pair_that_a_requirement_forbids(pair: Pair, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        act = data.draw(st.sampled_from(["apply", "apply", "killed", "no wait", "git"]))
        if act == "git":
            pair.git = data.draw(gits())
        elif act == "killed":
            pair.apply_until(data.draw(st.integers(0, 60)))
        else:
            pair.apply(wait=act == "apply")
        assert not pair.broken
        data.draw(meddlings())(pair)
        pair.clock.sleep(data.draw(st.sampled_from([60.0, 60.0, 3600.0])))
    pair.apply()
    assert not pair.broken


@FEWER
@given(pairs())
def test_what_does_not_contradict_itself_is_reached(pair: Pair) -> None:
    for name, site in pair.sites.items():
        for number in range(UNITS[name]):
            site.world.set_online(f"gw-{number:03d}", online=True)
    pair.clock.sleep(60)
    contradiction = pair.contradicts()
    for _ in range(1 + len(PLACES)):
        pair.apply()
        pair.clock.sleep(60)
    assert not pair.broken
    held = [one for fleet in pair.plan().plan.fleets for one in fleet.held]
    if not contradiction:
        rows = pair.rows()
        assert {slot: rows.get(slot, (None, None)) for slot in pair.wishes()} == {
            slot: (wish.version, wish.version) for slot, wish in pair.wishes().items()
        }
        assert not held
