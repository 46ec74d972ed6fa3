"""Messages of a watch: what is new after each pass goes to each target, and what came of it becomes an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from reconciler.cli import wiring
from reconciler.model.event import AnyEvent, Completed, Notified
from reconciler.model.notice import Delivery, Message, Notice, NoticeKind
from reconciler.ports import Clock, History

HOUR = 3600.0
PROMPT = 10.0
"""Seconds that a pass which others follow waits for its messages: whoever makes the next one must know of them."""
STEP = 0.05


class Notifying:
    """The targets of a file, and the one thread that delivers to them."""

    def __init__(self, path: Path, clock: Clock, history: History, *, wait: float) -> None:
        """Begin; raises what is wrong with the file. `wait`: seconds that messages may take at the end."""
        from reconciler.core.throttle import Hourly
        from reconciler.notify.courier import Courier

        spec, notifiers = wiring.notifiers(path, clock)
        now, apart = clock.now(), clock.now() - clock.monotonic()
        sent = history.memory({}, now - HOUR).messages
        self.targets = spec.targets
        self.hourly = {
            one.name: Hourly(one.per_hour, [at - apart for at in sent.get(one.name, ())]) for one in spec.targets
        }
        self.courier = Courier(notifiers)
        self.clock = clock
        self.history = history
        self._wait = wait

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Yield the events of a watch, and after each what came of messages. Nothing waits for a message but the end."""
        messages = Messages(self)
        try:
            yield from messages.over(events)
            self.courier.close(self._wait)
            yield from messages.came()
        finally:
            self.courier.close(0)

    def close(self) -> None:
        """Deliver what waits."""
        self.courier.close(self._wait)


class Messages:
    """Follows passes that come after each other: of a watch, or of the `group` that a worker makes passes over."""

    def __init__(self, notifying: Notifying, group: str = "") -> None:
        """Begin with what the history says was sent."""
        from reconciler.core.throttle import Throttle
        from reconciler.core.troubles import Troubles
        from reconciler.notify.courier import Results

        clock = self._clock = notifying.clock
        notified = notifying.history.memory({}, clock.now()).notified
        self._courier = notifying.courier
        self._results = Results()
        self._troubles = Troubles(group)
        self._throttles = {
            target.name: Throttle(
                [NoticeKind(kind) for kind in target.kinds],
                target.fleets,
                notifying.hourly[target.name],
                {key: size for (name, key), size in notified.items() if name == target.name},
            )
            for target in notifying.targets
        }
        self._run = ""

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Yield events, and after each what came of messages."""
        for event in events:
            yield event
            self._run = event.run
            self._troubles.record(event)
            if isinstance(event, Completed):
                yield from self._send(event)
            yield from self.came()

    def promptly(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Yield the events of one pass, and at its end what came of its messages, as far as that is known soon."""
        yield from self.over(events)
        end = self._clock.monotonic() + PROMPT
        while self._results.expected and self._clock.monotonic() < end and not self._clock.sleep(STEP):
            yield from self.came()
        yield from self.came()

    def _send(self, event: Completed) -> Iterator[Notified]:
        """Send what is new; yield what nobody is sent."""
        from reconciler.views import notice_text

        now = self._clock.monotonic()
        for name, throttle in self._throttles.items():
            news = throttle.news(self._troubles, now)
            if news.rest:
                self._hand(name, notice_text.summary(news.rest, at=event.at, run=event.run))
            for notices in news.messages:
                self._hand(name, notice_text.message(notices, at=event.at, run=event.run))
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

    def _hand(self, target: str, message: Message) -> None:
        self._courier.send(target, message, self._results)

    def _unsent(self, target: str, message: Message, notices: Sequence[Notice]) -> Notified:
        return msgspec.structs.replace(self._event(target, message, Delivery.LIMITED), count=len(notices))

    def came(self) -> Iterator[Notified]:
        """Yield what came of messages; what did not get through is sent again after the next pass."""
        for one in self._results.taken():
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
