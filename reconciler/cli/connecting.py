"""Options of `import` → the Connection they mean: what can be said of an application, its plug-in says."""

from __future__ import annotations

from collections.abc import Mapping

import click

from reconciler.model.connection import ConnectionSpec
from reconciler.plugin import Option, PlatformPlugin, Plugins


def options(plugins: Plugins) -> list[click.Parameter]:
    """Return the options of all platforms; of what several have, one that says of whom each word is."""
    found: dict[str, list[tuple[PlatformPlugin, Option]]] = {}
    for plugin in plugins.values():
        for option in plugin.options:
            found.setdefault(option.name, []).append((plugin, option))
    return [
        click.Option([f"--{name}"], metavar=those[0][1].metavar, help=_help(those)) for name, those in found.items()
    ]


def _help(those: list[tuple[PlatformPlugin, Option]]) -> str:
    titles: dict[str, list[str]] = {}
    for plugin, option in those:
        titles.setdefault(option.help, []).append(plugin.title)
    words = "; ".join(f"{', '.join(of)}: {text}" for text, of in titles.items())
    variables = ", ".join(option.variable for _, option in those if option.variable)
    return f"{words}.  [default: {variables}]" if variables else f"{words}."


def connection(plugin: PlatformPlugin, given: Mapping[str, str | None]) -> ConnectionSpec:
    """Return the Connection that options mean, by the names that parameters have; None for what was not given.

    Raises UsageError for options that are missing, of another platform, or do not go together.
    """
    options = {name.replace("_", "-"): value for name, value in given.items() if value is not None}
    known = {option.name: option for option in plugin.options}
    for name in options:
        if name not in known:
            raise click.UsageError(f"--{name} means nothing for {plugin.name}")
    for name, option in known.items():
        if option.required and name not in options:
            raise click.UsageError(f"--{name} {option.metavar} is needed: {option.help}")
    try:
        return ConnectionSpec(plugin.name, plugin.connection(options))
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None
