"""What a history remembers is what folding its events gives, whoever wrote them, however often it was closed in between."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.remember import Remembering
from reconciler.core.standing import standing
from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.store import Store
from reconciler.model.change import Request, Verb
from reconciler.model.event import (
    AnyEvent,
    Called,
    Halted,
    Intended,
    Met,
    Note,
    Notified,
    Resolved,
    RollbackFailed,
    RolledBack,
    Ruled,
    Settled,
)
from reconciler.model.event_parts import SlotName
from reconciler.model.memory import Memory
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref

FLEETS = ("north", "south", "o'hare\n\N{LATIN SMALL LETTER E WITH ACUTE}")
TARGETS = {fleet: f"platform:{fleet}" for fleet in FLEETS}
names = st.sampled_from(["a", "b", "c", "\0 odd'; --", "long" * 80])
refs = st.builds(Ref, names, names)
moments = st.floats(min_value=0, max_value=2e9, allow_nan=False)
runs = st.sampled_from(["run-1", "run-2", "run-3"])
fleets = st.sampled_from(FLEETS)
calls = st.integers(1, 3)
rollouts = st.builds(RolloutId, fleets, names, names)
slots = st.builds(
    SlotName, refs, refs, st.sampled_from(Verb), st.integers(1, 9), st.one_of(st.none(), st.sampled_from(["v1", "v2"]))
)
some = st.lists(slots, max_size=3).map(tuple)
receipts = st.builds(
    Receipt, st.sampled_from(ReceiptKind), refused=st.lists(st.tuples(names, names), max_size=2).map(tuple)
)
outcomes = st.builds(
    Outcome,
    fleet=fleets,
    unit=refs,
    workload=refs,
    verb=st.sampled_from(Verb),
    to=st.none(),
    result=st.sampled_from(Result),
)
rulings = st.builds(Ruling, command=st.sampled_from(Command), reason=names, by=names, at=moments)
common = {"at": moments, "run": runs}
events: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(
        Intended,
        **common,
        fleet=fleets,
        call=calls,
        kind=names,
        request=st.just(Request("POST", "/", {"n": 1})),
        wide=st.booleans(),
        slots=some,
    ),
    st.builds(Called, **common, fleet=fleets, call=calls, receipt=receipts, seconds=moments),
    st.builds(Settled, **common, outcome=outcomes),
    st.builds(Resolved, **common, fleet=fleets, of=runs, call=calls, effect=st.booleans(), slots=some),
    st.builds(
        Met, **common, rollout=rollouts, workload=refs, wave=st.integers(0, 2), met=st.booleans(), whole=st.booleans()
    ),
    st.builds(Halted, **common, rollout=rollouts, workload=refs, failed=calls, attempted=calls),
    st.builds(Ruled, **common, rollout=rollouts, workload=refs, ruling=rulings),
    st.builds(
        RolledBack,
        **common,
        rollout=rollouts,
        workload=refs,
        to=names,
        branch=names,
        commit=names,
        pushed=st.booleans(),
    ),
    st.builds(RollbackFailed, **common, rollout=rollouts, workload=refs, error=names, times=calls, pause=moments),
    st.builds(
        Notified,
        **common,
        target=names,
        kind=st.sampled_from(NoticeKind),
        result=st.sampled_from(Delivery),
        title=names,
        keys=st.lists(names, max_size=2, unique=True).map(tuple),
        sizes=st.just((1, 1)),
    ),
    st.builds(Note, **common, level=st.just("info"), message=names, fleet=fleets),
)
steps = st.lists(st.one_of(events, st.sampled_from(["ask", "reopen", "other writer"])), min_size=1, max_size=25)


@contextmanager
def history(folder: str) -> Iterator[Store]:
    """Open the history of a folder."""
    found = Store(Database(address(f"{folder}/history.db"), writes=True).opened())
    try:
        yield found
    finally:
        found.close()


def known(memory: Memory) -> Memory:
    """Return what is remembered, whenever that began, with what went at one time in one order."""
    went = sorted(memory.went, key=lambda one: (one.at, repr(one)))
    messages = {target: tuple(sorted(times)) for target, times in memory.messages.items() if times}
    return msgspec.structs.replace(memory, since=0.0, went=tuple(went), messages=messages)


@given(st.lists(events, max_size=25))
def test_what_still_stands_says_the_same_of_rollouts_proposals_and_messages(happened: list[AnyEvent]) -> None:
    """Once events are old, only those are kept."""

    def fold(some: list[AnyEvent]) -> Memory:
        found = Remembering(0.0, durable=True)
        for one in some:
            found.record(one)
        return found.memory(TARGETS, 0.0)

    whole, kept = fold(happened), fold(standing(happened))
    assert standing(standing(happened)) == standing(happened)
    for name in ("met", "complete", "halts", "rolled_back", "failed_rollbacks", "proposals", "notified"):
        assert getattr(kept, name) == getattr(whole, name), name
    assert kept.workloads.keys() == whole.workloads.keys(), (
        "a workload may have had another name when nothing new was said"
    )


@given(steps, st.sampled_from([0.0, 5e8]))
def test_a_history_remembers_what_folding_its_events_gives(steps: list[AnyEvent | str], since: float) -> None:
    fold = Remembering(0.0, durable=True)
    with tempfile.TemporaryDirectory() as folder, history(folder) as first, history(folder) as second:
        writers = [first, second]
        for step in steps:
            if step == "ask":
                assert known(writers[0].memory(TARGETS, since)) == known(fold.memory(TARGETS, since))
            elif step == "reopen":
                writers[0].close()
            elif isinstance(step, str):
                writers[0].flush()
                writers.reverse()
            else:
                writers[0].record(step)
                fold.record(step)
        for one in writers:
            one.flush()
        for one in writers:
            assert known(one.memory(TARGETS, since)) == known(fold.memory(TARGETS, since))
        with history(folder) as later:
            assert known(later.memory(TARGETS, since)) == known(fold.memory(TARGETS, since))
            assert known(later.memory({"south": ""}, since)) == known(fold.memory({"south": ""}, since))
