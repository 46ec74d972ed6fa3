"""Changes that take several steps: pass after pass of sending, looking and sending what comes next.

Every pass starts from what is: the connection is read again, its fleet judged and planned, and only what that plan still
asks for is sent. A slot leaves when it is settled, failed, waits for its unit, was changed by somebody else, or cannot go
on; all that is left when waiting ends is said to be still on its way.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec

from reconciler.core.bind import Slot, on_the_way, overwritten_since, slot_of, stale_because
from reconciler.core.judge import verdict
from reconciler.engine.send import Sender, outcome
from reconciler.engine.settle import FIRST_PAUSE, LONGEST_PAUSE, RESULTS, detail, removing, wish
from reconciler.engine.turn import Turn
from reconciler.errors import ManifestError, PlatformError, Unauthorized
from reconciler.model.change import Change, Held, HoldReason
from reconciler.model.event import AnyEvent, Note, Settling
from reconciler.model.observation import State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

GATHER = 10.0
"""Seconds that slots ready for their next step wait at most for others, so that one call carries many."""

RESEND_AFTER = 60.0
"""Seconds after which a step that shows no effect is sent once more: some platforms drop what they accepted."""

MAX_SENDS = 3
"""How often one step is sent at most."""

PASSING = frozenset({HoldReason.UNKNOWN, HoldReason.NOT_PREPARED, HoldReason.REQUIREMENT_NOT_MET})
"""Reasons of holds that may pass within a run."""

RESUMED = frozenset({Verdict.LEFTOVER, Verdict.RETRY})
"""Verdicts that end a change of one step, but not one of several."""


class Told(msgspec.Struct, frozen=True):
    """What a slot was told last: the calls, what it looked like then, when, and how often."""

    calls: tuple[str, ...]
    state: State
    at: float
    times: int = 1


class Passes:
    """Carries the changes of one fleet through all their steps; `outcomes` has what came of each."""

    def __init__(self, turn: Turn) -> None:
        """Take the fleet's turn, read today."""
        self.turn = turn
        self.outcomes: dict[Slot, Outcome] = {}
        self.sent = 0
        self._versions = turn.today.basis.versions
        self._pending: dict[Slot, Change] = {}
        self._staged: dict[Slot, Held] = {}
        self._told: dict[Slot, Told] = {}
        self._shown: set[Slot] = set()
        self._why: dict[Slot, str] = {}
        self._ready_since: float | None = None

    def run(self, going: Sequence[Change], staged: Sequence[Held], deadline: float) -> Generator[AnyEvent, None, None]:
        """Carry changes out until all are settled, `deadline` (seconds since 1970) or a stop.

        `staged` may go once earlier ones took effect. Afterwards every change is in `outcomes`, and so is every staged
        one unless the run does not wait.
        """
        self._pending = {slot_of(change): change for change in going}
        self._staged = {slot_of(held): held for held in staged}
        following: Sequence[Change] = going
        pause = FIRST_PAUSE
        while True:
            if following:
                yield from self._send(following)
                pause = FIRST_PAUSE
            if not self.turn.options.wait or not (self._pending or self._staged):
                break
            if self.turn.clock.stopping():
                break
            self.turn.clock.sleep(min(pause, max(0.0, deadline - self.turn.clock.now())))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            try:
                following = self._look()
            except (PlatformError, ManifestError) as error:
                following = []
                text = f"could not read back: {error}"
                yield Note(at=self.turn.clock.now(), level="warning", fleet=self.turn.fleet, message=text)
                if isinstance(error, Unauthorized):
                    break
            yield self._progress()
            if self.turn.clock.now() >= deadline or not (following or self._pending):
                break
        self._finish()

    def _send(self, changes: Sequence[Change]) -> Generator[AnyEvent, None, None]:
        """Send one pass; what is not accepted is settled."""
        self._ready_since = None
        before_it = {slot_of(change): self._state(slot_of(change)) for change in changes}
        sender = Sender(self.turn)
        yield from sender.run(changes)
        self.sent += sender.sent
        now = self.turn.clock.now()
        for change in changes:
            slot = slot_of(change)
            if slot in sender.outcomes:
                self.outcomes[slot] = sender.outcomes[slot]
                del self._pending[slot]
                continue
            before = self._told.get(slot)
            told = Told(_calls(change), before_it[slot], now)
            repeated = before is not None and (before.calls, before.state) == (told.calls, told.state)
            times = before.times + 1 if before is not None and repeated else 1
            self._told[slot] = msgspec.structs.replace(told, times=times)

    def _state(self, slot: Slot) -> State:
        """Return a slot as it was read last, without what changes by itself."""
        snapshot = self.turn.reading.snapshot
        row = snapshot.units.index.get(slot[0])
        state = snapshot.state(slot[1], row) if row is not None else State()
        return msgspec.structs.replace(state, progress=None, eta=None, note="", spread=(), ready=None, since=None)

    # --- looking -----------------------------------------------------------------------------------------------------

    def _look(self) -> list[Change]:
        """Read and plan again; settle what is settled, and return what is to be told its next step. Raises PlatformError."""
        self.turn.renew()
        fresh = {slot_of(change): change for change in self.turn.today.changes}
        held = {slot_of(one): one for one in self.turn.today.held}
        for slot, one in list(self._staged.items()):
            self._judge_staged(slot, one, fresh.get(slot), held.get(slot))
        following = [
            change
            for slot, goal in list(self._pending.items())
            if (change := self._judge(slot, goal, fresh.get(slot), held.get(slot))) is not None
        ]
        return following if self._gathered(following) else []

    def _gathered(self, following: Sequence[Change]) -> bool:
        """Return whether what is ready goes now: nothing else is on its way, or it waited long enough."""
        if not following:
            self._ready_since = None
            return False
        now = self.turn.clock.now()
        if self._ready_since is None:
            self._ready_since = now
        return len(following) == len(self._pending) or now - self._ready_since >= GATHER

    def _judge_staged(self, slot: Slot, one: Held, fresh: Change | None, held: Held | None) -> None:
        if fresh is None:
            if held is not None:
                self._why[slot] = _words(held)
            return
        del self._staged[slot]
        why = stale_because(one, fresh, overwritten_since(self._versions, self.turn.today))
        if why is None:
            self._pending[slot] = fresh
        else:
            self.outcomes[slot] = outcome(self.turn.fleet, one, Result.STALE, why)

    def _judge(self, slot: Slot, goal: Change, fresh: Change | None, held: Held | None) -> Change | None:
        """Settle a slot, or return the change that carries it on now."""
        snapshot = self.turn.reading.snapshot
        row = snapshot.units.index.get(slot[0])
        if row is None:
            if snapshot.coverage.complete:
                self._settle(slot, Result.STALE, "the unit is gone")
            return None
        self._why.pop(slot, None)
        state, reach = snapshot.state(slot[1], row), Reach(snapshot.units.reach[row])
        found = verdict(wish(goal), state, reach, self.turn.assessment.patience)
        if fresh is not None and found is not Verdict.RETRY:
            return self._next(slot, goal, fresh, state, found)
        if found is Verdict.RETRY and self._just_told(slot):
            return None
        result = removing(state, reach) if found is Verdict.REMOVING else RESULTS.get(found)
        if held is not None and (result is None or found in RESUMED):
            self._hold(slot, held)
        elif result is not None:
            self._settle(slot, result, detail(found, state))
        elif state.assigned == goal.to:
            self._shown.add(slot)
        return None

    def _just_told(self, slot: Slot) -> bool:
        """Return whether a slot shows what it showed when it was told just now: the effect may be on its way."""
        told = self._told.get(slot)
        return told is not None and told.state == self._state(slot) and self.turn.clock.now() - told.at < GATHER

    def _next(self, slot: Slot, goal: Change, fresh: Change, state: State, reached: Verdict) -> Change | None:
        told = self._told.get(slot)
        if told is None:
            return fresh
        found = {state.assigned, *state.extra_versions} - {None}
        before = {goal.from_, *goal.extra_versions} - {None}
        half = goal.to not in found and found < before and set(_calls(fresh)) < set(told.calls)  # what goes went first
        if not (on_the_way(goal, fresh) or found == before or half):
            if reached is Verdict.LEFTOVER:  # what was asked for is there; what stands besides was no part of it
                besides = ", ".join(state.extra_versions)
                self._settle(slot, Result.DONE, f"assigned; {besides} stands besides: plan again to see it go")
                return None
            self._settle(slot, Result.STALE, f"somebody else assigned {state.assigned or 'nothing'} meanwhile")
            return None
        if goal.to is not None and goal.to in found:
            self._shown.add(slot)
        if not half and (told.calls, told.state) != (_calls(fresh), self._state(slot)):
            return fresh
        waited = self.turn.clock.now() - told.at >= RESEND_AFTER
        return fresh if waited and told.times < MAX_SENDS else None

    def _hold(self, slot: Slot, held: Held) -> None:
        codes = {reason.code for reason in held.reasons}
        self._why[slot] = _words(held)
        if HoldReason.UNREACHABLE in codes or HoldReason.PAUSED in codes:
            self._settle(slot, Result.WAITING, self._why[slot])
        elif not codes <= PASSING:
            self._settle(slot, Result.FAILED, f"cannot go on: {self._why[slot]}")

    # --- the end -----------------------------------------------------------------------------------------------------

    def _settle(self, slot: Slot, result: Result, words: str) -> None:
        self.outcomes[slot] = outcome(self.turn.fleet, self._pending.pop(slot), result, words)

    def _finish(self) -> None:
        """Say of all that is left where it stands."""
        for slot in list(self._pending):
            if not self.turn.options.wait:
                self._settle(slot, Result.WAITING, "accepted; not waited for")
            elif slot in self._why:
                self._settle(slot, Result.WAITING, f"still waiting when waiting ended: {self._why[slot]}")
            elif slot not in self._told:
                self._settle(slot, Result.NOT_TRIED, "waiting ended before its stage came")
            elif slot in self._shown:
                self._settle(slot, Result.WAITING, "on its way; the unit was not done when waiting ended")
            else:
                text = "the platform accepted the call but does not show its effect"
                self._settle(slot, Result.UNKNOWN, text)
        for slot, held in self._staged.items() if self.turn.options.wait else ():
            away = self._reach(slot) is Reach.DISCONNECTED
            result = Result.WAITING if away else Result.NOT_TRIED
            self.outcomes[slot] = outcome(self.turn.fleet, held, result, f"held: {self._why.get(slot, _words(held))}")

    def _reach(self, slot: Slot) -> Reach:
        """Return whether the unit of a slot can be reached, as it was read last."""
        units = self.turn.reading.snapshot.units
        row = units.index.get(slot[0])
        return Reach(units.reach[row]) if row is not None else Reach.UNKNOWN

    def _progress(self) -> Settling:
        results = [one.result for one in self.outcomes.values()]
        return Settling(
            at=self.turn.clock.now(),
            fleet=self.turn.fleet,
            done=results.count(Result.DONE),
            waiting=results.count(Result.WAITING),
            failed=results.count(Result.FAILED),
            pending=len(self._pending) + len(self._staged),
        )


def _calls(change: Change) -> tuple[str, ...]:
    return tuple(step.call for step in change.steps if step.when == "now")


def _words(held: Held) -> str:
    return "; ".join(reason.text for reason in held.reasons)
