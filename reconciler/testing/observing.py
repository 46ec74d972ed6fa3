"""What any platform promises of reading: it sees what is, and never says it saw everything when it did not."""

from __future__ import annotations

import pytest

from reconciler.errors import PlatformError
from reconciler.model.observation import EMPTY, UNSEEN, Phase
from reconciler.model.snapshot import Query, Snapshot
from reconciler.testing.subject import Rig, Subject

EVERYTHING = Query()


def shown(snapshot: Snapshot) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """Return (assigned, reported) of every slot that shows anything, as the truth is."""
    found = {}
    for workload in snapshot.workloads:
        for row in snapshot.holders(workload.id):
            state = snapshot.state(workload.id, row)
            found[snapshot.units.ids[row], workload.id] = (state.assigned, state.reported)
    return found


def same(left: Snapshot, right: Snapshot) -> bool:
    """Return whether two snapshots say the same, whenever they were read."""
    return (
        left.units.ids == right.units.ids
        and [left.units[row] for row in range(len(left.units))] == [right.units[row] for row in range(len(right.units))]
        and left.workloads == right.workloads
        and left.states == right.states
        and left.columns == right.columns
        and left.coverage == right.coverage
        and left.identity == right.identity
    )


def test_a_quiet_world_is_seen_whole(subject: Subject) -> None:
    rig = subject.rig(60, 3)
    snapshot = rig.platform.observe(EVERYTHING)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert shown(snapshot) == rig.truth() != {}
    assert snapshot.states[0] == EMPTY
    assert snapshot.identity == rig.platform.identity


def test_reading_twice_says_the_same(subject: Subject) -> None:
    rig = subject.rig()
    assert same(rig.platform.observe(EVERYTHING), rig.platform.observe(EVERYTHING))


def test_equal_observations_are_one_state_and_settled_ones_bear_no_times(subject: Subject) -> None:
    snapshot = subject.rig(200, 3, failing=0.2, offline=0.3).platform.observe(EVERYTHING)
    assert len(set(snapshot.states[1:])) == len(snapshot.states) - 1
    assert all(state.since is None for state in snapshot.states if state.phase is Phase.SETTLED)
    failures = [state for state in snapshot.states if state.phase is Phase.FAILED and state.error]
    assert bool(failures) == subject.tells_failures


@pytest.mark.parametrize("workloads", [True, False])
@pytest.mark.parametrize("units", [True, False])
def test_a_narrowed_reading_shows_what_was_asked_about(subject: Subject, units: bool, workloads: bool) -> None:
    rig = subject.rig(40, 3)
    whole = rig.platform.observe(EVERYTHING)
    some_units = frozenset(whole.units.ids[:3]) if units else None
    some_workloads = frozenset([whole.workloads[0].id]) if workloads else None
    narrow = rig.platform.observe(Query(some_units, some_workloads))
    assert narrow.coverage.complete, narrow.coverage.problems
    assert narrow.units.ids == whole.units.ids
    assert narrow.workloads == whole.workloads
    for workload in narrow.workloads:
        for row, unit in enumerate(narrow.units.ids):
            if (some_units is None or unit in some_units) and (some_workloads is None or workload.id in some_workloads):
                assert narrow.state(workload.id, row) == whole.state(workload.id, row)


@pytest.mark.parametrize("kind", ["short", "shift", "empty", "truncate", "html", "reset", "lost", "500", "429"])
@pytest.mark.parametrize("rate", ["15%", "60%"])
def test_never_complete_with_a_row_missing(subject: Subject, kind: str, rate: str) -> None:
    if kind == "short" and rate == "60%" and not subject.totals:
        pytest.skip(f"{subject} tells no total: a list cut twice in the same way cannot be told from a short one")
    complete = 0
    for seed in range(12):
        rig = subject.rig(25, 2, faults=[f"{kind}={rate}"], seed=seed)
        snapshot = _read(rig)
        if snapshot is None:
            continue
        complete += snapshot.coverage.complete
        assert snapshot.coverage.complete != bool(snapshot.coverage.problems)
        if snapshot.coverage.complete:
            assert shown(snapshot) == (_truth_at(rig, snapshot) if kind == "shift" else rig.truth())
            assert snapshot.states[0] == EMPTY
        else:
            assert snapshot.states[0] == UNSEEN
            assert rig.secret not in " ".join(snapshot.coverage.problems)
        if kind == "short" and subject.totals:
            assert len(snapshot.units) >= 25 or snapshot.coverage.unseen, "units are missing: say at least how many"
        assert rig.requests() < 400
    assert complete or rate == "60%" or kind == "shift", "a fault now and then should not blind the platform"


def _read(rig: Rig) -> Snapshot | None:
    """Return a reading, None where nothing could be read at all."""
    try:
        return rig.platform.observe(EVERYTHING)
    except PlatformError:
        return None


def _truth_at(rig: Rig, snapshot: Snapshot) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """Return the truth, less what a fault after the reading's end can have added or taken."""
    units = set(snapshot.units.ids)
    truth = {slot: value for slot, value in rig.truth().items() if slot[0] in units}
    gone = units - {slot[0] for slot in truth}
    return truth | {slot: value for slot, value in shown(snapshot).items() if slot[0] in gone}


@pytest.mark.parametrize("name", ["deleted-rows", "empty-rows", "etags", "max-per-page", "overwrite-etag"])
def test_seen_whole_whatever_the_open_questions_answer(subject: Subject, name: str) -> None:
    for question, answer in subject.variants:
        if question != name:
            continue
        rig = subject.rig(min(subject.many, 1100), 2, variants={question: answer})
        snapshot = rig.platform.observe(EVERYTHING)
        assert snapshot.coverage.complete, snapshot.coverage.problems
        assert shown(snapshot) == rig.truth()


def test_a_platform_that_cannot_be_read_at_all_raises(subject: Subject) -> None:
    for kind in ("500", "reset", "html", "429", "truncate", *(["expire"] if subject.credentials else [])):
        rig = subject.rig(faults=[f"{kind}=100%"])
        with pytest.raises(PlatformError) as caught:
            rig.platform.observe(EVERYTHING)
        assert rig.secret not in str(caught.value) + repr(caught.value) + caught.value.hint
        assert caught.value.operation.startswith(rig.platform.capabilities.platform)


def test_values_nobody_knows_are_unknown_and_nothing_else_suffers(subject: Subject) -> None:
    """One slot bears a value of another shape: it alone becomes unknown; it never looks empty."""
    rig = subject.rig(10, 1, offline=0.0, failing=0.0, rewrite=subject.malformed)
    snapshot = rig.platform.observe(EVERYTHING)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    phases = [snapshot.state(snapshot.workloads[0].id, row).phase for row in range(len(snapshot.units))]
    assert phases.count(Phase.UNKNOWN) == 1
    unknown = next(state for state in snapshot.states if state.phase is Phase.UNKNOWN)
    assert unknown.conditions
