"""Laws of import: what it writes changes nothing, manages all it can, and is never longer than pinning every slot."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.bootstrap import Imported, bootstrap
from reconciler.core.judge import CHANGES, HELD, Patience, verdict
from reconciler.manifest.load import Loader
from reconciler.manifest.write import write
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.model.desired import Want, version
from reconciler.model.fleet import Choice, FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, State
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units, labels_of
from reconciler.platforms.memfault.connection import MemfaultConnection
from reconciler.platforms.registry import installed
from tests.laws.strategies import NOW, document, drafted, planned, snapshots

SAME_NAMES = tuple(Workload(f"w{number}", name) for number, name in enumerate(["a", "a", "a-w0", "", "", "b"]))


@st.composite
def lived_in(draw: st.DrawFn) -> Snapshot:
    """A fleet as people run them: versions follow tags, with exceptions; some workloads only where a tag says so."""
    count = draw(st.integers(1, 40))
    units = [
        Unit(
            row=0,
            id=f"{number:024x}",
            name=draw(st.sampled_from([f"gw-{number}"] * 9 + ["gw-twin", f"{0:024x}", ""])),
            labels=labels_of(
                {
                    ("site", draw(st.sampled_from(["austin", "berlin", "oslo"]))),
                    ("ring", draw(st.sampled_from(["canary", "wide", "b*"]))),
                    *draw(st.sampled_from([(), (), (("camera", ""),), (("camera", "yes"), ("camera", "2"))])),
                    *draw(st.sampled_from([(), (("", "blank"),)])),
                }
            ),
            reach=draw(st.sampled_from(Reach)),
            size=1,
            agent=None,
            assignable=draw(st.sampled_from([True] * 9 + [False])),
        )
        for number in range(count)
    ]
    states = [EMPTY, *(State(assigned=name, reported=name) for name in ("1.10", "v2", "v3", "", "x" * 256))]
    states.append(State(assigned="v2", reported="v2", settings=(("rollout_percent", 10),)))
    workloads = draw(st.sampled_from([SAME_NAMES[5:], SAME_NAMES, SAME_NAMES[:2]]))
    rows = Units.build(units)
    columns = {
        one.id: array("I", [draw(_slots(rows.label_sets[rows.labels[row]])) for row in range(count)])
        for one in workloads
    }
    return Snapshot(
        identity="test:world",
        units=rows,
        workloads=workloads,
        states=states,
        columns=columns,
        coverage=PROVED,
        read_at=NOW,
    )


def _slots(labels: tuple[tuple[str, str], ...]) -> st.SearchStrategy[int]:
    """Number a slot's state, mostly as its tags say."""
    keys = {key for key, _ in labels}
    usual = 0 if "camera" not in keys else 2 if ("ring", "canary") in labels else 1
    return st.sampled_from([usual] * 12 + [1, 2, 3, 4, 5, 6])


worlds = st.one_of(lived_in(), snapshots())


def lines(spec: FleetSpec) -> int:
    """Count the lines that a fleet takes in its file."""
    return write([("Fleet", "fleet", spec)], schema=None).count("\n")


def imported(snapshot: Snapshot, *, retries_itself: bool = True) -> Imported:
    return bootstrap(snapshot, "plant", retries_itself=retries_itself, measure=lines)


@given(worlds, st.booleans())
def test_an_import_changes_and_holds_nothing(snapshot: Snapshot, retries_itself: bool) -> None:
    found = imported(snapshot, retries_itself=retries_itself)
    assessment = drafted(document(found.spec), snapshot, retries_itself=retries_itself)
    plan = planned(assessment)
    assert not assessment.resolution.mistakes
    assert {one.code for one in assessment.resolution.warnings} <= {"workload-renamed"}
    assert (plan.changes, plan.held) == ((), ())
    assert not plan.violations or not found.units, "only a scope without units is objected to"
    assert found.slots == plan.summary.slots
    assert found.units == plan.summary.units == sum(snapshot.units.assignable)


@given(worlds, st.booleans())
def test_an_import_manages_exactly_what_can_stay_as_it_is(snapshot: Snapshot, retries_itself: bool) -> None:
    found = imported(snapshot, retries_itself=retries_itself)
    assessment = drafted(document(found.spec), snapshot, retries_itself=retries_itself)
    patience = Patience(now=NOW, retries_itself=retries_itself)
    for workload in snapshot.workloads:
        column = assessment.resolution.columns.get(workload.id)
        for row in range(len(snapshot.units)):
            state = snapshot.state(workload.id, row)
            wish = column.rule(row).value if column is not None else None
            kept = version(state.assigned or "", state.settings)
            calls = verdict(kept, state, Reach(snapshot.units.reach[row]), patience)
            writable = state.assigned is not None and 0 < len(state.assigned) < 256
            alone = not state.extra_versions
            if snapshot.units.assignable[row] and writable and alone and calls not in CHANGES | HELD:
                assert wish == kept
            else:
                assert wish is None or wish.want is Want.UNMANAGED


@given(worlds)
def test_an_import_is_never_longer_than_pinning_every_slot(snapshot: Snapshot) -> None:
    found = imported(snapshot)
    assessment = drafted(document(found.spec), snapshot)
    keys = {
        column.workload.id: next(
            name
            for name, spec in found.spec.workloads.items()
            if spec.id == column.workload.id or (spec.id is None and name == column.workload.name)
        )
        for column in assessment.resolution.columns.values()
    }
    pins: dict[str, dict[str, str | Choice]] = {}
    for workload_id, column in assessment.resolution.columns.items():
        for row in range(len(snapshot.units)):
            value = column.rule(row).value
            if value.version is None:
                continue
            pins.setdefault(snapshot.units.ids[row], {})[keys[workload_id]] = (
                Choice(version=value.version, settings=dict(value.settings)) if value.settings else value.version
            )
    naive = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={name: WorkloadSpec(id=spec.id, unmanaged=True) for name, spec in found.spec.workloads.items()},
        pins=pins,
    )
    assert lines(found.spec) <= lines(naive)


@given(worlds)
def test_the_same_reading_gives_the_same_import(snapshot: Snapshot) -> None:
    assert imported(snapshot) == imported(snapshot)


@given(worlds)
def test_what_is_written_is_valid_and_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot
) -> None:
    found = imported(snapshot)
    connection = ConnectionSpec(
        "memfault", MemfaultConnection(organization="o", project="p", token=Secret(env="TOKEN"))
    )
    folder = tmp_path_factory.mktemp("import")
    text = write([("Connection", "plant", connection), ("Fleet", "fleet", found.spec)], found.notes, schema=None)
    (folder / "fleet.yaml").write_text(text, encoding="utf-8")
    loaded = Loader([folder], installed()).load()
    assert loaded.fleets["fleet"].spec == found.spec
    assert loaded.warnings == ()
