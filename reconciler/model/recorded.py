"""A reading kept as a file (`snapshot.v1`): what a connection showed and what its catalogue answered, to plan offline.

The columns of a snapshot stay columns, so a quarter of a million units make a small file that reads fast.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec

from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Coverage, Snapshot, Workload
from reconciler.model.unit import Labels, Reach, Units

FORMAT = "reconciler/snapshot.v1"

Index = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
"""A position in another list."""

Weight = Annotated[int, msgspec.Meta(ge=0)]


class RecordedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """The inventory in columns of equal length, sorted by id.

    `labels` are positions in `label_sets`, `agents` in `agent_versions`, whose first entry is null. `reach` is 0 unknown,
    1 connected, 2 disconnected; `assignable` 0 or 1. `sizes` is null where each unit is one device.
    """

    ids: list[str]
    names: list[str]
    labels: list[Index]
    label_sets: list[Labels]
    reach: list[Annotated[int, msgspec.Meta(ge=0, le=2)]]
    assignable: list[Annotated[int, msgspec.Meta(ge=0, le=1)]]
    agents: list[Index]
    agent_versions: list[str | None]
    sizes: list[Weight] | None = None


class RecordedRelease(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue said of one release."""

    release: Release
    info: ReleaseInfo


class RecordedReference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The platform's own id of a version; without `unit` it is the same on every unit."""

    workload: str
    version: str
    reference: str
    unit: str = ""


class RecordedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one connection, with the catalogue's answers for the versions that were asked about.

    `columns` gives for each workload's id one position in `states` a unit; a workload without a column has no rows.
    `read_at` is when reading began, in seconds since 1970. `identity` names the application that was read.
    """

    format: str = FORMAT
    connection: str
    platform: str
    identity: str
    read_at: float
    coverage: Coverage
    units: RecordedUnits
    workloads: list[Workload]
    states: list[State]
    columns: dict[str, list[Index]]
    catalog: list[RecordedRelease] = []
    references: list[RecordedReference] = []


def record(connection: str, platform: str, snapshot: Snapshot, catalog: Catalog) -> RecordedSnapshot:
    """Return a reading as what is kept of it. `connection` and `platform` are their names."""
    units = snapshot.units
    return RecordedSnapshot(
        connection=connection,
        platform=platform,
        identity=snapshot.identity,
        read_at=snapshot.read_at,
        coverage=snapshot.coverage,
        units=RecordedUnits(
            ids=list(units.ids),
            names=list(units.names),
            labels=list(units.labels),
            label_sets=list(units.label_sets),
            reach=list(units.reach),
            assignable=list(units.assignable),
            agents=list(units.agents),
            agent_versions=list(units.agent_versions),
            sizes=None if units.sizes is None else list(units.sizes),
        ),
        workloads=list(snapshot.workloads),
        states=list(snapshot.states),
        columns={workload: list(column) for workload, column in sorted(snapshot.columns.items())},
        catalog=[
            RecordedRelease(release=release, info=catalog[release])
            for release in sorted(catalog, key=lambda one: (one.workload, one.version))
        ],
        references=[
            RecordedReference(unit=unit, workload=workload, version=version, reference=reference)
            for (unit, workload, version), reference in sorted(snapshot.references.items())
        ],
    )


def replay(recorded: RecordedSnapshot) -> tuple[Snapshot, Catalog]:
    """Return the reading and the catalogue's answers; raise ValueError when the parts do not belong together."""
    if recorded.format != FORMAT:
        raise ValueError(f"its format is {recorded.format!r}, not {FORMAT!r}")
    units = _units(recorded.units)
    known = {workload.id for workload in recorded.workloads}
    _holds(len(known) == len(recorded.workloads), "two of its workloads have one id")
    _holds(recorded.columns.keys() <= known, "it has a column of a workload that is not listed")
    snapshot = Snapshot(
        identity=recorded.identity,
        units=units,
        workloads=tuple(recorded.workloads),
        states=_states(recorded.states, recorded.coverage),
        columns={
            workload: _column(f"the column of {workload!r}", column, len(units), len(recorded.states))
            for workload, column in recorded.columns.items()
        },
        coverage=recorded.coverage,
        read_at=recorded.read_at,
        references={(one.unit, one.workload, one.version): one.reference for one in recorded.references},
    )
    catalog = {one.release: one.info for one in recorded.catalog}
    _holds(len(catalog) == len(recorded.catalog), "a release stands twice in its catalogue")
    return snapshot, catalog


def _holds(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(f"it contradicts itself: {otherwise}")


def _units(kept: RecordedUnits) -> Units:
    count = len(kept.ids)
    _holds(all(left < right for left, right in pairwise(kept.ids)), "its units are not sorted by distinct ids")
    _holds(len(kept.names) == count, f"{len(kept.names)} names for {count} units")
    _holds(kept.agent_versions[:1] == [None], "its first agent version is not null")
    _holds(all(_is_sorted(labels) for labels in kept.label_sets), "a set of labels is not sorted")
    return Units(
        ids=kept.ids,
        names=kept.names,
        labels=_column("labels", kept.labels, count, len(kept.label_sets)),
        label_sets=kept.label_sets,
        reach=bytearray(_numbers("reach", kept.reach, count, len(Reach))),
        assignable=bytearray(_numbers("assignable", kept.assignable, count, 2)),
        agents=_column("agents", kept.agents, count, len(kept.agent_versions)),
        agent_versions=kept.agent_versions,
        sizes=None if kept.sizes is None else array("Q", _numbers("sizes", kept.sizes, count, 1 << 63)),
    )


def _is_sorted(labels: Labels) -> bool:
    return all(left <= right for left, right in pairwise(labels))


def _column(name: str, numbers: Sequence[int], count: int, below: int) -> "array[int]":
    return array("I", _numbers(name, numbers, count, min(below, 1 << 32)))


def _numbers(name: str, numbers: Sequence[int], count: int, below: int) -> Sequence[int]:
    _holds(len(numbers) == count, f"{name} has {len(numbers)} entries for {count} units")
    _holds(not numbers or (min(numbers) >= 0 and max(numbers) < below), f"{name} points outside of what there is")
    return numbers


def _states(kept: list[State], coverage: Coverage) -> list[State]:
    first = EMPTY if coverage.complete else UNSEEN
    _holds(kept[:1] == [first], "its first state is not the one its coverage gives to slots without a row")
    return list(kept)
