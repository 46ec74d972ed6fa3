"""A reading that goes on from an earlier one shows what a full reading shows, or everything is read.

Whatever people and devices do meanwhile, however the platform's clock is off, and while pages shift under the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import httpx
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import plan
from reconciler.engine.recent import Recent
from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.model.fleet import Document, FleetSpec, Limits, Manifest, Rollout, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, State
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.mark import OVERLAP
from reconciler.platforms.losant.platform import Losant, factory
from reconciler.simulators.exchange import Request
from reconciler.simulators.losant import LosantWorld, Shape, Variants, simulator
from reconciler.simulators.losant.access import FULL
from tests.laws.strategies import locate
from tests.laws.worlds import Clock, Wire

GOING_ON = Query(continued=True)
IN_FULL = Query(continued=True, full=True)
FLOWS = ("modbus-poller", "vision")


class Still(Wire):
    """A wire on which no time passes. `narrow`: how many edge deployments a page has at most, where they come by date."""

    tick = 0.0
    narrow: int | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.narrow is not None and request.url.params.get("sortField") == "lastUpdated":
            request = httpx.Request(
                request.method,
                request.url.copy_set_param("perPage", str(self.narrow)),
                headers=request.headers,
                extensions=request.extensions,
            )
        return super().handle_request(request)


class Plant:
    """An application, and what may happen at it. `skew` is how far the platform's clock is off."""

    def __init__(
        self, answers: Mapping[str, str] = MappingProxyType({}), skew: float = 0.0, settle: float = 1.0
    ) -> None:
        self.clock = Clock()
        self.skew = skew
        shape = Shape(units=6, workloads=2, versions=3, settle=settle)
        self.simulator = simulator(shape, clock=lambda: self.clock.time + self.skew, variants=Variants(answers))
        self.world: LosantWorld = self.simulator.world
        self.wire = Still(self.simulator, self.clock)
        self.platform = self.connected(self.wire)

    @property
    def spec(self) -> LosantConnection:
        return LosantConnection(
            application=self.world.app.id,
            token=Secret(env="TOKEN"),
            url="http://127.0.0.1",
            requests=Requests(concurrency=1),
        )

    def connected(self, wire: Wire) -> Losant:
        """Return a platform of the application."""
        return factory(self.spec, lambda _: FULL, self.clock, transport=wire)

    def devices(self, *, deleted: bool = False) -> list[str]:
        """Return the ids of edge devices that are there, or that were deleted."""
        some = [one for one in self.world.app.devices if one.device_class == "edgeCompute"]
        return [one.id for one in some if (one.deleted is not None) is deleted]

    def read(self, since: Snapshot | None, query: Query = GOING_ON) -> Snapshot:
        return self.platform.observe(query, since)


Happening = Callable[[Plant], object]


def _on(verb: str, *, deleted: bool = False, **fields: Any) -> st.SearchStrategy[Happening]:
    """Return a verb of the world on one of its devices; `fields` are strategies of the rest."""

    def make(pick: int, rest: dict[str, Any]) -> Happening:
        def happen(plant: Plant) -> None:
            some = plant.devices(deleted=deleted)
            if some and not (verb == "fall_back" and not _has(plant, some[pick % len(some)], rest["flow"])):
                getattr(plant.world, verb)(device=some[pick % len(some)], **rest)

        happen.__name__ = f"{verb}({pick}, {rest})"
        return happen

    return st.builds(make, st.integers(0, 9), st.fixed_dictionaries(fields))


def _has(plant: Plant, device: str, flow: str) -> bool:
    found = plant.world.app.device_of_id(device)
    what = plant.world.app.flow(flow)
    return found is not None and what is not None and found.index in what.rows


def _pass(seconds: float) -> Happening:
    return lambda plant: plant.clock.sleep(seconds)


def _step(seconds: float) -> Happening:
    def step(plant: Plant) -> None:
        plant.skew += seconds

    return step


FLOW = st.sampled_from(FLOWS)
VERSION = st.sampled_from([None, "v1.0.0", "v1.1.0", "v1.2.0"])
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    _on("console", flow=FLOW, version=VERSION),
    _on("console", flow=FLOW, version=VERSION),
    _on("set_online", online=st.booleans()),
    _on("set_failing", failing=st.booleans()),
    _on("fall_back", flow=FLOW, version=VERSION, error=st.sampled_from([None, "boot loop"])),
    _on("set_tags", tags=st.sampled_from([{}, {"ring": "canary"}, {"site": "leeds"}])),
    _on("set_agent", agent=st.sampled_from(["2.5.0", "1.46.0"])),
    _on("rename_device", name=st.sampled_from(["gw-a", "gw-b"])),
    _on("delete_device"),
    _on("restore_device", deleted=True),
    _on("load_file", flow=FLOW, version=st.just("v1.0.0"), file_name=st.just("own.flow")),
    st.builds(lambda name: lambda plant: plant.world.add_device(name, {"site": "leeds"}), st.sampled_from("xy")),
    st.builds(lambda name: lambda plant: plant.world.add_flow(name), st.sampled_from(["new", "newer"])),
    st.builds(
        lambda flow, version: lambda plant: plant.world.create_version(flow, version),
        FLOW,
        st.sampled_from(["v1.0.0", "v2.0.0"]),
    ),
    st.sampled_from([0.0, 0.001, 1.0, 2.0, 60.0, 3600.0, 5 * 86400.0]).map(_pass),
    st.sampled_from([-3600.0, 3600.0, -40.0]).map(_step),
)


def shown(snapshot: Snapshot) -> dict[str, Any]:
    """Return all that a reading shows, however states and labels are numbered."""
    units = [msgspec.structs.replace(snapshot.units[row]) for row in range(len(snapshot.units))]
    slots: dict[tuple[str, str], State] = {}
    for workload, column in snapshot.columns.items():
        for row, number in enumerate(column):
            if snapshot.states[number] != EMPTY:
                slots[units[row].id, workload] = snapshot.states[number]
    return {
        "units": units,
        "workloads": snapshot.workloads,
        "slots": slots,
        "coverage": (snapshot.coverage.complete, snapshot.coverage.problems),
    }


VARIANTS = {
    "connection-updated": ("no", "yes"),
    "restore-updated": ("no", "yes"),
    "deleted-rows": ("dropped", "kept"),
    "empty-rows": ("kept", "dropped"),
    "overwrite-etag": ("at-once", "at-release"),
    "max-per-page": ("clamp", "reject"),
}
ANSWERS = st.fixed_dictionaries({name: st.sampled_from(answers) for name, answers in VARIANTS.items()})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(HAPPENINGS, max_size=4), min_size=1, max_size=5),
    st.sampled_from([0.0, -7200.0, 7200.0]),
    ANSWERS,
)
def test_what_goes_on_shows_what_a_full_reading_shows(
    stretches: list[list[Happening]], skew: float, answers: dict[str, str]
) -> None:
    plant = Plant(answers, skew)
    since = plant.read(None)
    assert since.mark is not None, since.doubt
    for happenings in stretches:
        for happen in happenings:
            happen(plant)
        found = plant.read(since)
        assert shown(found) == shown(plant.read(None, Query())), found.doubt
        assert (found.full_at is None) == bool(found.doubt)
        since = found


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 8), HAPPENINGS), min_size=1, max_size=4),
    st.integers(1, 3),
    ANSWERS,
)
def test_what_happens_while_it_is_read_is_there_before_or_after_and_comes_with_the_next_reading(
    happenings: list[tuple[int, Happening]], per_page: int, answers: dict[str, str]
) -> None:
    plant = Plant(answers)
    plant.clock.sleep(OVERLAP * 2)
    since = plant.read(None)
    for device in plant.devices():  # so that what changed takes several pages
        plant.world.console(device, "vision", "v1.0.0")
    plant.clock.sleep(2.0)
    before = shown(plant.read(None, Query()))["slots"]
    seen: list[dict[Any, State]] = [before]
    count = 0

    def during(request: Request) -> None:
        nonlocal count
        count += request.method == "GET"
        for number, happen in happenings:
            if number == count:
                happen(plant)
                plant.clock.sleep(0.002)
                seen.append(_truth(plant))

    plant.wire.narrow = per_page
    plant.wire.before = during
    found = plant.read(since)
    plant.wire.before = lambda _: None
    plant.wire.narrow = None
    if found.full_at is not None:
        for slot, state in shown(found)["slots"].items():
            assert any(one.get(slot, EMPTY) == state for one in seen) or state.since is not None
    plant.clock.sleep(0.001)
    after = plant.read(found)
    assert shown(after) == shown(plant.read(None, Query())), after.doubt


WAVES: list[Any] = [None, Rollout(waves=["50%", "100%"], deadline="1h", soak="30m"), Rollout(deadline="1m")]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(HAPPENINGS, max_size=2), min_size=2, max_size=5),
    st.sampled_from(WAVES),
    st.sampled_from(["none", "all"]),
    st.lists(st.integers(0, 5), max_size=5),
    st.sampled_from([1.0, 7200.0]),
)
def test_what_is_planned_by_what_changed_is_what_is_planned_anew(
    stretches: list[list[Happening]], rollout: Any, prune: str, edits: list[int], settle: float
) -> None:
    """Nothing that was worked out before stands in the way of what time, other manifests and readings make of it."""
    plant, recent = Plant(settle=settle), Recent(100, Clock())
    for number, happenings in enumerate(stretches):
        for happen in happenings:
            happen(plant)
        request = _asked(plant, rollout, prune, edited=number in edits)
        plans = []
        for known in (recent, None):
            found = plan(request, lambda _: plant.platform, plant.clock, recent=known, goes=lambda _: False)
            plans.append(found.plan.fleets)
        assert plans[0] == plans[1]


def _asked(plant: Plant, rollout: Any, prune: str, *, edited: bool) -> PlanRequest:
    """Return what two fleets ask for, of units apart; each time in documents of their own."""
    canary, rest = Selector(tags={"ring": "canary"}), Selector(not_=Selector(tags={"ring": "canary"}))
    version = "v1.2.0" if edited else "v1.1.0"
    fleets = {
        name: Document(
            name,
            FleetSpec(
                connection="plant",
                units=units,
                workloads={"modbus-poller": WorkloadSpec(version=version), "vision": WorkloadSpec(version="v1.0.0")},
                rollout=rollout,
                prune=prune,
                limits=Limits(remove="100%"),
            ),
            "f.yaml",
            locate,
        )
        for name, units in (("canary", canary), ("rest", rest))
    }
    spec = ConnectionSpec("losant", plant.spec)
    connection = Document("plant", spec, "plant.yaml", locate)
    return PlanRequest(manifest=Manifest({"plant": connection}, {}, fleets, version))


def _truth(plant: Plant) -> dict[Any, State]:
    """Return what a full reading by somebody else shows at this moment."""
    found: dict[Any, State] = shown(plant.connected(Still(plant.simulator, plant.clock)).observe(Query()))["slots"]
    return found


def test_an_idle_reading_takes_five_requests_however_many_units_there_are() -> None:
    plant = Plant()
    since = plant.read(None)
    plant.clock.sleep(3600.0)
    asked: list[str] = []
    plant.wire.before = lambda request: asked.append(request.path)
    found = plant.read(since)
    assert len(asked) == 5
    assert found.full_at == since.read_at
    assert found.columns is since.columns
    assert found.units is since.units


def test_a_row_that_hides_its_change_ends_all_going_on() -> None:
    """The next full reading shows it, and that rows say when they change is not believed again."""
    plant = Plant({"row-updated": "assigned"})
    since = plant.read(None)
    device = plant.devices()[0]
    plant.clock.sleep(3600.0)
    plant.world.fall_back(device, "vision", "v1.1.0", None)
    plant.clock.sleep(3600.0)
    found = plant.read(since)
    assert found.full_at is not None, "nothing showed that it changed"
    full = plant.read(found, IN_FULL)
    assert shown(full) == shown(plant.read(None, Query()))
    assert "says that it did not" in full.doubt
    later = plant.read(full)
    assert later.full_at is None
    assert later.doubt == full.doubt
