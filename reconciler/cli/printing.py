"""Values → the terminal, files and back: plans, outcomes, events."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.core.digest import fingerprint
from reconciler.engine.apply import Applying
from reconciler.errors import JournalError, PlanExpired, PlanMismatch, SettingsError
from reconciler.model.event import AnyEvent
from reconciler.model.plan import Plan
from reconciler.model.report import Applied
from reconciler.ports import EventSink
from reconciler.views.line import Line
from reconciler.views.plan_words import NOTHING, CommandContext

COMMENT = 65_000
"""Characters of a Markdown plan at most: GitHub takes 65,536 in a comment, and its own marker wants some of them."""


def read_plan(path: Path) -> Plan:
    """Return a saved plan; raise PlanMismatch when it was edited, cut or is of another format."""
    from reconciler.views import plan_json

    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    try:
        found = plan_json.decode(content)
    except PlanMismatch as error:
        raise PlanMismatch(f"{path}: {error}{misshapen('plan.v1', content)}", hint=error.hint) from error
    if fingerprint(found) != found.fingerprint:
        raise PlanMismatch(
            f"{path}: the plan was edited after it was made (its fingerprint does not match)",
            hint="make a new plan with `reconciler plan --out FILE`",
        )
    return found


def misshapen(name: str, content: bytes) -> str:
    """Return what of a JSON document does not fit its schema, an indented line each, to go behind an error."""
    from reconciler.manifest.shape import explain

    said = explain(name, content)
    return "".join(f"\n  {line}" for line in said.splitlines())


def check_saved(saved: Plan, today: Plan, now: float) -> None:
    """Refuse a saved plan that expired, or that was made for another application."""
    if now > datetime.fromisoformat(saved.times.expires).timestamp():
        raise PlanExpired(f"the plan expired at {saved.times.expires}", hint="make a new plan and have it reviewed")
    targets = {one.fleet: one.basis.target for one in today.fleets if not one.error}
    for fleet in saved.fleets:
        here = targets.get(fleet.fleet)
        if here is not None and fleet.basis.target and here != fleet.basis.target:
            raise PlanMismatch(
                f"the plan of fleet {fleet.fleet!r} was made for {fleet.basis.target}, but its connection is {here}",
                hint="make a new plan with these connections",
            )


def write_plan(found: Plan, path: Path) -> None:
    """Save a plan, whole or not at all."""
    from reconciler.views import plan_json

    write_file(path, plan_json.encode(found))


def write_file(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it, so that it is never half there."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from error


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

        click.echo(plan_json.encode(found))
    elif output == "markdown":
        from reconciler.views import plan_markdown

        click.echo(plan_markdown.render(found, now=now, limit=COMMENT))
    else:
        from reconciler.views import plan_text

        lines = plan_text.render(found, width=wiring.width(), now=now, verbose=verbose, saved=saved, context=context)
        show(lines)


def show(lines: Sequence[Line]) -> None:
    """Write styled lines to standard output: in colour on a terminal, plain elsewhere."""
    from reconciler.views.line import plain, styled

    if not wiring.colour():
        click.echo(plain(lines), nl=False)
        return
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, force_terminal=True, width=wiring.width()).print(styled(lines), end="")


def warn(lines: Sequence[Line]) -> None:
    """Write lines to standard error, without colour."""
    from reconciler.views.line import plain

    click.echo(plain(lines), nl=False, err=True)


def applied(applying: Applying, seconds: float | None = None) -> Applied:
    """Return what came of a run, as the report that views show."""
    plan = applying.saved or applying.planned.plan
    return Applied(
        run=applying.run.id,
        fingerprint=plan.fingerprint,
        exit_code=applying.exit_code,
        sent=applying.sent,
        seconds=seconds,
        blocked=tuple(applying.blocked),
        errors=tuple((fleet.fleet, fleet.error) for fleet in plan.fleets if fleet.error),
        held=sum(not held.stage for fleet in plan.fleets for held in fleet.held),
        outcomes=tuple(applying.outcomes),
    )


def print_outcomes(found: Applied, output: str, context: CommandContext = NOTHING) -> None:
    """Write what came of a run to standard output as text or json."""
    from reconciler.views import apply_text

    if output == "json":
        click.echo(apply_text.encode(found))
    else:
        show(apply_text.render(found, width=wiring.width(), context=context))


class Silence:
    """Takes events and shows nothing."""

    def record(self, event: AnyEvent) -> None:
        """Do nothing."""


class Forgiving:
    """Passes events on to what shows them; a terminal that went away does not stop a run."""

    def __init__(self, shown: EventSink) -> None:
        """Take what shows events."""
        self._shown = shown

    def record(self, event: AnyEvent) -> None:
        """Show one event, if that is still possible."""
        with contextlib.suppress(OSError):
            self._shown.record(event)


class ResultFile:
    """Appends events to a file, one JSON object a line, each written before the next thing happens."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise SettingsError when that cannot be done."""
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise SettingsError(f"cannot write {path}: {error.strerror}") from error
        self.path = path

    def record(self, event: AnyEvent) -> None:
        """Append one event; raise JournalError when it cannot be kept."""
        from reconciler.views import event_line

        try:
            self._file.write(event_line.encode(event) + b"\n")
        except OSError as error:
            raise JournalError(f"cannot write {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Lines:
    """Writes one line an event to standard output."""

    def __init__(self, log_format: str) -> None:
        """Take `text` or `json`."""
        self._json = log_format == "json"

    def record(self, event: AnyEvent) -> None:
        """Write one event."""
        from reconciler.views import event_line

        if self._json:
            click.echo(event_line.encode(event).rstrip())
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

    shown = Live(plan, sys.stderr)
    with contextlib.suppress(OSError):
        shown.__enter__()
    try:
        yield Forgiving(shown)
    finally:
        with contextlib.suppress(OSError):
            shown.__exit__(None, None, None)
