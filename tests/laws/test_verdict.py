"""The verdict table, said again as ordered predicates in the order of the design, and compared over every enum."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.judge import CHANGES, HELD, Patience, health, judge, sync, verb_of, verdict
from reconciler.core.resolve import OUTSIDE, Column, Rule
from reconciler.core.select import Rows
from reconciler.model.change import Verb
from reconciler.model.desired import ABSENT, UNMANAGED, Desired, Want, version
from reconciler.model.observation import Phase, State
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Sync, Verdict, worst
from tests.laws.strategies import NOW, WORKLOADS, settings, snapshots, states, versions

Case = tuple[Desired, State, Reach, Patience]
Row = tuple[Verdict, Callable[[Case], bool]]


def wants(case: Case) -> bool:
    return case[0].want is Want.VERSION


def told(case: Case) -> bool:
    return wants(case) and case[1].assigned == case[0].version


def here(case: Case) -> bool:
    return case[2] is Reach.CONNECTED


def reports(case: Case) -> bool:
    """All devices of the unit say that they run what was assigned, or there is none to say so."""
    state = case[1]
    if state.size == 0:
        return True
    if state.ready is None:
        return state.reported == state.assigned and state.phase is not Phase.MOVING and not state.overwritten
    return state.ready >= state.size


def in_time(case: Case) -> bool:
    return case[1].since is None or case[3].now - case[1].since <= case[3].deadline


TABLE: list[Row] = [
    (Verdict.UNMANAGED, lambda case: case[0].want is Want.UNMANAGED),
    (Verdict.UNKNOWN, lambda case: case[1].phase is Phase.UNKNOWN),
    (Verdict.DIFFERS, lambda case: told(case) and case[1].settings != case[0].settings),
    (Verdict.DIFFERS, lambda case: told(case) and case[1].overwritten and here(case)),
    (Verdict.PAUSED, lambda case: told(case) and case[1].phase is Phase.PAUSED),
    (Verdict.FAILED, lambda case: told(case) and case[1].phase is Phase.FAILED and case[3].retries_itself),
    (Verdict.RETRY, lambda case: told(case) and case[1].phase is Phase.FAILED),
    (Verdict.NEXT, lambda case: told(case) and case[1].phase is Phase.READY),
    (Verdict.WAITING, lambda case: told(case) and not reports(case) and not here(case)),
    (Verdict.AHEAD, lambda case: told(case) and not reports(case) and case[1].ahead),
    (
        Verdict.CONVERGING,
        lambda case: told(case) and not reports(case) and case[1].phase is Phase.MOVING and in_time(case),
    ),
    (Verdict.STUCK, lambda case: told(case) and not reports(case)),
    (Verdict.LEFTOVER, lambda case: told(case) and bool(case[1].extra_versions)),
    (Verdict.SYNCED, told),
    (Verdict.MISSING, lambda case: wants(case) and case[1].assigned is None),
    (Verdict.DIFFERS, wants),
    (Verdict.SURPLUS, lambda case: case[1].assigned is not None or bool(case[1].extra_versions)),
    (Verdict.REMOVING, lambda case: case[1].reported is not None),
    (Verdict.SYNCED, lambda case: True),
]

DESIRED = [UNMANAGED, ABSENT, version("1"), version("1", (("percent", 10),))]
STATES = [
    State(
        assigned=assigned,
        reported=reported,
        phase=phase,
        overwritten=overwritten,
        extra_versions=extra_versions,
        settings=settings,
        since=since,
        ahead=ahead,
        ready=ready,
        size=size,
    )
    for assigned, reported, phase, overwritten, extra_versions, settings, since, ahead, (ready, size) in product(
        [None, "1", "2"],
        [None, "1", "2"],
        Phase,
        [False, True],
        [(), ("0",)],
        [(), (("percent", 10),)],
        [None, NOW - 900, NOW - 901],
        [False, True],
        [(None, 1), (0, 0), (0, 1), (1, 1)],
    )
]


@pytest.mark.parametrize("retries_itself", [True, False])
@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("desired", DESIRED, ids=str)
def test_the_table_is_total_and_its_first_match_wins(desired: Desired, reach: Reach, retries_itself: bool) -> None:
    patience = Patience(now=NOW, retries_itself=retries_itself)
    for state in STATES:
        expected = next(found for found, matches in TABLE if matches((desired, state, reach, patience)))
        assert verdict(desired, state, reach, patience) is expected, state


def test_every_row_of_the_table_can_be_reached() -> None:
    reached = {
        next(number for number, (_, matches) in enumerate(TABLE) if matches((desired, state, reach, patience)))
        for desired in DESIRED
        for reach in Reach
        for patience in (Patience(NOW), Patience(NOW, retries_itself=False))
        for state in STATES
    }
    assert reached == set(range(len(TABLE)))


@pytest.mark.parametrize("found", Verdict)
def test_a_verdict_changes_something_exactly_when_it_is_out_of_sync_or_tries_again(found: Verdict) -> None:
    assert (found in CHANGES) == (sync(found) is Sync.OUT or found is Verdict.RETRY)
    assert not CHANGES & HELD
    for desired, state in product(DESIRED, [State(), State(assigned="1"), State(extra_versions=("0",))]):
        assert (verb_of(found, state, desired) is not None) == (found in CHANGES)


@given(settings, states(), st.sampled_from(Reach), versions)
def test_a_verb_says_what_happens_to_what_is_assigned(
    wanted: tuple[tuple[str, int], ...], state: State, reach: Reach, name: str
) -> None:
    for desired in (ABSENT, version(name, wanted)):
        verb = verb_of(verdict(desired, state, reach, Patience(NOW)), state, desired)
        if verb is Verb.REPLACE:
            assert state.assigned is not None
            assert state.assigned != desired.version
        if verb is Verb.RELEASE:
            assert state.assigned in {None, desired.version}
        if verb is Verb.REMOVE:
            assert state.extra_versions or (desired is ABSENT and state.assigned is not None)


@given(states(), st.sampled_from(Reach), st.sampled_from(DESIRED), st.booleans())
def test_health_speaks_only_of_what_is_managed_and_known(
    state: State, reach: Reach, desired: Desired, retries_itself: bool
) -> None:
    found = verdict(desired, state, reach, Patience(NOW, retries_itself=retries_itself))
    how = health(found, state, reach)
    assert (how is Health.NONE) == (found is Verdict.UNMANAGED)
    assert (how is Health.UNKNOWN) == (found is Verdict.UNKNOWN)
    if how is Health.HEALTHY:
        assert found is Verdict.SYNCED or (sync(found) is Sync.OUT and state.phase is Phase.SETTLED)


def test_what_is_still_there_is_not_healthy() -> None:
    left = State(reported="1")
    assert health(Verdict.REMOVING, left, Reach.CONNECTED) is Health.PROGRESSING
    assert health(Verdict.REMOVING, left, Reach.DISCONNECTED) is Health.WAITING
    assert health(Verdict.REMOVING, State(reported="1", phase=Phase.FAILED), Reach.CONNECTED) is Health.DEGRADED
    assert health(Verdict.REMOVING, State(reported="1", phase=Phase.PAUSED), Reach.CONNECTED) is Health.WAITING


@given(st.sets(st.sampled_from(Health)), st.sampled_from(Health))
def test_the_worst_health_wins(healths: set[Health], one: Health) -> None:
    order = list(Health)
    assert worst(healths | {one}) is order[max(order.index(worst(healths)), order.index(one))]


@given(snapshots(), st.data())
def test_judging_a_column_equals_judging_slot_by_slot(snapshot: Snapshot, data: st.DataObject) -> None:
    rules = [OUTSIDE, *(Rule(desired, (), "workload") for desired in DESIRED)]
    winners = data.draw(st.lists(st.integers(0, 4), min_size=len(snapshot.units), max_size=len(snapshot.units)))
    rows = [row for row, winner in enumerate(winners) if winner]
    column = Column(WORKLOADS[0], rules, Rows(array("I", rows)), array("I", filter(None, winners)), [])
    patience = Patience(NOW)
    judged = judge(column, snapshot, patience)
    needing = {intent.row: intent for intent in judged.intents}
    for row, winner in enumerate(winners):
        state = snapshot.state("w1", row)
        found = verdict(rules[winner].value, state, Reach(snapshot.units.reach[row]), patience)
        assert (row in needing) == (winner > 0 and found in CHANGES | HELD)
        if row in needing:
            assert (needing[row].verdict, needing[row].rule) == (found, winner)
    assert judged.count(*Verdict) == sum(winner > 0 for winner in winners)
    assert [intent.row for intent in judged.intents] == sorted(needing)
