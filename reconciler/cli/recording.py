"""What is known of a run at any moment, so that it can still be reported when nothing else can: last words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from reconciler.cli.output import say
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Called, Intended, Settled
from reconciler.model.exit_code import INCOMPLETE
from reconciler.model.outcome import ReceiptKind
from reconciler.ports import EventSink
from reconciler.views.words import clean, count, listed

Slot = tuple[str, str, str]
"""Fleet, id of the unit, id of the workload."""


class RunSoFar:
    """Folds the events of a run. `sent` says whether anything may have taken effect."""

    def __init__(self) -> None:
        self.sent = False
        self._running: dict[int, Intended] = {}
        self._taken: dict[Slot, None] = {}
        self._results: dict[Slot, str] = {}

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        if isinstance(event, Intended):
            self._running[event.call] = event
        elif isinstance(event, Called):
            call = self._running.pop(event.call, None)
            if call is not None and event.receipt.kind in {ReceiptKind.ACCEPTED, ReceiptKind.UNKNOWN}:
                self.sent = True
                self._taken |= {(call.fleet, one.unit.id, one.workload.id): None for one in call.slots}
        elif isinstance(event, Settled):
            one = event.outcome
            slot = one.fleet, one.unit.id, one.workload.id
            self._taken.pop(slot, None)
            self._results[slot] = one.result.value  # a watch reports a slot again when it has settled

    def lines(self) -> list[str]:
        """Return what came of the run as far as anybody knows."""
        results = Counter(self._results.values())
        lines = [f"{count(number, 'change')}: {result}" for result, number in sorted(results.items())]
        if self._taken:
            lines.append(f"{count(len(self._taken), 'change')}: sent, and not read back")
        for call in self._running.values():
            units = listed(list(dict.fromkeys(one.unit.name for one in call.slots)))
            request = f"{call.request.method} {clean(call.request.path)}"
            lines.append(f"unknown: whether {request} took effect (fleet {clean(call.fleet)}; {units})")
        return [*lines, "run `reconciler plan` to see what is assigned now"]

    def last_words(self) -> list[str]:
        """Return what is known where a run is cut off; nothing where nothing can have been sent."""
        return ["stopped at once", *self.lines()] if self.sent or self._running else []


class Recorder:
    """Gives every event to those who keep and show it.

    One that fails stops the run, since nothing may be sent that is not recorded; running calls are finished, and the other
    sinks get their events. A history that fails gets them all the same: it keeps what it could not write. Where there is a
    `hold`, that is called instead of stopping.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        so_far: RunSoFar,
        history: EventSink,
        *sinks: EventSink,
        hold: Callable[[ReconcilerError], None] | None = None,
    ) -> None:
        self._stop = stop
        self._history = history
        self._hold = hold or self._fail
        self._so_far = so_far
        self._sinks: Sequence[EventSink] = sinks
        self._failure: Exception | None = None

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        self._so_far.record(event)
        try:
            self._history.record(event)
        except ReconcilerError as error:
            self._hold(error)
        for sink in self._sinks:
            try:
                sink.record(event)
            except ReconcilerError as error:
                self._sinks = [one for one in self._sinks if one is not sink]
                self._fail(error)

    def _fail(self, error: ReconcilerError) -> None:
        self._failure = self._failure or error
        self._stop()

    def end(self) -> None:
        """Raise what failed first."""
        if self._failure is not None:
            raise self._failure


@contextmanager
def reporting(so_far: RunSoFar) -> Iterator[None]:
    """Let whatever breaks once something was sent end with 4, and with what is known on standard error."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if not so_far.sent:
            raise
        say(f"error: {_said(error)}", *so_far.lines(), err=True)
        raise click.exceptions.Exit(INCOMPLETE) from None


def _said(error: Exception) -> str:
    if isinstance(error, ReconcilerError):
        return error.advised
    return f"{type(error).__name__}: {clean(str(error))}"
