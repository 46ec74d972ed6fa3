"""Who decides a slot: resolve equals applying the precedence slot by slot."""

from hypothesis import assume, given

from reconciler.core.resolve import Resolution, resolve
from reconciler.model.desired import Want
from reconciler.model.fleet import Document
from reconciler.model.snapshot import Snapshot
from tests.laws import naive
from tests.laws.strategies import CHANNELS, fleets, snapshots


def resolved(fleet: Document, snapshot: Snapshot) -> Resolution:
    return resolve(fleet, CHANNELS, snapshot.units, snapshot.workloads)


def errors(resolution: Resolution) -> list[str]:
    return [one.diagnostic.code for one in resolution.mistakes]


@given(fleets(), snapshots())
def test_resolving_equals_asking_slot_by_slot(fleet: Document, snapshot: Snapshot) -> None:
    resolution = resolved(fleet, snapshot)
    assume(not errors(resolution))
    for unit in naive.all_units(snapshot.units):
        assert (unit.row in resolution.scope) == naive.in_scope(fleet.spec, unit, snapshot.units)
        for workload in snapshot.workloads:
            wish, pruning = naive.wish(fleet, snapshot, unit, workload)
            column = resolution.columns.get(workload.id)
            if column is None:
                assert wish.want is Want.UNMANAGED
                continue
            rule = column.rule(unit.row)
            assert rule.value == wish
            assert (rule.kind == "prune") == pruning
            assert (unit.row in set(column.claims())) == (wish.want is not Want.UNMANAGED)


@given(fleets(), snapshots())
def test_a_slot_outside_the_scope_has_no_rule(fleet: Document, snapshot: Snapshot) -> None:
    resolution = resolved(fleet, snapshot)
    for column in resolution.columns.values():
        assert set(column.rows) <= set(resolution.scope)
        assert len(column.winners) == len(column.rows)
        assert all(column.winners)


@given(fleets(), snapshots())
def test_every_rule_was_written_somewhere(fleet: Document, snapshot: Snapshot) -> None:
    resolution = resolved(fleet, snapshot)
    for column in resolution.columns.values():
        for rule in column.rules[1:]:
            assert fleet.locate(rule.path).file.startswith("fleet.yaml#/spec/")
        for number, rows in column.spoken:
            assert set(rows) <= set(column.rows)
            assert column.rules[number].kind in {"workload", "override", "prune"}


@given(fleets(), snapshots())
def test_what_a_fleet_cannot_identify_makes_pruning_unsafe(fleet: Document, snapshot: Snapshot) -> None:
    resolution = resolved(fleet, snapshot)
    assume("workload-twice" not in errors(resolution))
    told = {name for name, _ in naive.identified(fleet.spec, snapshot).values()}
    assert {name for name, _ in resolution.missing} == set(fleet.spec.workloads) - told
    if snapshot.coverage.complete:
        assert (not resolution.prune_unsafe) == naive.prunes_safely(fleet.spec, snapshot)
