"""Values → the terminal and result files: plans, reports, events."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.cli.annotating import ANNOTATIONS, print_annotations
from reconciler.cli.output import clear, quiet, say, show, width, write_html, write_json, write_yaml
from reconciler.cli.reading import drawable
from reconciler.errors import JournalError, SettingsError
from reconciler.model.event import AnyEvent, Called, Halted, Intended, Met, Note, Settling
from reconciler.model.plan import Plan
from reconciler.ports import EventSink
from reconciler.views.line import Line
from reconciler.views.plan_words import NOTHING, CommandContext

if TYPE_CHECKING:  # plan needs none of what apply does
    from reconciler.engine.apply import Applying
    from reconciler.model.report import Applied

T = TypeVar("T")

COMMENT = 65_000
"""Characters of a Markdown plan at most: GitHub takes 65,536 in a comment, and a marker of one's own wants some of them."""
SUMMARY = 900_000
"""Bytes of a verbose one: GitHub takes 1 MiB in the summaries of a step."""


def prepare(output: str) -> None:
    """Raise SettingsError where a form cannot be written here: before anything is read for it."""
    if output == "html":
        from reconciler.web import templates

        templates.environment()


def print_plan(
    found: Plan,
    output: str,
    *,
    verbose: bool,
    now: float,
    saved: Path | None = None,
    context: CommandContext | None = NOTHING,
    head: str = "",
) -> None:
    """Write a plan to standard output in one of its forms; `head` is the commit under review."""
    if output in {"json", "yaml"}:
        from reconciler.views import plan_json

        (write_json if output == "json" else write_yaml)(plan_json.encode(found))
    elif output in ANNOTATIONS:
        from reconciler.views.annotations import findings_of

        print_annotations(list(findings_of(found)), output, Path())
    elif output == "env":
        from reconciler.views import plan_outputs

        say(*plan_outputs.render(found))
    elif output == "html":
        from reconciler.web import report

        write_html(report.of_plan(found))
    elif output == "markdown":
        from reconciler.views import plan_markdown

        limit, about = SUMMARY if verbose else COMMENT, plan_markdown.About(head=head)
        say(*plan_markdown.render(found, now=now, limit=limit, verbose=verbose, about=about).split("\n"))
    else:
        from reconciler.views import plan_text

        lines = plan_text.render(found, width=width(), now=now, verbose=verbose, saved=saved, context=context)
        show(lines)


def print_report(
    report: T, output: str, encode: Callable[[T], bytes], render: Callable[..., list[Line]], **options: Any
) -> None:
    """Write a report to standard output as text, json or yaml; `options` are for the text."""
    if output == "json":
        write_json(encode(report))
    elif output == "yaml":
        write_yaml(encode(report))
    else:
        show(render(report, width=width(), **options))


def applied(applying: Applying) -> Applied:
    """Return what came of a run, as the report that views show."""
    from reconciler.model.report import Applied

    plan = applying.saved or applying.planned.plan
    ended = {(one.fleet, one.unit.id, one.workload.id) for one in applying.outcomes}
    last = {(fleet, one.unit.id, one.workload.id): one for fleet, seen in applying.seen.items() for one in seen.held}
    held = tuple(
        (fleet.fleet, last.get((fleet.fleet, one.unit.id, one.workload.id), one))
        for fleet in plan.fleets
        for one in fleet.held
        if (fleet.fleet, one.unit.id, one.workload.id) not in ended
    )
    return Applied(
        run=applying.run.id,
        fingerprint=plan.fingerprint,
        exit_code=applying.exit_code,
        sent=applying.sent,
        seconds=applying.run.seconds,
        blocked=tuple(applying.blocked),
        lifted=applying.lifted,
        allowed=tuple(sorted(applying.options.allow.items())),
        reviewed=tuple(one.fingerprint for one in applying.reviewed),
        excess=applying.excess,
        errors=tuple((fleet.fleet, fleet.error) for fleet in plan.fleets if fleet.error),
        waited=applying.options.wait,
        interrupted=applying.interrupted,
        held=len(held),
        held_changes=held,
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
    """Writes what happens to standard output: one line an event as JSON, one line a kind of events as text."""

    def __init__(self, log_format: str, *, verbose: bool = False) -> None:
        """Take `text` or `json`, and whether text names every event, too."""
        from reconciler.views.watch_text import Log

        self._log = None if log_format == "json" else Log(verbose=verbose)

    def record(self, event: AnyEvent) -> None:
        """Write one event."""
        from reconciler.views import event_line

        if self._log is None:
            write_json(event_line.encode(event).rstrip())
        else:
            show(self._log.record(event))
        sys.stdout.flush()

    def close(self) -> None:
        """Write what is still to be said."""
        if self._log is not None:
            show(self._log.flush())


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


class Steady:
    """Writes to standard error what a run is about to do, and a line every few seconds while it does it."""

    def __init__(self, plan: Plan) -> None:
        """Take the plan that is carried out."""
        from reconciler.views import plan_text
        from reconciler.views.watch_text import Log

        self._log = Log(steady=True)
        show(plan_text.summary(plan), err=True)

    def record(self, event: AnyEvent) -> None:
        """Write what an event makes due; what came of each change, the report says."""
        if isinstance(event, Intended | Called | Settling | Note | Met | Halted):
            show(self._log.record(event), err=True)
            sys.stderr.flush()

    def close(self) -> None:
        """Write what is still to be said."""
        show(self._log.flush(), err=True)


@contextmanager
def live(plan: Plan) -> Iterator[EventSink]:
    """Give what shows progress on standard error: a picture on a terminal, lines elsewhere."""
    clear()
    if quiet() or not any(fleet.goes for fleet in plan.fleets):
        yield Silence()
        return
    if not drawable():
        with closing(Steady(plan)) as steady:
            yield steady
        return
    from reconciler.views.progress import Live

    with Live(plan, sys.stderr) as shown:
        yield shown
