"""Sending the calls of one fleet: stage by stage in a bounded pool, reading back whatever is not certain.

A round compiles groups of changes and sends their calls. What a round leaves open is read back before anything is sent
again: a call whose answer was lost may have worked; of a refused call of many units the vanished ones are dropped, and
else it is halved, so that one bad id costs one unit. Rounds, attempts and halvings are bounded.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby

import msgspec

from reconciler.core.bind import Dropped, Slot, bind, slot_of
from reconciler.engine.turn import Turn
from reconciler.errors import ManifestError, PlatformError
from reconciler.model.change import Action, Change, Held, Verb
from reconciler.model.event import AnyEvent, Called, Intended, Note
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result

FRESH = 60.0
"""Seconds: nothing is sent on an observation older than this."""

ATTEMPTS = 4
"""How often one change is sent at most when answers are lost."""

ROUNDS = 24
SPLITS = 64
CALL_DEADLINE = 120.0
"""Seconds that one call may take with all its retries."""

NO_RIGHTS = (401, 403)
PUT_OFF = (None, 429)
"""Statuses of refusals that say nothing against the changes: the call did not arrive, or came too soon."""


class Group(msgspec.Struct, frozen=True):
    """Changes that are compiled together.

    `attempts` counts sendings whose answer was lost, `refused` those that the
    platform put off or that did not reach it, `objected` those not sent since a look
    right before spoke against it; `error` is what it said last.
    """

    changes: tuple[Change, ...]
    wide: bool = True
    attempts: int = 0
    refused: int = 0
    objected: int = 0
    error: str = ""
    halve: bool = False

    @property
    def result(self) -> Result:
        """Return what is known of its changes when nothing more is sent or read."""
        if self.attempts:
            return Result.UNKNOWN
        return Result.FAILED if self.error else Result.NOT_TRIED

    def with_changes(self, changes: Sequence[Change]) -> Group:
        """Return a group with the same past for some of its changes, not halved again unless refused again."""
        return msgspec.structs.replace(self, changes=tuple(changes), halve=False)


class Sender:
    """Sends the changes of one fleet; `outcomes` has what is settled, `accepted` what the platform took."""

    def __init__(self, turn: Turn) -> None:
        """Take the fleet's turn, read today."""
        self.turn = turn
        self.versions = turn.today.basis.versions
        self.outcomes: dict[Slot, Outcome] = {}
        self.accepted: dict[Slot, Change] = {}
        self.sent = 0
        self._splits = SPLITS
        self._put_off = False
        self._halt = ""

    def run(self, changes: Sequence[Change]) -> Generator[AnyEvent, None, None]:
        """Send these changes. Afterwards every one of them is in `accepted` or `outcomes`."""
        groups = [Group(tuple(changes))] if changes else []
        rounds = 0
        while groups and rounds < ROUNDS:
            if rounds or self._old():
                groups = yield from self._refresh(groups, rounds)
            calls, self._put_off = self.sent, False
            following: list[Group] = []
            for group in groups:
                following += yield from self._send(group)
            groups = following
            if not (self._put_off and self.sent > calls):  # a round that merely took too long is no attempt more
                rounds += 1
        for group in groups:
            self._settle(group.changes, group.result, group.error or "gave up: too many attempts")

    def _old(self) -> bool:
        return self.turn.clock.now() - self.turn.reading.done_at > FRESH

    # --- a round ----------------------------------------------------------------------------------------------------

    def _send(self, group: Group) -> Generator[AnyEvent, None, list[Group]]:
        """Send one group; return the groups that the next round must look at again."""
        reading = self.turn.reading
        actions = self.turn.platform.compile(
            group.changes,
            reading.snapshot,
            reading.catalog,
            fleet_wide=self.turn.assessment.fleet_wide,
            wide=group.wide,
        )
        following: list[Group] = []
        failed: set[int] = set()
        for _, stage in groupby(actions, key=lambda action: action.stage):
            pending = []
            for action in stage:
                if failed.isdisjoint(action.slots):
                    pending.append(action)
                else:  # a later call rests on the earlier one of the same change
                    rest = [group.changes[slot] for slot in action.slots if slot not in failed]
                    following += [group.with_changes(rest)] if rest else []
            answers = yield from self._call(pending)
            for action in pending:
                part = group.with_changes([group.changes[slot] for slot in action.slots])
                receipt = answers.get(id(action))
                if receipt is None or receipt.kind is not ReceiptKind.ACCEPTED:
                    failed.update(action.slots)
                if receipt is not None:
                    following += self._follow(part, receipt)
                elif self._stopped():
                    why = self._halt or "the run was asked to stop"
                    self._settle(part.changes, part.result, f"{part.error}; {why}" if part.error else why)
                else:
                    self._put_off = True
                    following.append(part)
        return following

    def _call(self, actions: list[Action]) -> Generator[AnyEvent, None, dict[int, Receipt]]:
        """Send calls in a bounded pool; return receipts by identity of the action.

        Stops sending when asked to, and when the reading has grown old meanwhile.
        """
        answers: dict[int, Receipt] = {}
        waiting = list(reversed(actions))
        running: dict[Future[Receipt], tuple[Action, int, float]] = {}
        with ThreadPoolExecutor(max_workers=self.turn.options.concurrency) as pool:
            while waiting or running:
                while waiting and len(running) < self.turn.options.concurrency and not (self._stopped() or self._old()):
                    action = waiting.pop()
                    now, call = self.turn.clock.now(), self.turn.number()
                    yield Intended(at=now, fleet=self.turn.fleet, call=call, action=action)
                    running[pool.submit(self._execute, action, now + CALL_DEADLINE)] = action, call, now
                    self.sent += 1
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    action, call, since = running.pop(future)
                    receipt = answers[id(action)] = future.result()
                    now = self.turn.clock.now()
                    yield Called(at=now, fleet=self.turn.fleet, call=call, receipt=receipt, seconds=now - since)
                    self._judge_halt(receipt)
        return answers

    def _execute(self, action: Action, deadline: float) -> Receipt:
        try:
            return self.turn.platform.execute(action, deadline)
        except PlatformError as error:
            kind = ReceiptKind.UNKNOWN if error.sent else ReceiptKind.REJECTED
            return Receipt(kind, str(error), error.status)

    def _stopped(self) -> bool:
        return bool(self._halt) or self.turn.clock.stopping()

    def _judge_halt(self, receipt: Receipt) -> None:
        if receipt.kind is ReceiptKind.REJECTED and receipt.status in NO_RIGHTS:
            self._halt = f"the platform no longer accepts our credentials: {receipt.error}"
        elif receipt.kind is ReceiptKind.REJECTED and self.turn.options.fail_fast:
            self._halt = "stopped at the first failure (--fail-fast)"

    def _follow(self, group: Group, receipt: Receipt) -> list[Group]:
        """Return what must be looked at again after the answer to a group's call; settle what is settled."""
        if receipt.kind is ReceiptKind.ACCEPTED:
            self.accepted.update((slot_of(change), change) for change in group.changes)
            return []
        group = msgspec.structs.replace(group, error=receipt.error)
        if receipt.kind is ReceiptKind.UNPROVED:
            return self._objected(group, receipt.error)
        if receipt.kind is ReceiptKind.UNKNOWN:
            return [msgspec.structs.replace(group, attempts=group.attempts + 1)]
        if not self._halt and receipt.status in PUT_OFF and group.refused + 1 < ATTEMPTS:
            return [msgspec.structs.replace(group, refused=group.refused + 1)]
        if self._halt or receipt.status in PUT_OFF or len(group.changes) == 1 or not self._splits:
            self._settle(group.changes, Result.FAILED, receipt.error)
            return []
        self._splits -= 1
        return [msgspec.structs.replace(group, wide=False, halve=True)]

    def _objected(self, group: Group, why: str) -> list[Group]:
        """Return a group to read again whose call was not sent, halved from its second time on.

        What one slot shows must not keep all others of a call from going.
        """
        again = msgspec.structs.replace(group, wide=False, halve=not group.wide, objected=group.objected + 1, error="")
        if len(group.changes) > 1 or again.objected < ATTEMPTS:
            return [again]
        self._settle(group.changes, again.result, why)
        return []

    # --- reading back -----------------------------------------------------------------------------------------------

    def _refresh(self, groups: list[Group], rounds: int) -> Generator[AnyEvent, None, list[Group]]:
        """Read again and hold each group against what is now: done, moved and held changes leave it."""
        if rounds > 1:
            self.turn.clock.sleep(min(0.25 * 2.0**rounds, 8.0))
        try:
            self.turn.renew()
        except (PlatformError, ManifestError) as error:
            yield Note(
                at=self.turn.clock.now(), level="error", fleet=self.turn.fleet, message=f"could not read back: {error}"
            )
            return self._unread(groups, str(error))
        following: list[Group] = []
        for group in groups:
            bound = bind(group.changes, self.versions, self.turn.today, self.turn.assessment)
            for dropped in bound.settled:
                self._drop(group, dropped)
            following += self._regroup(group, bound.going)
        return following

    def _unread(self, groups: list[Group], error: str) -> list[Group]:
        for group in groups:
            self._settle(group.changes, group.result, f"{group.error or 'not sent'}; {error}")
        return []

    def _drop(self, group: Group, dropped: Dropped[Change]) -> None:
        slot = slot_of(dropped.change)
        if dropped.result is Result.DONE and group.attempts:
            self.accepted[slot] = dropped.change
        elif dropped.result is Result.NOT_TRIED and group.attempts:
            self._settle([dropped.change], Result.UNKNOWN, f"{group.error}; and now {dropped.detail}")
        else:
            self._settle([dropped.change], dropped.result, dropped.detail)

    def _regroup(self, group: Group, going: tuple[Change, ...]) -> list[Group]:
        """Return what of a group still goes: all of it, or its halves where the platform refused exactly these."""
        if not going:
            return []
        if group.attempts >= ATTEMPTS:
            self._settle(going, Result.UNKNOWN, group.error)
            return []
        if not group.halve or len(going) < len(group.changes):
            return [group.with_changes(going)]
        middle = len(going) // 2
        return [group.with_changes(half) for half in (going[:middle], going[middle:])]

    def _settle(self, changes: Sequence[Change], result: Result, detail: str) -> None:
        for change in changes:
            self.outcomes[slot_of(change)] = outcome(self.turn.fleet, change, result, detail)


def outcome(fleet: str, change: Change | Held, result: Result, detail: str) -> Outcome:
    """Return what came of a change."""
    return Outcome(
        fleet=fleet,
        unit=change.unit,
        workload=change.workload,
        verb=change.verb or Verb.RELEASE,
        to=change.to,
        result=result,
        detail=detail,
    )
