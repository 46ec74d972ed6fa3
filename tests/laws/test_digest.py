"""Digests and fingerprints change exactly when what they cover does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.assemble import assemble
from reconciler.core.assessment import FleetAssessment
from reconciler.core.digest import SlotDigest, checksum, fingerprint
from reconciler.core.mistakes import conflicts
from reconciler.core.resolve import resolve
from reconciler.model.desired import Want
from reconciler.model.fleet import Document
from reconciler.model.origin import NOWHERE
from reconciler.model.plan import FleetPlan, Lifted, LimitKind, Plan, Times, Violation
from reconciler.model.provenance import ConnectionChange, ConnectionEdit, Loosened, Loosening, Provenance
from reconciler.model.snapshot import PROVED, Snapshot
from reconciler.model.unit import Unit
from reconciler.views import plan_json
from tests.laws import naive
from tests.laws.strategies import CHANNELS, NOW, drafted, fleets, planned, snapshots, states, unit_lists


def sound(one: FleetAssessment) -> FleetAssessment:
    assume(not one.resolution.mistakes)
    return one


def covered(one: FleetAssessment, unit: Unit, state: Any, *, removal: bool) -> object:
    """Return what the digest of a slot speaks of."""
    labels = [pair for pair in unit.labels if pair[0] in one.resolution.label_keys]
    name = unit.name if one.resolution.uses_names else ""
    return (
        state.assigned,
        state.extra_versions,
        state.settings,
        state.identity,
        labels,
        name,
        (state.reported if removal else "-"),
    )


@given(fleets(), unit_lists(), st.lists(states(), min_size=2, max_size=4), st.booleans(), st.data())
def test_a_slot_digest_changes_exactly_when_what_it_covers_does(
    fleet: Document, rows: list[Unit], pool: list[Any], removal: bool, data: st.DataObject
) -> None:
    snapshot = data.draw(snapshots(rows, PROVED))
    snapshot.states.extend(pool)
    one = drafted(fleet, snapshot)
    digest = SlotDigest(one.resolution, snapshot)
    slots = [
        (covered(one, unit, state, removal=removal), digest(unit.row, number, removal=removal))
        for unit in naive.all_units(snapshot.units)
        for number, state in enumerate(snapshot.states)
    ]
    for what, found in slots:
        assert len(found) == 16
        for other, second in slots:
            assert (what == other) == (found == second)


def assembled(one: FleetAssessment) -> Plan:
    return assemble([planned(one)], now=NOW, read={"plant": NOW}, filters="")


@given(fleets(), snapshots(), st.text(max_size=5))
def test_a_checksum_covers_all_but_itself(fleet: Document, snapshot: Snapshot, words: str) -> None:
    plan = assembled(sound(drafted(fleet, snapshot)))
    assert checksum(plan) == plan.checksum
    assert checksum(msgspec.structs.replace(plan, checksum="?")) == plan.checksum
    for field in ("created", "expires"):
        times = msgspec.structs.replace(plan.times, **{field: words})
        assert checksum(msgspec.structs.replace(plan, times=times)) != plan.checksum
    others: dict[str, Any] = {
        "format": "other",
        "fingerprint": "other",
        "complete": not plan.complete,
        "applyable": not plan.applyable,
        "errored": True,
        "filters": "--unit x",
        "fleets": (),
        "times": Times(created=plan.times.created, expires=plan.times.expires, read={"plant": words}),
        "provenance": Provenance(commit="x"),
        "connections": (ConnectionChange(connection="x", edit=ConnectionEdit.ADDED, platform="y"),),
        "loosened": (Loosened(fleet="x", kind=Loosening.MODE),),
    }
    assert set(others) | {"checksum"} == set(plan.__struct_fields__)
    for field, value in others.items():
        assert checksum(msgspec.structs.replace(plan, **{field: value})) != plan.checksum
    for other in _others(plan.fleets[0]):
        assert checksum(msgspec.structs.replace(plan, fleets=(other,))) != plan.checksum


def _others(entry: FleetPlan) -> Iterator[FleetPlan]:
    """Yield the plan of a fleet with one field that is another, each in turn."""
    for field in entry.__struct_fields__:
        yield msgspec.structs.replace(entry, **{field: "x" if getattr(entry, field) != "x" else "y"})


@given(fleets(), snapshots(), st.text(max_size=5))
def test_a_fingerprint_is_of_what_is_reviewed_and_not_of_when(fleet: Document, snapshot: Snapshot, words: str) -> None:
    plan = assembled(sound(drafted(fleet, snapshot)))
    assert fingerprint(plan) == plan.fingerprint
    (entry,) = plan.fleets
    moved = [msgspec.structs.replace(one, origin=NOWHERE, observed=words) for one in entry.changes]
    elsewhen = msgspec.structs.replace(
        plan,
        times=Times(created=words, expires=words),
        provenance=Provenance(commit=words),
        loosened=(Loosened(fleet="x", kind=Loosening.MODE),),
        fleets=(msgspec.structs.replace(entry, changes=tuple(moved), warnings=(words,), diagnostics=()),),
    )
    assert fingerprint(elsewhen) == plan.fingerprint
    differing = [
        msgspec.structs.replace(plan, filters="--unit x"),
        msgspec.structs.replace(plan, fleets=()),
        *(msgspec.structs.replace(plan, fleets=(one,)) for one in _reviewed(entry)),
    ]
    assert plan.fingerprint not in set(map(fingerprint, differing))


def _reviewed(entry: FleetPlan) -> Iterator[FleetPlan]:
    """Yield the plan of a fleet with something else to review, in turn."""
    limit = Violation(kind=LimitKind.REMOVE, intended=12)
    others: dict[str, Any] = {
        "fleet": "x",
        "error": "x",
        "basis": msgspec.structs.replace(entry.basis, manifest="x"),
        "violations": (*entry.violations, limit),
        "lifted": (Lifted(violation=limit, reason="x", until="2027-01-01"),),
    }
    for field, value in others.items():
        yield msgspec.structs.replace(entry, **{field: value})
    if entry.changes:
        first, *rest = entry.changes
        yield msgspec.structs.replace(entry, changes=tuple(rest))
        yield msgspec.structs.replace(entry, changes=(msgspec.structs.replace(first, to="x"), *rest))
        yield msgspec.structs.replace(entry, actions=entry.actions[1:])
    if entry.held:
        first_held, *others_held = entry.held
        yield msgspec.structs.replace(entry, held=tuple(others_held))
        yield msgspec.structs.replace(entry, held=(msgspec.structs.replace(first_held, reasons=()), *others_held))


@given(fleets(), snapshots())
def test_a_plan_survives_its_json(fleet: Document, snapshot: Snapshot) -> None:
    plan = assembled(sound(drafted(fleet, snapshot)))
    plan_json.check(plan)
    again = plan_json.decode(plan_json.encode(plan))
    assert again == plan
    assert (fingerprint(again), checksum(again)) == (plan.fingerprint, plan.checksum)


@given(fleets("left"), fleets("right"), snapshots())
def test_claims_are_exact_and_symmetrical(left: Document, right: Document, snapshot: Snapshot) -> None:
    both = [resolve(fleet, CHANNELS, snapshot.units, snapshot.workloads) for fleet in (left, right)]
    assume(not any(one.mistakes for one in both))
    shared = {
        workload.name
        for workload in snapshot.workloads
        for unit in naive.all_units(snapshot.units)
        if all(naive.wish(fleet, snapshot, unit, workload)[0].want is not Want.UNMANAGED for fleet in (left, right))
    }
    ahead = list(conflicts(both, snapshot.units))
    back = list(conflicts(both[::-1], snapshot.units))
    assert len(ahead) == len(shared) == len(back)
    for name in shared:
        assert any(f"both claim {name} on" in found.diagnostic.message for found in ahead)
    for one, other in zip(ahead, back, strict=True):
        this, that = one.diagnostic, other.diagnostic
        assert (this.origin, this.related[0].origin) == (that.related[0].origin, that.origin)
        assert one.rows == other.rows
    assert not list(conflicts(both[:1], snapshot.units))
