"""Values → the terminal and result files: plans, reports, events."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.cli.output import say, show, width, write_json
from reconciler.errors import JournalError, SettingsError
from reconciler.model.event import AnyEvent
from reconciler.model.plan import Plan
from reconciler.ports import EventSink
from reconciler.views.line import Line
from reconciler.views.plan_words import NOTHING, CommandContext

if TYPE_CHECKING:  # plan needs none of what apply does
    from reconciler.engine.apply import Applying
    from reconciler.model.report import Applied

T = TypeVar("T")

COMMENT = 65_000
"""Characters of a Markdown plan at most: GitHub takes 65,536 in a comment, and its own marker wants some of them."""


def print_plan(
    found: Plan,
    output: str,
    *,
    verbose: bool,
    now: float,
    saved: Path | None = None,
    context: CommandContext | None = NOTHING,
) -> None:
    """Write a plan to standard output as text, markdown or json."""
    if output == "json":
        from reconciler.views import plan_json

        write_json(plan_json.encode(found))
    elif output == "markdown":
        from reconciler.views import plan_markdown

        say(*plan_markdown.render(found, now=now, limit=COMMENT).split("\n"))
    else:
        from reconciler.views import plan_text

        lines = plan_text.render(found, width=width(), now=now, verbose=verbose, saved=saved, context=context)
        show(lines)


def print_report(
    report: T, output: str, encode: Callable[[T], bytes], render: Callable[..., list[Line]], **options: Any
) -> None:
    """Write a report to standard output as text or json; `options` are for the text."""
    if output == "json":
        write_json(encode(report))
    else:
        show(render(report, width=width(), **options))


def applied(applying: Applying) -> Applied:
    """Return what came of a run, as the report that views show."""
    from reconciler.model.report import Applied

    plan = applying.saved or applying.planned.plan
    ended = {(one.fleet, one.unit.id, one.workload.id) for one in applying.outcomes}
    return Applied(
        run=applying.run.id,
        fingerprint=plan.fingerprint,
        exit_code=applying.exit_code,
        sent=applying.sent,
        seconds=applying.run.seconds,
        blocked=tuple(applying.blocked),
        errors=tuple((fleet.fleet, fleet.error) for fleet in plan.fleets if fleet.error),
        waited=applying.options.wait,
        held=sum(
            not held.stage or (fleet.fleet, held.unit.id, held.workload.id) not in ended
            for fleet in plan.fleets
            for held in fleet.held
        ),
        mistakes=tuple(applying.mistakes),
        outcomes=tuple(applying.outcomes),
    )


class Silence:
    """Takes events and shows nothing."""

    def record(self, event: AnyEvent) -> None:
        """Do nothing."""


class ResultFile:
    """Appends events to a file, one JSON object a line, each written before the next thing happens."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise SettingsError when that cannot be done."""
        self.path = path
        try:
            self._file = path.open("ab", buffering=0)
            self._torn = _ends_within_a_line(path)
        except OSError as error:
            raise SettingsError(f"cannot write {path}: {error.strerror}") from error

    def record(self, event: AnyEvent) -> None:
        """Append one event; raise JournalError when it cannot be kept."""
        from reconciler.views import event_line

        line = event_line.encode(event) + b"\n"
        left = memoryview(b"\n" + line if self._torn else line)
        try:
            while left:
                written = self._file.write(left) or 0
                self._torn = written < len(left)
                left = left[written:]
        except OSError as error:
            raise JournalError(f"cannot write {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; raise JournalError when what was written cannot be kept after all."""
        try:
            self._file.close()
        except OSError as error:
            raise JournalError(f"cannot write {self.path}: {error.strerror}") from error


def _ends_within_a_line(path: Path) -> bool:
    """Return whether somebody's last line was torn; of what cannot be read nobody knows."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return bool(file.seek(0, 2)) and file.seek(-1, 2) >= 0 and file.read(1) != b"\n"
    except OSError:
        return False


class Lines:
    """Writes one line an event to standard output."""

    def __init__(self, log_format: str) -> None:
        """Take `text` or `json`."""
        self._json = log_format == "json"

    def record(self, event: AnyEvent) -> None:
        """Write one event."""
        from reconciler.views import event_line

        if self._json:
            write_json(event_line.encode(event).rstrip())
        else:
            show([event_line.render(event)])
        sys.stdout.flush()


@contextmanager
def result_file(path: Path | None) -> Iterator[EventSink]:
    """Give what keeps events in a file; without a path nothing is kept."""
    if path is None:
        yield Silence()
        return
    kept = ResultFile(path)
    try:
        yield kept
    finally:
        kept.close()


@contextmanager
def live(plan: Plan) -> Iterator[EventSink]:
    """Give what shows progress on standard error: only on a terminal."""
    if not sys.stderr.isatty():
        yield Silence()
        return
    from reconciler.views.progress import Live

    with Live(plan, sys.stderr) as shown:
        yield shown
