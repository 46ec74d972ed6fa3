"""Random worlds for laws: inventories, workloads, snapshots, catalogues and fleets.

Pools are small on purpose: units share tags and names, versions recur, ids differ only in case. What is drawn is always
well formed; whether it makes sense together is left to chance and to the laws.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from typing import Any

from hypothesis import strategies as st

from reconciler.core.assessment import Filters, FleetAssessment, assess
from reconciler.core.plan import fleet_plan
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Review
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.fleet import (
    ChannelRef,
    Choice,
    Document,
    FleetSpec,
    Limit,
    Limits,
    Override,
    Quarantine,
    Selector,
    Suspend,
    WorkloadSpec,
)
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.origin import Origin, Path
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units, labels_of

NOW = 1_795_000_000.0
IDS = ("ua", "uA", "ub", "uB", "uc", "ud", "ue", "uf", "ug", "uh")
KEYS = ("site", "ring", "lab")
VALUES = ("austin", "berlin", "a", "b*")
VERSIONS = ("1.10", "1.1", "v2", "v2 rc")
WORKLOADS = (Workload("w1", "poller"), Workload("w2", "vision"), Workload("w3", "Vision"), Workload("w4", "extra"))
CHANNELS = {"stable": {"poller": "1.10", "vision": "v2", "Vision": "v2", "extra": "1.1"}, "next": {"poller": "v2"}}
AGENTS = (None, "1.2.3", "1.10.0", "2.0", "beta")

versions = st.sampled_from(VERSIONS)
settings = st.sampled_from([(), (("rollout_percent", 10),), (("rollout_percent", 50),)])
labels = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4).map(labels_of)


@st.composite
def unit_lists(draw: st.DrawFn, *, max_size: int = 7, sizes: bool = True, some: bool = False) -> list[Unit]:
    """Rows of an inventory in any order; some names are shared, some units cannot be assigned to."""
    ids = draw(st.permutations(IDS))[: draw(st.sampled_from([3, 5, max_size] if some else [0, 1, 3, 5, max_size]))]
    weighted = sizes and draw(st.booleans())
    return [
        Unit(
            row=0,
            id=unit_id,
            name=draw(st.sampled_from([f"gw-{unit_id}"] * 9 + ["gw-twin"])),
            labels=draw(labels),
            reach=draw(st.sampled_from(Reach)),
            size=draw(st.integers(0, 40)) if weighted else 1,
            agent=draw(st.sampled_from(AGENTS)),
            assignable=draw(st.sampled_from([True] * 5 + [False])),
        )
        for unit_id in ids
    ]


@st.composite
def states(draw: st.DrawFn) -> State:
    """An observation; half of them plain."""
    assigned = draw(st.none() | versions)
    if draw(st.booleans()):
        return State(assigned=assigned, reported=assigned)
    return State(
        assigned=assigned,
        reported=draw(st.none() | versions),
        phase=draw(st.sampled_from(Phase)),
        identity=draw(st.sampled_from([None, "etag-1", "etag-2"])),
        overwritten=draw(st.booleans()),
        extra_versions=tuple(sorted(draw(st.sets(versions, max_size=2)) - {assigned})),
        settings=draw(settings),
        since=draw(st.sampled_from([None, NOW - 5, NOW - 5000])),
        error=draw(st.sampled_from([None, "workflow needs a newer agent"])),
        ahead=draw(st.booleans()),
        ready=draw(st.sampled_from([None, 0, 1, 2])),
        size=draw(st.sampled_from([0, 1, 2])),
        protected=draw(st.sampled_from([(), (), (Condition(ConditionCode.DEPENDENCY, ("1",), text="vision 2"),)])),
    )


coverages = st.sampled_from([PROVED, PROVED, Coverage(False, ("page 3 could not be read",))])


@st.composite
def snapshots(
    draw: st.DrawFn, units: Sequence[Unit] | None = None, coverage: Coverage | None = None, *, sizes: bool = True
) -> Snapshot:
    """A reading of some units and workloads; some slots without a row, some workloads without a column."""
    rows = list(units) if units is not None else draw(unit_lists(sizes=sizes))
    workloads = tuple(draw(st.permutations(WORKLOADS))[: draw(st.sampled_from([4, 4, 4, 4, 3, 1, 0]))])
    pool = [EMPTY, *draw(st.lists(states(), min_size=2, max_size=6))]
    columns = {
        workload.id: array("I", draw(st.lists(st.integers(0, len(pool) - 1), min_size=len(rows), max_size=len(rows))))
        for workload in workloads
        if draw(st.sampled_from([True, True, True, False]))
    }
    return Snapshot(
        identity="test:world",
        units=Units.build(rows),
        workloads=workloads,
        states=pool,
        columns=columns,
        coverage=coverage or draw(coverages),
        read_at=NOW - 1,
    )


def _selector(inner: st.SearchStrategy[Selector]) -> st.SearchStrategy[Selector]:
    texts = st.sampled_from([*VALUES, "*", "b?", "[ab]"])
    tags = st.dictionaries(st.sampled_from(KEYS), texts | st.lists(texts, max_size=2), min_size=1, max_size=2)
    names = st.lists(st.sampled_from([*(f"gw-{one}" for one in IDS), "gw-*", "gw-u[abc]", "*"]), max_size=3)
    ids = st.lists(st.sampled_from([*IDS, "nobody"]), max_size=4)
    return st.builds(
        Selector,
        all=st.none() | st.none() | st.booleans(),
        ids=st.none() | ids,
        names=st.none() | names,
        tags=st.none() | tags,
        cohorts=st.none() | st.none() | ids,
        not_=st.none() | inner,
        any=st.none() | st.lists(inner, max_size=2),
    )


_simple = st.one_of(
    st.just(Selector(all=True)),
    st.builds(Selector, ids=st.lists(st.sampled_from(IDS), max_size=5)),
    st.builds(Selector, tags=st.dictionaries(st.sampled_from(KEYS), st.sampled_from([*VALUES, "*"]), min_size=1)),
)
selectors = st.one_of(_simple, _selector(_simple))
scopes = st.one_of(*[st.just(Selector(all=True))] * 3, selectors)


@st.composite
def _choices(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["version", "version", "channel", "absent", "unmanaged"]))
    if kind == "version":
        return {"version": draw(versions), "settings": dict(draw(settings))}
    if kind == "channel":
        return {"version": ChannelRef(channel="stable"), "settings": dict(draw(settings))}
    return {kind: True}


overrides = st.builds(lambda units, choice: Override(units=units, **choice), selectors, _choices())


@st.composite
def workload_specs(draw: st.DrawFn, name: str) -> WorkloadSpec:
    """What a fleet says of a workload; now and then by id, or by an id that is not there."""
    known = {"poller": "w1", "vision": "w2", "Vision": "w3", "extra": "w4"}
    return WorkloadSpec(
        id=draw(st.sampled_from([None] * 8 + [known[name]] * 3 + ["w9", "w4"])),
        units=draw(st.none() | selectors),
        overrides=draw(st.lists(overrides, max_size=2)),
        **draw(_choices()),
    )


percents = st.sampled_from(["0%", "10%", "33.3%", "50%", "100%"])
bounds = st.one_of(
    percents,
    st.integers(0, 4).map(str),
    st.builds(Limit, percent=percents, number=st.integers(0, 4)),
    st.builds(Limit, percent=percents),
)
limits = st.builds(
    Limits, remove=bounds, replace=st.none() | bounds, release=st.none() | bounds, minimum=st.integers(0, 4)
)
days = st.sampled_from([None, "2026-01-01", "2040-01-01"])
quarantines = st.builds(
    Quarantine,
    workload=st.sampled_from([one.name for one in WORKLOADS]),
    version=versions,
    reason=st.just("boot loop"),
    until=days,
)
pins = st.one_of(
    versions,
    st.just(Choice(channel="stable")),
    st.just(Choice(absent=True)),
    st.just(Choice(unmanaged=True)),
    st.builds(Choice, version=versions),
)


def locate(path: Path) -> Origin:
    """Say where a value is written: here, at its own path."""
    return Origin("fleet.yaml#/" + "/".join(str(part) for part in path))


def document(spec: FleetSpec, name: str = "fleet") -> Document:
    """Return a fleet's document."""
    return Document(name, spec, "fleet.yaml", locate)


@st.composite
def fleets(draw: st.DrawFn, name: str = "fleet", *, scope: Selector | None = None, eager: bool = False) -> Document:
    """A fleet with everything a fleet can say; an eager one holds little back."""
    listed = draw(st.permutations(WORKLOADS))[: draw(st.sampled_from([2, 2, 3, 3] if eager else [0, 1, 2, 2, 3, 3]))]
    suspensions = [Suspend(reason="o", until="2026-01-01"), *([] if eager else [Suspend(reason="audit")])]
    pinned = st.dictionaries(st.sampled_from([one.name for one in listed]), pins, max_size=2) if listed else st.just({})
    return document(
        FleetSpec(
            connection="plant",
            units=scope or draw(scopes),
            workloads={one.name: draw(workload_specs(one.name)) for one in listed},
            pins=draw(st.dictionaries(st.sampled_from([*IDS, "gw-ua", "gw-twin", "nobody"]), pinned, max_size=2)),
            prune=draw(st.sampled_from(["none", "listed", "all"])),
            allow_empty=draw(st.booleans()),
            limits=draw(limits),
            quarantine=draw(st.lists(quarantines, max_size=2)),
            suspend=draw(st.sampled_from([None, None, None, None, None, *suspensions])),
        ),
        name,
    )


infos = st.one_of(
    st.just(ReleaseInfo(found=True, identity="id-1")),
    st.just(ReleaseInfo(found=True, identity="id-1")),
    st.just(ReleaseInfo(found=True, identity="id-2", minimum_agent="1.3")),
    st.just(ReleaseInfo(found=None)),
    st.just(ReleaseInfo(found=False, detail="deleted")),
    st.just(ReleaseInfo(found=True, released=False)),
    st.just(ReleaseInfo(found=True, forbidden="never deployed")),
)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Every version of every workload, found or not."""
    return {Release(one.id, name): draw(infos) for one in WORKLOADS for name in VERSIONS}


GOOD: Catalog = {
    Release(one.id, name): ReleaseInfo(found=True, identity="id-1") for one in WORKLOADS for name in VERSIONS
}

WHOLE = Filters()
globs = st.lists(st.sampled_from([*IDS, "u[ab]", "gw-*", "nobody"]), max_size=2).map(tuple)
narrows = st.one_of(
    st.just(Filters()),
    st.builds(
        Filters,
        units=globs,
        workloads=st.lists(st.sampled_from(["poller", "w2", "v*"]), max_size=2).map(tuple),
        exclude=globs,
    ),
)


class Single:
    """One call a change, and nothing to say of any: the naive platform."""

    def review(self, changes: Sequence[Change]) -> Review:
        del changes
        return Review()

    def compile(
        self,
        changes: Sequence[Change],
        fleet_wide: Collection[str],
        *,
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        del fleet_wide, wide, refused
        return tuple(
            Action(call=f"test.{change.verb}", request=Request("POST", f"/{change.unit.id}"), slots=(position,))
            for position, change in enumerate(changes)
        )


def drafted(
    fleet: Document, snapshot: Snapshot, filters: Filters = WHOLE, *, retries_itself: bool = True
) -> FleetAssessment:
    """Judge a fleet against a snapshot."""
    return assess(
        fleet,
        connection="plant",
        platform="test",
        channels=CHANNELS,
        snapshot=snapshot,
        now=NOW,
        retries_itself=retries_itself,
        filters=filters,
    )


def planned(one: FleetAssessment, catalog: Catalog = GOOD) -> FleetPlan:
    """Return the plan of a judged fleet."""
    return fleet_plan(one, catalog, Single(), manifest="digest", commit=None)
