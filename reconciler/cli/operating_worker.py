"""What a worker offers to those who run it: metrics, health and messages, though others make passes over the same groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec

from reconciler.cli.notifying import Messages, Notifying
from reconciler.cli.operating import Hearing, MetricsFile, Operation, serve
from reconciler.model.event import AnyEvent
from reconciler.ports import Clock, EventSink, History, ReadProgress

if TYPE_CHECKING:
    from reconciler.web.health import WorkerPulse
    from reconciler.web.standing import Standing

LASTS = 1200.0
"""Seconds for which metrics show what a worker found of a fleet; it may be that another one made newer passes meanwhile."""


class Followed(msgspec.Struct, frozen=True):
    """What follows the passes over one group: `sinks` take every event, `messages` knows what people were notified of."""

    sinks: tuple[EventSink, ...] = ()
    messages: Messages | None = None

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Return the events of a pass, and between them what came of messages."""
        return events if self.messages is None else self.messages.promptly(events)


class OperatingWorker:
    """What was asked for, at work until it is closed."""

    def __init__(self, asked: Operation, clock: Clock, history: History, *, wait: float) -> None:
        """Begin; raises SettingsError for what cannot be done. `wait`: seconds that messages may take at the end."""
        self._clock = clock
        self._held = ExitStack()
        self._standing: Standing | None = None
        self._pulse: WorkerPulse | None = None
        self._file: MetricsFile | None = None
        self._notifying = None if asked.notify is None else Notifying(asked.notify, clock, history, wait=wait)
        if self._notifying is not None:
            self._held.callback(self._notifying.close)
        if asked.listen is None and asked.metrics_file is None:
            return
        from reconciler.web.health import WorkerPulse
        from reconciler.web.metrics import Metrics
        from reconciler.web.standing import Standing

        self._standing, self._pulse = Standing(clock.now(), LASTS), WorkerPulse(clock.monotonic())
        metrics = Metrics(self._standing, clock.now)
        if asked.metrics_file is not None:
            self._file = MetricsFile(asked.metrics_file, metrics)
        if asked.listen is not None:
            self._held.callback(serve(asked.listen, metrics, self._pulse, clock))

    def heard(self, platform: str, progress: ReadProgress) -> ReadProgress:
        """Return what hears of a platform's requests besides what follows its readings."""
        return progress if self._standing is None else Hearing(platform, progress, self._standing)

    def following(self, group: str) -> Followed:
        """Return what follows the passes over a group from here on: nothing is known of those before."""
        messages = None if self._notifying is None else Messages(self._notifying, group)
        if self._standing is None or self._pulse is None:
            return Followed(messages=messages)
        from reconciler.web.standing import Series

        sinks: list[EventSink] = [Series(self._standing), Signs(self._pulse, self._clock)]
        return Followed((*sinks, self._file) if self._file is not None else tuple(sinks), messages)

    def beat(self, *, reached: bool) -> None:
        """Take a sign of life of what looks for passes, and whether the database was reached."""
        if self._pulse is not None:
            self._pulse.beat(self._clock.monotonic(), reached=reached)

    def in_force(self) -> None:
        """Take that there are manifests."""
        if self._pulse is not None:
            self._pulse.in_force()

    def ended(self, run: str) -> None:
        """Take the end of a pass, however it ended."""
        if self._pulse is not None:
            self._pulse.ended(run)

    def close(self) -> None:
        """End it."""
        self._held.close()


class Signs:
    """Gives the time of every event to what judges health."""

    def __init__(self, pulse: WorkerPulse, clock: Clock) -> None:
        self._pulse, self._clock = pulse, clock

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        self._pulse.record(event, self._clock.monotonic())
