"""Progress of an apply on a terminal: a line a fleet, as many as the screen has room for, and one for all of them.

It only consumes events. rich draws it, to the stream it is given (standard error); elsewhere `watch_text` says the same.
"""

from __future__ import annotations

import time
from collections import Counter
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.model.event import AnyEvent, Called, Halted, Intended, Met, Note, Settled, Settling
from reconciler.model.event_shape import fleet_of
from reconciler.model.outcome import ReceiptKind
from reconciler.model.plan import FleetPlan, Plan
from reconciler.views import event_line, event_words
from reconciler.views.bars import bar, cut
from reconciler.views.line import columns_of, styled
from reconciler.views.words import clean, count, duration, joined

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

KINDS = {ReceiptKind.REJECTED: "rejected", ReceiptKind.UNKNOWN: "unknown"}
PER_SECOND = 4


class Stage(IntEnum):
    """Where a fleet is. What moves stands first on the screen."""

    CALLING = 0
    SETTLING = 1
    PENDING = 2
    ENDED = 3


WORDS = {Stage.CALLING: "calling", Stage.SETTLING: "settling", Stage.PENDING: "not begun", Stage.ENDED: "ended"}


class Moving:
    """One fleet, folded from its events."""

    def __init__(self, fleet: FleetPlan) -> None:
        self.name = clean(fleet.fleet)
        self.changes = len(fleet.changes) + sum(bool(one.stage) for one in fleet.held)
        self.ended = 0
        self._calls = len(fleet.actions)
        self._begun = self._answered = 0
        self._what = ""
        self._bad: Counter[ReceiptKind] = Counter()
        self._settling: Settling | None = None

    def record(self, event: Intended | Called | Settling | Settled) -> None:
        """Take an event of this fleet."""
        if isinstance(event, Intended):
            self._begun += 1
            self._what = f"{clean(event.kind)}, {count(len(event.slots), 'slot')}"
            self._settling = None
        elif isinstance(event, Called):
            self._answered += 1
            self._bad[event.receipt.kind] += 1
        elif isinstance(event, Settling):
            self._settling = event
        else:
            self.ended += 1

    @property
    def stage(self) -> Stage:
        """Return where it is."""
        if self.ended >= self.changes:
            return Stage.ENDED
        if self._settling is not None:
            return Stage.SETTLING
        return Stage.CALLING if self._begun else Stage.PENDING

    def line(self, width: int) -> str:
        """Return how far it is, in at most `width` columns."""
        one = self._settling
        bad = ", ".join(f"{self._bad[kind]:,} {words}" for kind, words in KINDS.items() if self._bad[kind])
        if one is not None:
            part = one.done + one.waiting + one.failed
            whole, said = part + one.pending + one.later, f"settling: {event_words.settling_words(one)}"
        else:
            part, whole = self._answered, max(1, self._calls, self._begun)
            said = f"call {max(1, self._begun):,} of {whole:,}: {self._what}"
        text = f"{self.name} {said}{f'; {bad}' if bad else ''}"
        drawn = f"{bar(part, max(1, whole))} {text}"
        return drawn if columns_of(drawn) <= width else cut(text, width)


class Live:
    """Draws events as they come, between `with` and its end; give it each event with `record`."""

    def __init__(self, plan: Plan, stream: TextIO, *, width: int | None = None, height: int | None = None) -> None:
        """Take the plan that is carried out, and the terminal to draw on (its size where that is known)."""
        from rich.console import Console
        from rich.live import Live as Drawing

        self._fleets = {one.fleet: Moving(one) for one in plan.fleets if one.goes}
        self._noted: set[str] = set()
        """What was noted since something moved."""
        self._began = time.monotonic()
        self._console = Console(file=stream, width=width, height=height, highlight=False, markup=False, emoji=False)
        self._drawing = Drawing(
            self, console=self._console, refresh_per_second=PER_SECOND, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> Self:
        self._drawing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the picture away; what came of it is said by the report."""
        self._drawing.stop()

    def record(self, event: AnyEvent) -> None:
        """Show an event; the same note again only once something moved."""
        if isinstance(event, Met | Halted):
            if not event_line.for_the_record(event):
                self._print(event)
            return
        if isinstance(event, Note):
            if event.message not in self._noted:
                self._noted.add(event.message)
                self._print(event)
            return
        name = fleet_of(event)
        if not isinstance(event, Intended | Called | Settling | Settled) or name not in self._fleets:
            return
        if not isinstance(event, Settling):
            self._noted.clear()
        self._fleets[name].record(event)

    def _print(self, event: AnyEvent) -> None:
        self._console.print(styled([event_line.render(event)]), end="", soft_wrap=True)

    def lines(self, width: int, height: int) -> list[str]:
        """Return at most `height` lines of at most `width` columns: what moves first, and a line for all fleets."""
        found = sorted(self._fleets.values(), key=lambda one: one.stage)
        took = duration(time.monotonic() - self._began)
        going = [one.line(width) for one in found[: max(0, height - 1)] if one.stage < Stage.PENDING]
        stages = Counter(one.stage for one in found)
        numbers = joined(f"{stages[stage]:,} {WORDS[stage]}" for stage in Stage if stages[stage])
        ended, changes = sum(one.ended for one in found), sum(one.changes for one in found)
        total = f"{ended:,} of {count(changes, 'change')} ended, {took}"
        fleets = f"{count(len(found), 'fleet')}: {numbers}; " if len(found) > 1 else ""
        return [*going, cut(f"{fleets}{total}", width)][-max(1, height) :]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw, and leave the last row of the screen to the cursor."""
        from rich.text import Text

        for line in self.lines(options.max_width - 1, console.height - 1):
            yield Text(line, no_wrap=True, overflow="ellipsis")
