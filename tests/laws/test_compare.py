"""Laws of diff: nothing where nothing differs, the same from both sides, and enough to tell which slots differ."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core import compare
from reconciler.core.assemble import assemble
from reconciler.core.compare import Table
from reconciler.engine.difference import Thing, comparison, deep
from reconciler.model.fleet import Document, Manifest
from reconciler.model.observation import EMPTY
from reconciler.model.plan import Plan
from reconciler.model.report import Difference
from reconciler.model.snapshot import Snapshot
from tests.laws.strategies import drafted, fleets, planned, snapshots

leaves = st.sampled_from(["", "a", "b"])
tables: st.SearchStrategy[Table] = st.recursive(
    st.dictionaries(st.sampled_from("abc"), leaves, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), leaves | inner, max_size=3),
    max_leaves=8,
)


def differences(left: Thing, right: Thing) -> tuple[Difference, ...]:
    found = comparison(("left", left), ("right", right))
    assert (found.left, found.right) == ("left", "right")
    return found.differences


def turned(found: tuple[Difference, ...]) -> list[Difference]:
    """What is found from the other side: a renamed workload stands under the name that it has there."""
    names = {one.path[:3]: one.was for one in found if one.path[1:2] == ("workloads",) and one.path[3:] == ("name",)}

    def path(one: Difference) -> tuple[str, ...]:
        name = names.get(one.path[:3])
        return one.path if name is None else (*one.path[:2], name, *one.path[3:])

    return [msgspec.structs.replace(one, path=path(one), was=one.now, now=one.was) for one in found]


def manifest(*documents: Document) -> Manifest:
    return Manifest(connections={}, channels={}, fleets={one.name: one for one in documents}, digest="")


def plan(fleet: Document, snapshot: Snapshot, now: float) -> Plan:
    return assemble([planned(drafted(fleet, snapshot))], now=now, read={"plant": now}, filters="")


@given(fleets(), fleets("other"))
def test_manifests_differ_from_both_sides_alike(fleet: Document, other: Document) -> None:
    other = msgspec.structs.replace(other, name="fleet")
    assert differences(manifest(fleet), manifest(fleet)) == ()
    found = differences(manifest(fleet), manifest(other))
    assert sorted(turned(found), key=repr) == sorted(differences(manifest(other), manifest(fleet)), key=repr)
    assert all(one.path[0] == "fleet fleet" for one in found)
    same = msgspec.to_builtins(fleet.spec) == msgspec.to_builtins(other.spec)
    if not same and not found:
        # only what says nothing, or the order inside sets of names, may be passed over
        assert _plain(msgspec.to_builtins(fleet.spec)) == _plain(msgspec.to_builtins(other.spec))


def _plain(value: object) -> object:
    """Return a value without empty parts, its lists of plain values as sets."""
    if isinstance(value, dict):
        inner = {key: _plain(one) for key, one in value.items() if one is not None}
        return {key: one for key, one in inner.items() if one not in ({}, [], frozenset(), "")}
    if isinstance(value, list) and not any(isinstance(one, dict) for one in value):
        return frozenset(map(str, value))
    return [_plain(one) for one in value] if isinstance(value, list) else str(value).lower()


def renamed(left: Snapshot, right: Snapshot) -> bool:
    """Return whether something bears another name in the other snapshot: it is called by the later one."""
    names = {**dict(zip(left.units.ids, left.units.names, strict=True)), **{one.id: one.name for one in left.workloads}}
    later = {
        **dict(zip(right.units.ids, right.units.names, strict=True)),
        **{one.id: one.name for one in right.workloads},
    }
    return any(names[one] != later[one] for one in names.keys() & later.keys())


@given(snapshots(), snapshots())
def test_every_rename_is_told_as_one(left: Snapshot, right: Snapshot) -> None:
    told = {(one.was, one.now) for one in differences(left, right) if one.path[-1] == "name" and one.path[0] == "units"}
    both = left.units.index.keys() & right.units.index.keys()
    pairs = {(left.units.names[left.units.index[one]], right.units.names[right.units.index[one]]) for one in both}
    assert told == {(was or None, now or None) for was, now in pairs if was != now}


@given(snapshots(), snapshots())
def test_snapshots_tell_every_slot_that_differs(left: Snapshot, right: Snapshot) -> None:
    assert differences(left, left) == ()
    found = differences(left, right)
    assert renamed(left, right) or turned(found) == list(differences(right, left))
    told = {one.path[1] for one in found if one.path[0] == "slots"}
    names = [*left.units.names, *right.units.names]
    for unit_id in left.units.index.keys() & right.units.index.keys():
        for workload in set(left.workloads) & set(right.workloads):
            rows = left.units.index[unit_id], right.units.index[unit_id]
            ours, theirs = left.state(workload.id, rows[0]), right.state(workload.id, rows[1])
            ours, theirs = (msgspec.structs.replace(one, since=None) for one in (ours, theirs))
            unproved = not (left.coverage.complete and right.coverage.complete)
            if ours == theirs or (unproved and EMPTY in {ours, theirs}) or "gw-twin" in names:
                continue
            name = left.units.names[rows[0]]
            if right.units.names[rows[1]] == name and ours.assigned != theirs.assigned:
                assert f"{name} {workload.name}" in told


@given(fleets(), snapshots(), snapshots(), st.integers(1, 10_000))
def test_plans_differ_by_their_slots_not_by_their_times(
    fleet: Document, before: Snapshot, after: Snapshot, later: int
) -> None:
    left, right = plan(fleet, before, 0.0), plan(fleet, after, 0.0)
    assert differences(left, plan(fleet, before, float(later))) == ()
    found = differences(left, right)
    assert renamed(before, after) or turned(found) == list(differences(right, left))
    changed = {one.path[-1] for one in found if one.path[1:2] == ("changes",)}
    ids = {
        (change.unit.id, change.workload.id, change.verb, change.from_, change.to) for change in left.fleets[0].changes
    } ^ {
        (change.unit.id, change.workload.id, change.verb, change.from_, change.to) for change in right.fleets[0].changes
    }
    assert bool(ids) <= bool(changed or [one for one in found if one.path[-1] == "changes"])


@given(tables, tables)
def test_differences_lead_to_what_differs_and_turn_one_table_into_the_other(left: Table, right: Table) -> None:
    found = list(compare.differences(left, right))
    assert (found == []) == (left == right)
    for path, was, now in found:
        assert was != now
        _put(left, path, now)
    assert left == right


@given(tables, tables)
def test_a_walk_finds_what_deepdiff_finds(left: Table, right: Table) -> None:
    assert sorted(compare.differences(left, right), key=repr) == sorted(deep(left, right), key=repr)


def _put(table: Table, path: tuple[str, ...], value: str | Table | None) -> None:
    for key in path[:-1]:
        inner = table[key]
        assert isinstance(inner, dict)
        table = inner
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
