"""Events → what is remembered: the one fold, over the events of a process or those that a history kept. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from operator import attrgetter

import msgspec

from reconciler.core.flight import Flight
from reconciler.core.standing import STANDING
from reconciler.model.event import (
    AnyEvent,
    Approved,
    Called,
    Halted,
    Intended,
    Met,
    Notified,
    Proposed,
    Resolved,
    RollbackFailed,
    RolledBack,
    Ruled,
    Settled,
)
from reconciler.model.memory import Approval, FailedRollback, Holder, Memory, Proposal, Unanswered, Went
from reconciler.model.notice import Delivery
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.ruling import Command, RolloutId, Ruling

REMEMBERED = (*STANDING, Intended, Called, Settled, Resolved)
"""The kinds of events that anything is remembered of."""

MESSAGES = 1000
"""Messages of a target whose times are remembered: more than any takes in an hour."""

Slot = tuple[str, str, str]
"""Fleet, id of the unit, id of the workload."""


class Remembering:
    """Folds events into what is to be remembered. `since` is when the first of them happened, in seconds since 1970."""

    def __init__(self, since: float, *, durable: bool) -> None:
        self._since = since
        self._durable = durable
        self._met: dict[tuple[RolloutId, int], float] = {}
        self._complete: dict[RolloutId, float] = {}
        self._halts: dict[RolloutId, float] = {}
        self._rolled_back: dict[RolloutId, str] = {}
        self._failed_rollbacks: dict[RolloutId, FailedRollback] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._rulings: dict[RolloutId, Ruling] = {}
        self._promoted: dict[RolloutId, int] = {}
        self._failing: dict[RolloutId, frozenset[str]] = {}
        self._excused: dict[RolloutId, frozenset[str]] = {}
        self._proposals: dict[str, Proposal] = {}
        self._went: list[Went] = []
        self._running: dict[tuple[str, int], Intended] = {}
        self._notified: dict[tuple[str, str], int] = {}
        self._messages: dict[str, deque[float]] = {}
        self._unanswered: dict[Slot, Unanswered] = {}
        self._flight = Flight()

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        self._flight.record(event)
        if isinstance(event, Met | Halted | Ruled | RolledBack | RollbackFailed):
            self._rollout(event)
        elif isinstance(event, Proposed | Approved):
            self._proposed(event)
        elif isinstance(event, Notified):
            self._sent(event)
        elif isinstance(event, Intended):
            self._intended(event)
        elif isinstance(event, Called):
            self._called(event)
        elif isinstance(event, Settled) and event.outcome.result is not Result.UNKNOWN:
            one = event.outcome
            self._unanswered.pop((one.fleet, one.unit.id, one.workload.id), None)
        elif isinstance(event, Resolved):
            self._resolved(event)

    @property
    def doubts(self) -> bool:
        """Return whether any call has no answer: without, results say nothing that is to be remembered."""
        return bool(self._unanswered)

    def _intended(self, event: Intended) -> None:
        """Take a call as one that may have taken effect: whoever dies now cannot tell."""
        self._running[event.run, event.call] = event
        for one in event.slots:
            self._unanswered[event.fleet, one.unit.id, one.workload.id] = Unanswered(
                fleet=event.fleet,
                unit=one.unit,
                workload=one.workload,
                verb=one.verb,
                size=one.size,
                to=one.to,
                run=event.run,
                call=event.call,
                at=event.at,
            )

    def _rollout(self, event: Met | Halted | Ruled | RolledBack | RollbackFailed) -> None:
        """Take what happened to a rollout."""
        one = event.rollout
        self._names[one.fleet, one.workload] = event.workload.name
        if isinstance(event, Met):
            self._meets(event)
        elif isinstance(event, Halted):
            self._halts.setdefault(one, event.at)
            self._failing[one] = frozenset(unit.id for unit in event.units)
        elif isinstance(event, Ruled):
            self._ruled(one, event.ruling)
        elif isinstance(event, RolledBack):
            self._rolled_back[one] = event.branch
            self._failed_rollbacks.pop(one, None)
        else:
            self._failed_rollbacks[one] = FailedRollback(
                error=event.error, times=event.times, pause=event.pause, at=event.at
            )

    def _meets(self, event: Met) -> None:
        """Take that a wave meets its success, or no longer does; a whole one stands for all units."""
        if event.met:
            self._met.setdefault((event.rollout, event.wave), event.at)
        else:
            self._met.pop((event.rollout, event.wave), None)
        if event.whole and event.met:
            self._complete.setdefault(event.rollout, event.at)

    def _ruled(self, rollout: RolloutId, ruling: Ruling) -> None:
        """Take what a person said: the last word stands, and a promotion besides."""
        if ruling.command is Command.PROMOTE:
            self._promoted[rollout] = max(ruling.wave or 0, self._promoted.get(rollout, 0))
            return
        self._rulings[rollout] = ruling
        if ruling.command is Command.RESUME:
            self._halts.pop(rollout, None)
            self._excused[rollout] = self._failing.pop(rollout, frozenset())
            self._rolled_back.pop(rollout, None)
            self._failed_rollbacks.pop(rollout, None)

    def _proposed(self, event: Proposed | Approved) -> None:
        """Take a proposal, or an approval of the newest one; that of an older plan is none."""
        newest = self._proposals.get(event.fleet)
        if isinstance(event, Proposed):
            self._proposals[event.fleet] = Proposal(event.plan)
        elif newest is not None and newest.plan.fingerprint == event.fingerprint:
            approval = Approval(by=event.by, reason=event.reason, at=event.at)
            self._proposals[event.fleet] = Proposal(newest.plan, approval)

    def _sent(self, event: Notified) -> None:
        """Remember what people were notified of; a trouble is forgotten once its end was sent, or a person ended it."""
        mine = [(event.target, one) for one in event.keys]
        if event.result in {Delivery.SENT, Delivery.FAILED}:
            self._messages.setdefault(event.target, deque(maxlen=MESSAGES)).append(event.at)
        if event.ends:
            for one in mine:
                self._notified.pop(one, None)
        elif event.result is Delivery.SENT:
            self._notified |= dict(zip(mine, event.sizes, strict=False))

    def _called(self, event: Called) -> None:
        """Count what a call did; one without an answer counts as well, since it may have taken effect."""
        call = event.run, event.call
        intended = self._running.pop(call, None)
        if intended is None:
            return
        kind, refused = event.receipt.kind, {unit for unit, _ in event.receipt.refused}
        for one in intended.slots:
            if kind is not ReceiptKind.UNKNOWN or one.unit.id in refused:
                self._answered((intended.fleet, one.unit.id, one.workload.id), call)
        if kind in {ReceiptKind.ACCEPTED, ReceiptKind.UNKNOWN}:
            self._went += [one for one in _went(intended, event.at) if one.unit not in refused]

    def _resolved(self, event: Resolved) -> None:
        """Take what a reading shows of a call without an answer as its answer. It counts, whatever it shows."""
        call = event.of, event.call
        shown = {(one.unit.id, one.workload.id) for one in event.slots}
        for unit, workload in shown:
            self._answered((event.fleet, unit, workload), call)
        intended = self._running.pop(call, None)
        if intended is None:
            return
        self._went += [one for one in _went(intended, event.at) if (one.unit, one.workload) in shown]
        left = tuple(one for one in intended.slots if (one.unit.id, one.workload.id) not in shown)
        if left:
            self._running[call] = msgspec.structs.replace(intended, slots=left)

    def _answered(self, slot: Slot, call: tuple[str, int]) -> None:
        """Forget a slot among those without an answer, unless a later call is what has none."""
        found = self._unanswered.get(slot)
        if found is not None and (found.run, found.call) == call:
            del self._unanswered[slot]

    def memory(self, fleets: Collection[str], since: float) -> Memory:
        """Return what is remembered of fleets; of calls, those since then.

        Groups ask while events of others are recorded, so each collection is copied at once.
        """
        running = (one for event in self._running.copy().values() for one in _went(event))
        went = [one for part in (self._went.copy(), running) for one in part if one.fleet in fleets and one.at >= since]
        unanswered = self._unanswered.copy().values()
        return Memory(
            met={key: at for key, at in self._met.copy().items() if key[0].fleet in fleets},
            halts={one: at for one, at in self._halts.copy().items() if one.fleet in fleets},
            complete={one: at for one, at in self._complete.copy().items() if one.fleet in fleets},
            rolled_back={one: branch for one, branch in self._rolled_back.copy().items() if one.fleet in fleets},
            failed_rollbacks={one: it for one, it in self._failed_rollbacks.copy().items() if one.fleet in fleets},
            workloads=self._workloads(fleets),
            rulings={one: ruling for one, ruling in self._rulings.copy().items() if one.fleet in fleets},
            failing={one: units for one, units in self._failing.copy().items() if one.fleet in fleets},
            promoted={one: wave for one, wave in self._promoted.copy().items() if one.fleet in fleets},
            excused={one: units for one, units in self._excused.copy().items() if one.fleet in fleets},
            proposals={fleet: one for fleet, one in self._proposals.copy().items() if fleet in fleets},
            went=tuple(sorted(went, key=attrgetter("at"))),
            unanswered=tuple(one for one in unanswered if one.fleet in fleets and one.at >= since),
            in_flight=tuple(self._flight.of(fleets, since)),
            notified=self._notified.copy(),
            messages={name: tuple(at for at in times if at >= since) for name, times in self._messages.copy().items()},
            since=self._since,
            durable=self._durable,
        )

    def _workloads(self, fleets: Collection[str]) -> dict[tuple[str, str], str]:
        """Return the names of workloads of fleets of whose versions anything is remembered."""
        known = [*self._halts.copy(), *self._complete.copy(), *(one for one, _ in self._met.copy())]
        mine = {(one.fleet, one.workload) for one in known if one.fleet in fleets}
        return {key: self._names[key] for key in mine}

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Return that nobody else acts on applications, as far as a process alone can tell."""
        del targets
        return None


def _went(event: Intended, answered: float | None = None) -> Iterator[Went]:
    """Yield what a call changes, were it to take effect, as far as it counts against limits."""
    for one in event.slots:
        if one.free:
            continue
        yield Went(
            fleet=event.fleet,
            unit=one.unit.id,
            workload=one.workload.id,
            verb=one.verb,
            size=one.size,
            to=one.to,
            at=event.at,
            answered=answered,
        )
