"""Options that several commands share, and the values they are turned into."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from reconciler.cli.files import is_plan
from reconciler.core.assessment import Filters
from reconciler.model.quantity import seconds
from reconciler.views.plan_words import CommandContext

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class DurationType(click.ParamType[float]):
    """A duration such as `30s`, `10m` or `1h30m`; gives seconds."""

    name = "duration"

    def __init__(self, least: str = "0s", most: str = "3650d") -> None:
        self._least, self._most = least, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:  # click's signature
        """Return seconds."""
        if isinstance(value, float):
            return value
        try:
            found = seconds(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)
        if not seconds(self._least) <= found <= seconds(self._most):
            self.fail(f"{value} is not from {self._least} to {self._most}", param, ctx)
        return found


class FingerprintType(click.ParamType[str]):
    """The fingerprint of a plan, or so many of its first digits that nobody could make another plan with them."""

    name = "fingerprint"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # click's signature
        """Return it in lower case."""
        if re.fullmatch(r"[0-9a-fA-F]{12,32}", value) is None:
            self.fail(f"{value!r} is not a fingerprint, or less than its first 12 digits", param, ctx)
        return str(value).lower()


class Secretive(NamedTuple):
    """A text that nobody prints."""

    text: str

    def __repr__(self) -> str:
        """Return what stands for it."""
        return "***"


class SecretType(click.ParamType[Secretive]):
    """A value that may hold a password: whatever is wrong with it, it is not printed."""

    name = "secret"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Secretive:  # click's signature
        """Return it, covered."""
        del param, ctx
        return value if isinstance(value, Secretive) else Secretive(str(value))


FINGERPRINT = FingerprintType()
DURATION = DurationType()
DATABASE = SecretType()
LIFETIME = DurationType("1s", "365d")

FILE = click.Path(path_type=Path)


def paths_argument(function: Callable[..., T]) -> Callable[..., T]:
    """Add PATHS, which `-f` gives as well; the command takes both as `paths`."""

    @wraps(function)
    def taking(*, paths: tuple[Path, ...], file: tuple[Path, ...], **others: Any) -> T:
        return function(paths=(*paths, *file), **others)

    argument = click.argument("paths", nargs=-1, type=FILE)
    return argument(file_option(taking))


file_option = click.option(
    "-f",
    "--file",
    multiple=True,
    type=FILE,
    metavar="PATH",
    help="The same as PATHS; `-` is standard input (repeatable).",
)

connections_option = click.option(
    "--connections",
    type=FILE,
    metavar="PATH",
    help="Read Connections only from here (in a pull-request job: from the base branch).",
)

strict_option = click.option(
    "--strict",
    is_flag=True,
    help="Treat warnings about manifests as errors; where platforms are read, versions that are not available as well.",
)

concurrency_option = click.option(
    "--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Calls in flight at most."
)

ALLOW_NEEDS_REASON = "--allow needs --reason TEXT, which is recorded with the run"

result_option = click.option(
    "--result", type=FILE, metavar="FILE", help="Append every event to this file, one JSON object per line."
)

connection_option = click.option("--connection", metavar="NAME", help="Only this connection.")

verbose_option = click.option("-v", "--verbose", is_flag=True, help="List every slot.")


def output_option(*forms: str) -> Callable[[F], F]:
    """Return the `-o` option with these forms; the first is the default. What is there as JSON is there as YAML."""
    forms = (*forms, "yaml") if "yaml" not in forms else forms
    return click.option(
        "-o", "--output", type=click.Choice(forms), default=forms[0], show_default=True, help="Output format."
    )


class Selection(NamedTuple):
    """Which manifests a command is about, and which part of them."""

    paths: tuple[Path, ...]
    connections: Path | None
    filters: Filters
    strict: bool

    @property
    def context(self) -> CommandContext:
        """Return what was typed, for the commands that are proposed next."""
        return typed(self.paths, self.connections)._replace(filters=self.filters.options)


def typed(paths: Iterable[Path], connections: Path | None) -> CommandContext:
    """Return where manifests are as it was typed, for the commands that are proposed next."""
    behind = () if connections is None else ("--connections", _typed(connections))
    return CommandContext(where=(*map(_typed, paths), *behind))


def _typed(path: Path) -> str:
    """Return a path as it can be typed: one that begins with a dash would be an option, and `-` is standard input."""
    return f"./{path}" if str(path).startswith("-") and str(path) != "-" else str(path)


def plans_among_paths(function: Callable[..., int]) -> Callable[..., int]:
    """Take saved plans that stand among PATHS as those of `--plan`: `apply plan.json` means `apply --plan plan.json`."""

    @wraps(function)
    def taking(*, selected: Selection, plan_files: tuple[Path, ...], **others: Any) -> int:
        plans = [path for path in selected.paths if is_plan(path)]
        rest = tuple(path for path in selected.paths if path not in plans)
        return function(selected=selected._replace(paths=rest), plan_files=(*plan_files, *plans), **others)

    return taking


def manifests_selection(function: Callable[..., int]) -> Callable[..., int]:
    """Add PATHS and --connections; the command takes them as one `selected`, which leaves nothing out."""

    @wraps(function)
    def taking(*, paths: tuple[Path, ...], connections: Path | None, **others: Any) -> int:
        return function(selected=Selection(paths, connections, Filters(), strict=False), **others)

    return paths_argument(connections_option(taking))


def selection(function: Callable[..., int]) -> Callable[..., int]:
    """Add PATHS, --connections, the four filters and --strict; the command takes them as one `selected`."""

    @wraps(function)
    def taking(
        *,
        paths: tuple[Path, ...],
        connections: Path | None,
        fleet: tuple[str, ...],
        unit: tuple[str, ...],
        workload: tuple[str, ...],
        exclude: tuple[str, ...],
        strict: bool,
        **others: Any,
    ) -> int:
        filters = Filters(fleets=fleet, units=unit, workloads=workload, exclude=exclude)
        return function(selected=Selection(paths, connections, filters, strict), **others)

    options = (
        paths_argument,
        connections_option,
        click.option("--fleet", multiple=True, metavar="NAME", help="Only this fleet (glob, repeatable)."),
        click.option("--unit", multiple=True, metavar="GLOB", help="Only units whose name or id matches (repeatable)."),
        click.option("--workload", multiple=True, metavar="NAME", help="Only this workload (glob, repeatable)."),
        click.option(
            "--exclude", multiple=True, metavar="GLOB", help="Exclude units whose name or id matches (repeatable)."
        ),
        strict_option,
    )
    found: Callable[..., int] = taking
    for option in reversed(options):
        found = option(found)
    return found
