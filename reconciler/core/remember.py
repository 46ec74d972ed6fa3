"""Events → what is remembered: the one fold, over the events of a process or those that a history kept. Pure."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from reconciler.model.event import AnyEvent, Called, Halted, Intended, Met, Ruled
from reconciler.model.memory import Command, Memory, RolloutId, Ruling, Went
from reconciler.model.outcome import ReceiptKind


class Remembering:
    """Folds events into what is to be remembered. `since` is when the first of them happened, in seconds since 1970."""

    def __init__(self, since: float, *, durable: bool) -> None:
        self._since = since
        self._durable = durable
        self._met: dict[tuple[RolloutId, int], float] = {}
        self._halts: dict[RolloutId, float] = {}
        self._rulings: dict[RolloutId, Ruling] = {}
        self._promoted: dict[RolloutId, int] = {}
        self._failing: dict[RolloutId, frozenset[str]] = {}
        self._excused: dict[RolloutId, frozenset[str]] = {}
        self._went: list[Went] = []
        self._running: dict[tuple[str, int], Intended] = {}

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        if isinstance(event, Met):
            if event.met:
                self._met.setdefault((event.rollout, event.wave), event.at)
            else:
                self._met.pop((event.rollout, event.wave), None)
        elif isinstance(event, Halted):
            self._halts.setdefault(event.rollout, event.at)
            self._failing[event.rollout] = frozenset(one.id for one in event.units)
        elif isinstance(event, Ruled):
            self._ruled(event.rollout, event.ruling)
        elif isinstance(event, Intended):
            self._running[event.run, event.call] = event
        elif isinstance(event, Called):
            self._called(event)

    def _ruled(self, rollout: RolloutId, ruling: Ruling) -> None:
        """Take what a person said: the last word stands, and a promotion besides."""
        if ruling.command is Command.PROMOTE:
            self._promoted[rollout] = max(ruling.wave or 0, self._promoted.get(rollout, 0))
            return
        self._rulings[rollout] = ruling
        if ruling.command is Command.RESUME:
            self._halts.pop(rollout, None)
            self._excused[rollout] = self._failing.pop(rollout, frozenset())

    def _called(self, event: Called) -> None:
        """Count what a call did; one without an answer counts as well, since it may have taken effect."""
        intended = self._running.pop((event.run, event.call), None)
        if intended is None or event.receipt.kind is ReceiptKind.REJECTED:
            return
        self._went += [
            Went(
                fleet=event.fleet,
                unit=one.unit.id,
                workload=one.workload.id,
                verb=one.verb,
                size=one.size,
                at=event.at,
            )
            for one in intended.slots
        ]

    def memory(self, fleets: Collection[str], since: float) -> Memory:
        """Return what is remembered of fleets; of what went, since then.

        Groups ask at a time, while what another one tells is recorded: so each mapping is copied at once.
        """
        return Memory(
            met={key: at for key, at in self._met.copy().items() if key[0].fleet in fleets},
            halts={one: at for one, at in self._halts.copy().items() if one.fleet in fleets},
            rulings={one: ruling for one, ruling in self._rulings.copy().items() if one.fleet in fleets},
            failing={one: units for one, units in self._failing.copy().items() if one.fleet in fleets},
            promoted={one: wave for one, wave in self._promoted.copy().items() if one.fleet in fleets},
            excused={one: units for one, units in self._excused.copy().items() if one.fleet in fleets},
            went=tuple(one for one in self._went.copy() if one.fleet in fleets and one.at >= since),
            since=self._since,
            durable=self._durable,
        )


def forgotten(memory: Memory, at: float) -> Memory:
    """Return what is remembered without what went before a time, in seconds since 1970."""
    return msgspec.structs.replace(memory, went=tuple(one for one in memory.went if one.at >= at))
