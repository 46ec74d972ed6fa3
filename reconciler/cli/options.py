"""Options that several commands share, and the values they are turned into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.core.assessment import Filters
from reconciler.model.quantity import seconds
from reconciler.views.plan_words import CommandContext

F = TypeVar("F", bound=Callable[..., Any])


class DurationType(click.ParamType[float]):
    """A duration such as `30s`, `10m` or `1h30m`; gives seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:  # click's signature
        """Return seconds."""
        if isinstance(value, float):
            return value
        try:
            return seconds(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


DURATION = DurationType()

paths_argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))

connections_option = click.option(
    "--connections",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Take Connections from here instead of from PATHS (a pull-request job takes them from the base branch).",
)

strict_option = click.option("--strict", is_flag=True, help="Warnings about manifests are errors.")


def output_option(*forms: str) -> Callable[[F], F]:
    """Return the `-o` option with these forms; the first is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(forms), default=forms[0], show_default=True, help="Form of the output."
    )


def filter_options(function: F) -> F:
    """Add the filters."""
    for name, metavar, text in reversed(
        (
            ("--fleet", "NAME", "Only this fleet (glob, repeatable)."),
            ("--unit", "GLOB", "Only units whose name or id matches (repeatable)."),
            ("--workload", "NAME", "Only this workload (glob, repeatable)."),
            ("--exclude", "GLOB", "Leave out units whose name or id matches (repeatable)."),
        )
    ):
        function = click.option(name, multiple=True, metavar=metavar, help=text)(function)
    return function


def filters_of(
    fleet: tuple[str, ...], unit: tuple[str, ...], workload: tuple[str, ...], exclude: tuple[str, ...]
) -> Filters:
    """Return the filters as a value."""
    return Filters(fleets=fleet, units=unit, workloads=workload, exclude=exclude)


def command_context(paths: Sequence[Path], connections: Path | None, filters: Filters) -> CommandContext:
    """Return what was typed, for the commands that are proposed next."""
    behind = () if connections is None else ("--connections", str(connections))
    return CommandContext(where=(*map(str, paths), *behind), filters=filters.options)
