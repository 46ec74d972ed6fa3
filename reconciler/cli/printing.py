"""Values → the terminal, files and back: plans, outcomes, events."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import msgspec

from reconciler.cli import wiring
from reconciler.core.digest import fingerprint
from reconciler.engine.apply import Applying
from reconciler.errors import JournalError, PlanExpired, PlanMismatch, SettingsError
from reconciler.model.event import AnyEvent, to_builtins
from reconciler.model.plan import Plan


def read_plan(path: Path) -> Plan:
    """Return a saved plan; raise PlanMismatch when it was edited, cut or is of another format."""
    from reconciler.views import plan_json

    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    found = plan_json.decode(content)
    if fingerprint(found) != found.fingerprint:
        raise PlanMismatch(
            f"{path}: the plan was edited after it was made (its fingerprint does not match)",
            hint="make a new plan with `reconciler plan --out FILE`",
        )
    return found


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


def print_plan(found: Plan, output: str, *, verbose: bool, now: float, saved: Path | None = None) -> None:
    """Write a plan to standard output as text, markdown or json."""
    from reconciler.views import plan_json, plan_markdown, plan_text

    if output == "json":
        click.echo(plan_json.encode(found))
    elif output == "markdown":
        click.echo(plan_markdown.render(found, now=now))
    else:
        show(plan_text.render(found, width=wiring.width(), now=now, verbose=verbose, saved=saved))
