"""Live progress of an apply on a terminal: one bar a fleet while calling, one while units settle.

It only consumes events. rich draws it, to the stream it is given (standard error); elsewhere `event_line` says the same.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.model.event import AnyEvent, Called, Halted, Intended, Met, Note, Settling
from reconciler.model.outcome import ReceiptKind
from reconciler.model.plan import Plan
from reconciler.views import event_line
from reconciler.views.line import styled
from reconciler.views.words import clean, count

if TYPE_CHECKING:
    from rich.progress import TaskID

KINDS = {ReceiptKind.REJECTED: "rejected", ReceiptKind.UNKNOWN: "unknown"}


class Live:
    """Draws events as they come, between `with` and its end; give it each event with `record`."""

    def __init__(self, plan: Plan, stream: TextIO, *, width: int | None = None) -> None:
        """Take the plan that is carried out, and the terminal to draw on (`width` columns wide where that is known)."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        whole = partial(Column, no_wrap=True, overflow="ellipsis")  # a line that wraps is drawn over wrongly
        self._calls = {fleet.fleet: len(fleet.actions) for fleet in plan.fleets}
        self._bars: dict[tuple[str, str], TaskID] = {}
        self._bad: dict[str, dict[ReceiptKind, int]] = {}
        self._console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=whole()),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}", markup=False, table_column=whole()),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away; what came of it is said by the report."""
        self._progress.stop()

    def record(self, event: AnyEvent) -> None:
        """Show an event."""
        if isinstance(event, Intended):
            self._calling(event)
        elif isinstance(event, Called):
            self._called(event)
        elif isinstance(event, Settling):
            self._settling(event)
        elif isinstance(event, Note | Met | Halted):
            self._console.print(styled([event_line.render(event)]), end="", soft_wrap=True)

    def _bar(self, fleet: str, what: str, total: int) -> TaskID:
        key = (fleet, what)
        if key not in self._bars:
            self._bars[key] = self._progress.add_task(f"{clean(fleet)} {what}", total=total, words="")
        return self._bars[key]

    def _calling(self, event: Intended) -> None:
        bar = self._bar(event.fleet, "calling", max(1, self._calls.get(event.fleet, 1)))
        self._progress.update(bar, words=f"{clean(event.kind)}, {count(len(event.slots), 'slot')}")

    def _called(self, event: Called) -> None:
        bar = self._bar(event.fleet, "calling", max(1, self._calls.get(event.fleet, 1)))
        self._progress.advance(bar)
        if event.receipt.kind in KINDS:
            bad = self._bad.setdefault(event.fleet, {})
            bad[event.receipt.kind] = bad.get(event.receipt.kind, 0) + 1
            words = ", ".join(f"{number:,} {KINDS[kind]}" for kind, number in bad.items())
            self._progress.update(bar, words=words)

    def _settling(self, event: Settling) -> None:
        settled = event.done + event.waiting + event.failed
        bar = self._bar(event.fleet, "settling", settled + event.pending)
        words = event_line.settling_words(event)
        self._progress.update(bar, completed=settled, total=settled + event.pending, words=words)
