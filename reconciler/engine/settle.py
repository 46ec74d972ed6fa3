"""Watching accepted changes until every one is settled: done, failed, waiting for its unit, or changed by somebody else."""

from __future__ import annotations

from collections.abc import Generator

from reconciler.core.bind import Slot
from reconciler.core.judge import Patience, verdict
from reconciler.engine.send import outcome
from reconciler.errors import PlatformError, Unauthorized
from reconciler.model.change import Change, Verb
from reconciler.model.desired import ABSENT, Desired, version
from reconciler.model.event import AnyEvent, Note, Settling
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict
from reconciler.ports import Clock, Platform

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
FEW = 20
"""Up to this many units are asked about one by one instead of listing all."""

RESULTS = {
    Verdict.SYNCED: Result.DONE,
    Verdict.LEFTOVER: Result.DONE,
    Verdict.AHEAD: Result.DONE,
    Verdict.WAITING: Result.WAITING,
    Verdict.PAUSED: Result.WAITING,
    Verdict.FAILED: Result.FAILED,
    Verdict.RETRY: Result.FAILED,
}


class Settler:
    """Follows the accepted changes of one fleet; `outcomes` has what came of them."""

    def __init__(self, fleet: str, platform: Platform, accepted: dict[Slot, Change], clock: Clock) -> None:
        """Take the changes that the platform accepted."""
        self.fleet = fleet
        self.platform = platform
        self.pending = dict(accepted)
        self.clock = clock
        self.outcomes: dict[Slot, Outcome] = {}
        self._shown: set[Slot] = set()
        self._unread = "; it was not read back"

    def run(self, deadline: float) -> Generator[AnyEvent, None, None]:
        """Read until nothing is on its way, the deadline (seconds since 1970) or a stop."""
        pause = FIRST_PAUSE
        while self.pending and not self.clock.stopping():
            try:
                self._look(self.platform.observe(self._query()))
                self._unread = " but does not show its effect"
            except PlatformError as error:
                self._unread = f"; it could not be read back: {error}"
                yield Note(
                    at=self.clock.now(), level="warning", fleet=self.fleet, message=f"could not read back: {error}"
                )
                if isinstance(error, Unauthorized):
                    break
            yield self._progress()
            if not self.pending or self.clock.now() >= deadline:
                break
            self.clock.sleep(min(pause, max(0.0, deadline - self.clock.now())))
            pause = min(pause * 1.5, LONGEST_PAUSE)
        for slot, change in self.pending.items():
            self.outcomes[slot] = self._unsettled(slot, change)

    def _query(self) -> Query:
        units = {unit for unit, _ in self.pending}
        return Query(
            units=frozenset(units) if len(units) <= FEW else None,
            workloads=frozenset(workload for _, workload in self.pending),
        )

    def _look(self, snapshot: Snapshot) -> None:
        patience = Patience(now=self.clock.now(), retries_itself=self.platform.capabilities.retries_itself)
        for slot, change in list(self.pending.items()):
            row = snapshot.units.index.get(change.unit.id)
            if row is None:
                if snapshot.coverage.complete:
                    self._settle(slot, Result.STALE, "the unit is gone")
                continue
            state = snapshot.state(change.workload.id, row)
            self._judge(slot, change, state, Reach(snapshot.units.reach[row]), patience)

    def _judge(self, slot: Slot, change: Change, state: State, reach: Reach, patience: Patience) -> None:
        found = verdict(wish(change), state, reach, patience)
        result = RESULTS.get(found)
        if found is Verdict.REMOVING:
            result = removing(state, reach)
        elif found is Verdict.LEFTOVER and change.verb is Verb.REMOVE:
            result = None
        told = state.phase is not Phase.UNKNOWN and state.assigned == change.to
        if result is not None:
            self._settle(slot, result, detail(found, state))
        elif told:
            self._shown.add(slot)
        elif slot in self._shown and state.phase is not Phase.UNKNOWN:
            self._settle(slot, Result.STALE, f"somebody else assigned {state.assigned or 'nothing'} meanwhile")

    def _settle(self, slot: Slot, result: Result, words: str) -> None:
        change = self.pending.pop(slot)
        self.outcomes[slot] = outcome(self.fleet, change, result, words)

    def _unsettled(self, slot: Slot, change: Change) -> Outcome:
        if slot in self._shown:
            return outcome(
                self.fleet, change, Result.WAITING, f"{taken(change)}; the unit was still on its way when waiting ended"
            )
        return outcome(self.fleet, change, Result.UNKNOWN, f"the platform accepted the call{self._unread}")

    def _progress(self) -> Settling:
        results = [one.result for one in self.outcomes.values()]
        return Settling(
            at=self.clock.now(),
            fleet=self.fleet,
            done=results.count(Result.DONE),
            waiting=results.count(Result.WAITING),
            failed=results.count(Result.FAILED),
            pending=len(self.pending),
        )


def wish(change: Change) -> Desired:
    """Return what a slot is to be once a change is done."""
    return ABSENT if change.verb is Verb.REMOVE and change.to is None else version(change.to or "", change.settings)


def taken(change: Change) -> str:
    """Return what the platform took, in a word or two."""
    return "removed on the platform" if change.verb is Verb.REMOVE else "assigned"


def removing(state: State, reach: Reach) -> Result | None:
    """Return what has come of a removal that still shows; None while it is on its way."""
    if state.phase is Phase.FAILED:
        return Result.FAILED
    return None if reach is Reach.CONNECTED else Result.WAITING


def detail(found: Verdict, state: State) -> str:
    """Return what people should know beside a result."""
    if found in {Verdict.FAILED, Verdict.RETRY, Verdict.REMOVING} and state.error:
        return state.error
    if found is Verdict.REMOVING:
        return "removed on the platform; the unit is not connected and lets go of it when it returns"
    if found is Verdict.WAITING:
        return "assigned; the unit is not connected and takes it when it returns"
    if found is Verdict.AHEAD and state.spread:
        return f"assigned; {state.note}"
    if found is Verdict.AHEAD:
        return f"assigned; the unit reports the later {state.reported}"
    return state.note
