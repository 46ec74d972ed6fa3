"""Events of a watch → the troubles there are after each pass: what people are notified of when it begins and when it ends. Pure.

A trouble has a key. It is there as long as passes show it; what a pass proves nothing of stays as it was. What a person ends
(another version in git, a fleet taken out, a word on a rollout) ends in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

import msgspec

from reconciler.core.unwell import MOST, SAMPLE
from reconciler.model.event import (
    AnyEvent,
    Blocked,
    Completed,
    Drifted,
    Halted,
    Met,
    Passed,
    RollbackFailed,
    RolledBack,
    Ruled,
    Settled,
)
from reconciler.model.hold import HoldReason
from reconciler.model.notice import Cause, Notice, NoticeKind, key
from reconciler.model.outcome import Result
from reconciler.model.plan import Violation
from reconciler.model.ruling import Command
from reconciler.model.unit import Ref
from reconciler.model.verdict import Sync

NEEDS_A_PERSON = frozenset(
    {
        HoldReason.VERSION_NOT_FOUND,
        HoldReason.VERSION_NOT_RELEASED,
        HoldReason.VERSION_FORBIDDEN,
        HoldReason.AGENT_TOO_OLD,
        HoldReason.UNASSIGNABLE,
        HoldReason.UNSUPPORTED,
        HoldReason.NO_ARTIFACT,
        HoldReason.NOT_OFFERED,
        HoldReason.PREPARATION_FAILED,
        HoldReason.PRUNING_UNSAFE,
        HoldReason.KEEP_UNMET,
        HoldReason.ROUTE_UNVERIFIED,
    }
)
"""Reasons that no time and no reading ends, and that no person gave: not a quarantine, a suspended fleet, a pause."""


PROVED = frozenset({Cause.FAILING, Cause.HELD})
"""Troubles of slots: a reading that leaves some unknown ends none of them."""

SAME_TROUBLE: Mapping[str, frozenset[str]] = {
    HoldReason.PREPARATION_FAILED.value: frozenset({HoldReason.NOT_PREPARED.value})
}
"""Reasons by which a trouble goes on where it is tried again."""


class End(Enum):
    """Whether a trouble is over."""

    NOT_YET = "not yet"
    """It is there, or nobody knows."""
    RECOVERED = "recovered"
    SILENT = "silent"
    """A person ended it."""


class Troubles:
    """Folds events. Ask after each `Completed`."""

    def __init__(self, group: str = "") -> None:
        """Take the group that passes are about, where others make those of others."""
        self._group = (group,) if group else ()
        self.now: dict[str, tuple[Notice, ...]] = {}
        """What is there, by key."""
        self.fresh: frozenset[str] = frozenset()
        """Keys of what happened anew, though it may be there already: somebody changed more slots."""
        self._passing: dict[str, Passed] = {}
        self._passed: dict[str, Passed] = {}
        """Of the pass that ended last."""
        self._known: set[str] = set()
        """Fleets that a pass of this process spoke of."""
        self._gone: set[str] = set()
        self._blocked: dict[str, tuple[Violation, ...]] = {}
        self._drifted: dict[str, set[tuple[str, str]]] = {}
        """Slots that drifted and are not back yet, by fleet."""
        self._drifts: dict[Notice, dict[str, Ref]] = {}
        """The units of this pass that drifted, by what is to be said of them."""
        self._halts: dict[str, Notice] = {}
        """Those of this pass; one that the pass before had, too, is nothing new."""
        self._halted: frozenset[str] = frozenset()
        self._resumed: set[str] = set()
        """Keys of halts that a person ended."""
        self._versions: dict[tuple[str, str], str] = {}
        """The version that events last spoke of, by fleet and workload."""

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        if isinstance(event, Passed):
            self._passing[event.fleet] = event
        elif isinstance(event, Blocked):
            self._blocked[event.fleet] = event.violations
        elif isinstance(event, Drifted):
            self._take_drift(event)
        elif isinstance(event, Settled):
            if event.outcome.result is Result.DONE:
                slot = event.outcome.unit.id, event.outcome.workload.id
                self._drifted.get(event.outcome.fleet, set()).discard(slot)
        elif isinstance(event, Halted | Met | Ruled | RolledBack | RollbackFailed):
            self._rollout(event)
        elif isinstance(event, Completed):
            self._completed(event)

    def end(self, of: str) -> End:
        """Return whether a trouble is over, by its key: as of the pass that ended last."""
        if of in self.now:
            return End.NOT_YET
        cause, *names = msgspec.json.decode(of, type=list[str])
        if cause in {Cause.MANIFESTS, Cause.UNPLANNED}:
            return End.RECOVERED if tuple(names) == self._group else End.NOT_YET
        fleet = names[0]
        if fleet in self._gone:
            return End.SILENT
        if cause in {Cause.HALT, Cause.ROLLBACK, Cause.NOT_ROLLED_BACK}:
            other = self._versions.get((fleet, names[1]), names[2]) != names[2]
            return End.SILENT if other or of in self._resumed else End.NOT_YET
        passed = self._passed.get(fleet)
        if passed is None or passed.error:
            return End.NOT_YET
        return End.NOT_YET if self._goes_on(Cause(cause), names, passed) else End.RECOVERED

    def _goes_on(self, cause: Cause, names: list[str], passed: Passed) -> bool:
        """Return whether a trouble that a pass does not show may be there still: what is tried again is not over."""
        if cause in PROVED and passed.sync == Sync.UNKNOWN.value:
            return True
        if cause is Cause.FAILING:
            cut = len(passed.failing) >= MOST or len(passed.unsettled) >= MOST
            return cut or any([one.workload.id, one.version or ""] == names[1:3] for one in passed.unsettled)
        if cause is Cause.DRIFT:
            out = passed.sync != Sync.SYNCED.value and self._drifted.get(names[0]) != set()
            return passed.astray > 0 or out
        return cause is Cause.HELD and not passed.reasons.keys().isdisjoint(SAME_TROUBLE.get(names[1], ()))

    def _take_drift(self, event: Drifted) -> None:
        """Take a slot that somebody changed; one that is not back since is nothing new."""
        slots = self._drifted.setdefault(event.fleet, set())
        slot = event.unit.id, event.workload.id
        if slot not in slots:
            slots.add(slot)
            kind = Notice(
                key=key(Cause.DRIFT, event.fleet),
                kind=NoticeKind.DRIFT,
                cause=Cause.DRIFT,
                fleet=event.fleet,
                workload=event.workload.name,
                now=event.now,
                version=event.desired,
                drift=event.cause,
                by=event.by,
                by_kind=event.by_kind,
                held=tuple(dict.fromkeys(one.code for one in event.holds)),
            )
            self._drifts.setdefault(kind, {})[event.unit.id] = event.unit

    def _rollout(self, event: Halted | Met | Ruled | RolledBack | RollbackFailed) -> None:
        """Take what happened to a rollout: a halt ends when a person says so, or when another version follows."""
        one = event.rollout
        self._versions[one.fleet, one.workload] = one.version
        cause = CAUSES.get(type(event), Cause.HALT)
        of, *more = (
            key(each, one.fleet, one.workload, one.version, event.workload.name) for each in (cause, *AFTER_HALT)
        )
        if isinstance(event, Ruled):
            if event.ruling.command is not Command.PAUSE:
                self._resumed |= {of, *more}
                self._halts = {one: notice for one, notice in self._halts.items() if one not in self._resumed}
        elif isinstance(event, RolledBack | RollbackFailed):
            self._resumed.discard(of)
            if isinstance(event, RolledBack) or not event.known:
                self._halts[of] = _rollback(event, of, cause)
        elif isinstance(event, Halted):
            self._resumed.discard(of)
            self._halts[of] = Notice(
                key=of,
                kind=NoticeKind.HALT,
                cause=Cause.HALT,
                fleet=one.fleet,
                workload=event.workload.name,
                version=one.version,
                slots=event.failed,
                of=event.attempted,
                units=event.units[:SAMPLE],
                units_in_all=len(event.units),
            )

    def _completed(self, event: Completed) -> None:
        """Take the end of a pass: what it showed is what there is."""
        planned = not event.unplanned and event.manifests_at is not None
        self._passed, self._passing = self._passing, {}
        if planned:
            self._gone = self._known - self._passed.keys()
            self._known = set(self._passed)
        synced = (name for name, one in self._passed.items() if one.sync == Sync.SYNCED.value and not one.astray)
        for fleet in [*self._gone, *synced]:
            self._drifted.pop(fleet, None)
        found: dict[str, list[Notice]] = {}
        for notice in (*self._of_process(event), *self._of_fleets(), *self._halts.values()):
            found.setdefault(notice.key, []).append(notice)
        self.now = {of: tuple(some) for of, some in found.items()}
        halted = frozenset(self._halts)
        self.fresh = (halted - self._halted) | {one.key for one in self._drifts}
        self._drifts, self._halts, self._halted = {}, {}, halted

    def _of_process(self, event: Completed) -> Iterator[Notice]:
        for cause, text in ((Cause.MANIFESTS, event.invalid), (Cause.UNPLANNED, event.unplanned)):
            if text:
                yield Notice(key=key(cause, *self._group), kind=NoticeKind.FAILURE, cause=cause, text=text)

    def _of_fleets(self) -> Iterator[Notice]:
        for kind, units in self._drifts.items():
            some = tuple(units.values())[:SAMPLE]
            yield msgspec.structs.replace(kind, slots=len(units), units=some, units_in_all=len(units))
        for fleet, passed in self._passed.items():
            yield from _of_fleet(fleet, passed, self._blocked)


AFTER_HALT = (Cause.ROLLBACK, Cause.NOT_ROLLED_BACK)
CAUSES: Mapping[type, Cause] = dict(zip((RolledBack, RollbackFailed), AFTER_HALT, strict=True))


def _rollback(event: RolledBack | RollbackFailed, of: str, cause: Cause) -> Notice:
    """Return what became of the rollback of a halted rollout."""
    text = event.branch if isinstance(event, RolledBack) else event.error
    return Notice(
        key=of,
        kind=NoticeKind.ROLLBACK,
        cause=cause,
        fleet=event.rollout.fleet,
        workload=event.workload.name,
        version=event.rollout.version,
        now=event.to if isinstance(event, RolledBack) else None,
        text=text,
    )


def recovered(of: str) -> Notice:
    """Return that a trouble is over, by its key."""
    cause, *names = msgspec.json.decode(of, type=list[str])
    fleet, *rest = [""] if cause in {Cause.MANIFESTS, Cause.UNPLANNED} else names
    workload, version = (rest[2], rest[1]) if len(rest) > 2 else ("", None)
    text = rest[0] if cause == Cause.HELD else ""
    return Notice(
        key=of,
        kind=NoticeKind.RECOVERY,
        cause=Cause(cause),
        fleet=fleet,
        workload=workload,
        version=version,
        text=text,
    )


def _of_fleet(fleet: str, passed: Passed, blocked: Mapping[str, tuple[Violation, ...]]) -> Iterator[Notice]:
    """Yield what a pass found wrong with a fleet."""
    if passed.error:
        yield Notice(
            key=key(Cause.UNREAD, fleet), kind=NoticeKind.FAILURE, cause=Cause.UNREAD, fleet=fleet, text=passed.error
        )
        return
    for one in passed.failing:
        yield Notice(
            key=key(Cause.FAILING, fleet, one.workload.id, one.version or "", one.workload.name),
            kind=NoticeKind.FAILURE,
            cause=Cause.FAILING,
            fleet=fleet,
            workload=one.workload.name,
            version=one.version,
            slots=one.slots,
            units=one.units,
            units_in_all=one.slots,
            text=one.error,
        )
    for reason in sorted(NEEDS_A_PERSON & passed.reasons.keys()):
        yield _hold(Cause.HELD, fleet, passed.reasons[reason], reason.value)
    if passed.violations:
        violations = blocked.get(fleet, ())
        intended = sum(one.intended for one in violations)
        yield msgspec.structs.replace(_hold(Cause.LIMIT, fleet, intended), violations=violations)
    if passed.mistakes:
        yield _hold(Cause.MISTAKE, fleet, passed.mistakes)


def _hold(cause: Cause, fleet: str, slots: int, text: str = "") -> Notice:
    of = key(cause, fleet, text) if text else key(cause, fleet)
    return Notice(key=of, kind=NoticeKind.HOLD, cause=cause, fleet=fleet, slots=slots, text=text)
