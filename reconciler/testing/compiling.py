"""What any platform promises of compiling: each change in a call, few calls, and no slot of anybody else.

Wide calls name no unit, so what they hit is only known by carrying them out: these laws run over every answer to the
open questions of the simulator, with foreign holders of the same versions all around.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from functools import cache
from random import Random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.change import Action, Change
from reconciler.model.outcome import ReceiptKind
from reconciler.model.snapshot import Coverage, Query, Snapshot
from reconciler.testing.changes import assigned, everywhere, looked_up, moves, sendable
from reconciler.testing.subject import Rig, Subject

LAWS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@cache
def reading(subject: Subject, units: int, seed: int) -> tuple[Rig, Snapshot]:
    """Return a rig and its reading, made once: compiling is pure."""
    rig = subject.rig(units, 2, seed=seed)
    return rig, rig.platform.observe(Query())


def some_moves(rig: Rig, snapshot: Snapshot, seed: int, share: float) -> list[Change]:
    """Return random changes of so large a share of all slots."""
    random = Random(seed)
    count = random.randint(1, len(rig.versions))

    def wanted(unit: str, workload: str) -> Any:  # a version, None for absent, ... for hands off
        return random.choice([*rig.versions_of(workload)[:count], None]) if random.random() < share else ...

    return sendable(rig, moves(snapshot, wanted), snapshot)[0]


def compiled(rig: Rig, changes: Sequence[Change], snapshot: Snapshot, *, whole: bool) -> tuple[Action, ...]:
    """Return the calls for changes; `whole` says that the fleet speaks of every unit of the application alike."""
    fleet_wide = everywhere(snapshot) if whole else ()
    return rig.platform.compile(changes, snapshot, looked_up(rig, changes), fleet_wide=fleet_wide)


@LAWS
@given(st.integers(0, 10**6), st.sampled_from([0.02, 0.5, 1.0]), st.booleans(), st.booleans())
def test_each_change_is_in_a_call_and_where_one_does_in_no_other(
    subject: Subject, seed: int, share: float, whole: bool, many: bool
) -> None:
    rig, snapshot = reading(subject, subject.many if many else 12, seed % 3)
    changes = some_moves(rig, snapshot, seed, share)
    actions = compiled(rig, changes, snapshot, whole=whole)
    slots = Counter(slot for action in actions for slot in action.slots)
    assert sorted(slots) == list(range(len(changes)))
    assert rig.platform.capabilities.steps or set(slots.values()) <= {1}
    assert all(action.slots for action in actions)
    assert [action.stage for action in actions] == sorted(action.stage for action in actions)


@LAWS
@given(st.integers(0, 10**6), st.sampled_from([0.02, 0.5, 1.0]), st.booleans())
def test_few_calls(subject: Subject, seed: int, share: float, whole: bool) -> None:
    rig, snapshot = reading(subject, subject.many, seed % 3)
    changes = some_moves(rig, snapshot, seed, share)
    actions = compiled(rig, changes, snapshot, whole=whole)
    most = rig.platform.capabilities.ids_per_call
    groups: dict[tuple[str, str | None], int] = {}
    for change in changes:
        groups[change.workload.id, change.to] = groups.get((change.workload.id, change.to), 0) + 1
    fewest = sum(-(-count // most) for count in groups.values())
    active = Counter((unit, workload) for unit, workload, _ in snapshot.references)
    each = sum(len(one.extra_versions) + 2 + active[one.unit.id, one.workload.id] for one in changes)
    assert len(actions) <= (each if rig.platform.capabilities.steps else fewest)
    requests = [msgspec.json.encode(action.request) for action in actions]
    assert len(set(requests)) == len(requests)
    assert all(action.wide or len(action.slots) <= most for action in actions)


@LAWS
@given(st.integers(0, 10**6), st.booleans())
def test_the_order_of_changes_does_not_matter(subject: Subject, seed: int, whole: bool) -> None:
    rig, snapshot = reading(subject, subject.many, 0)
    changes = some_moves(rig, snapshot, seed, 0.5)
    shuffled = Random(seed).sample(changes, len(changes))
    first = compiled(rig, changes, snapshot, whole=whole)
    second = compiled(rig, shuffled, snapshot, whole=whole)
    assert [(action.call, action.request, action.stage) for action in first] == [
        (action.call, action.request, action.stage) for action in second
    ]


@LAWS
@given(st.integers(0, 10**6))
def test_no_wide_call_without_proof(subject: Subject, seed: int) -> None:
    rig, snapshot = reading(subject, subject.many, 1)
    changes = some_moves(rig, snapshot, seed, 1.0)
    unproved = copy(snapshot)
    unproved.coverage = Coverage(False, ("a page was missing",))
    assert not any(action.wide for action in compiled(rig, changes, snapshot, whole=False))
    assert not any(action.wide for action in compiled(rig, changes, unproved, whole=True))


@settings(LAWS, max_examples=25)
@given(st.data())
def test_no_call_ever_touches_a_foreign_slot(subject: Subject, data: st.DataObject) -> None:
    """Whatever the open questions answer, and whatever others hold the same versions: only slots of the changes move."""
    question, answer = data.draw(st.sampled_from(list(subject.variants)))
    rig = subject.rig(
        subject.many, 1, variants={question: answer}, seed=data.draw(st.integers(0, 2)), offline=0.0, failing=0.0
    )
    snapshot = rig.platform.observe(Query())
    spared = data.draw(st.sampled_from([0, 1, 400]))
    chosen = data.draw(st.integers(0, len(rig.versions) - 1))
    mine = set(snapshot.units.ids[spared:])
    desired = moves(snapshot, lambda unit, workload: rig.versions_of(workload)[chosen] if unit in mine else ...)
    changes, _ = sendable(rig, desired, snapshot)
    before = assigned(rig)
    actions = compiled(rig, changes, snapshot, whole=data.draw(st.booleans()))
    hit: set[tuple[str, str]] = set()
    for action in actions:
        receipt = rig.platform.execute(action, rig.deadline)
        assert receipt.kind in (ReceiptKind.ACCEPTED, ReceiptKind.UNPROVED), receipt
        if receipt.kind is ReceiptKind.ACCEPTED:
            hit |= {(changes[slot].unit.id, changes[slot].workload.id) for slot in action.slots}
    rig.settle()
    after = assigned(rig)
    assert {slot for slot in after | before if after.get(slot) != before.get(slot)} <= hit
