"""How far fleets have settled, as lines: said when it changed, fleets together where there are many, and rarely otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model.event import AnyEvent, Settling
from reconciler.views import event_line, event_words
from reconciler.views.line import Line

GATHER = 5.0
"""Seconds between two reports at least."""

FEW = 5
"""Up to so many fleets have a line each; more of them share one."""

HEARTBEAT = 120.0
"""Seconds without any line after which it is said that nothing changed: build servers end a job that is silent for long."""


class SettlingText:
    """Folds the events of fleets that settle. They come in rounds: once a fleet, after each reading."""

    def __init__(self, *, steady: bool = False) -> None:
        """Take whether to say now and then that nothing changed."""
        self._steady = steady
        self._newest: dict[str, Settling] = {}
        self._round: set[str] = set()
        self._said: dict[str, str] = {}
        self._at = float("-inf")

    def before(self, event: AnyEvent, last: float | None) -> Iterator[Line]:
        """Yield what is due before an event is said; `last` is when anything was said last."""
        if not self._round or (isinstance(event, Settling) and event.fleet not in self._round):
            return
        self._round.clear()
        if event.at - self._at >= GATHER:
            yield from self.flush()
            if self._steady and last is not None and event.at - max(self._at, last) >= HEARTBEAT:
                self._at = event.at
                yield _together(list(self._newest.values()))

    def take(self, event: Settling) -> None:
        """Take an event."""
        self._round.add(event.fleet)
        self._newest[event.fleet] = event

    def flush(self) -> Iterator[Line]:
        """Yield what changed since it was said."""
        changed = [one for one in self._newest.values() if event_words.settling_words(one) != self._said.get(one.fleet)]
        if not changed:
            return
        self._said |= {one.fleet: event_words.settling_words(one) for one in changed}
        self._at = changed[-1].at
        if len(changed) <= FEW:
            yield from map(event_line.render, changed)
        else:
            yield _together(changed)

    def clear(self) -> None:
        """Forget what was said."""
        self._newest.clear()
        self._round.clear()
        self._said.clear()


def _together(found: list[Settling]) -> Line:
    """Return one line for fleets."""
    newest = found[-1]
    steps: Counter[str] = Counter()
    for one in found:
        steps.update(one.steps)
    total = Settling(
        at=newest.at,
        run=newest.run,
        fleet="",
        done=sum(one.done for one in found),
        waiting=sum(one.waiting for one in found),
        failed=sum(one.failed for one in found),
        pending=sum(one.pending for one in found),
        later=sum(one.later for one in found),
        steps=dict(sorted(steps.items())),
    )
    return event_line.grouped(total, [one.fleet for one in found], ())
