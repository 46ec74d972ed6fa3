"""Messages of a watch: what is new after each pass goes to each target, and what came of it becomes an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from reconciler.cli import wiring
from reconciler.model.event import AnyEvent, Completed, Notified
from reconciler.model.notice import Delivery, Message, Notice, NoticeKind
from reconciler.ports import Clock, History


class Notifying:
    """Reads the file of targets, and follows the events of a watch."""

    def __init__(self, path: Path, clock: Clock, history: History, *, wait: float) -> None:
        """Begin; raises what is wrong with the file. `wait`: seconds that messages may take at the end."""
        from reconciler.core.throttle import Throttle
        from reconciler.core.troubles import Troubles
        from reconciler.notify.courier import Courier

        spec, notifiers = wiring.notifiers(path, clock)
        notified = history.memory({}, clock.now()).notified
        self._clock = clock
        self._wait = wait
        self._troubles = Troubles()
        self._throttles = {
            target.name: Throttle(
                [NoticeKind(kind) for kind in target.kinds],
                target.fleets,
                target.per_hour,
                {key: size for (name, key), size in notified.items() if name == target.name},
            )
            for target in spec.targets
        }
        self._courier = Courier(notifiers)
        self._run = ""

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Yield the events of a watch, and after each what came of messages. Nothing waits for a message but the end."""
        try:
            for event in events:
                yield event
                self._run = event.run
                self._troubles.record(event)
                if isinstance(event, Completed):
                    yield from self._send(event)
                yield from self._came()
            self._courier.close(self._wait)
            yield from self._came()
        finally:
            self._courier.close(0)

    def _send(self, event: Completed) -> Iterator[Notified]:
        """Send what is new; yield what nobody is sent."""
        from reconciler.views import notice_text

        now = self._clock.monotonic()
        for name, throttle in self._throttles.items():
            news = throttle.news(self._troubles, now)
            if news.rest:
                self._courier.send(name, notice_text.summary(news.rest, at=event.at, run=event.run))
            for notices in news.messages:
                self._courier.send(name, notice_text.message(notices, at=event.at, run=event.run))
            for kind in NoticeKind:
                limited = [one for one in news.limited if one.kind is kind]
                if limited:
                    yield self._unsent(name, notice_text.message(limited, at=event.at, run=event.run), limited)
            if news.silent:
                yield Notified(
                    at=event.at,
                    run=event.run,
                    target=name,
                    kind=NoticeKind.RECOVERY,
                    result=Delivery.SILENT,
                    title="",
                    keys=news.silent,
                )

    def _unsent(self, target: str, message: Message, notices: Sequence[Notice]) -> Notified:
        return msgspec.structs.replace(self._event(target, message, Delivery.LIMITED), count=len(notices))

    def _came(self) -> Iterator[Notified]:
        """Yield what came of messages; what did not get through is sent again after the next pass."""
        for one in self._courier.results():
            if one.result is not Delivery.SENT and one.message.kind is not NoticeKind.RECOVERY:
                self._throttles[one.target].forget(one.message.keys)
            yield self._event(one.target, one.message, one.result, one.error)

    def _event(self, target: str, message: Message, result: Delivery, error: str = "") -> Notified:
        return Notified(
            at=self._clock.now(),
            run=self._run,
            target=target,
            kind=message.kind,
            result=result,
            title=message.title,
            keys=message.keys,
            sizes=message.sizes,
            error=error,
        )
