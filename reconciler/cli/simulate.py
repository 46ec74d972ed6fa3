"""`reconciler simulate`: a platform on this machine, to try things out against."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from reconciler.cli import equipped, wiring
from reconciler.cli.options import DURATION
from reconciler.model.quantity import percent
from reconciler.plugin import Simulation, SimulatorOption

HELP = """\b
Example:
  reconciler simulate {name} {example}
It answers at the URL that its first line of output names, until Ctrl-C. Things are
broken by hand through /simulator/, for instance a device that goes offline:
  curl -d '{{"device": "{device}", "online": false}}' URL/simulator/set_online
POST to /simulator/help lists all of these; GET /simulator/state shows the true state.
{faults}
"""


class Simulators(click.Group):
    """Has a command for every platform that brings a simulator; its plug-in gives the options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the platforms that bring a simulator."""
        del ctx
        return [plugin.name for plugin in wiring.plugins().values() if plugin.simulation]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command that simulates one platform."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return equipped(_command(cmd_name, wiring.simulator(cmd_name)), f"simulate_{cmd_name}")


@click.group("simulate", cls=Simulators, epilog="\b\nExample:\n  reconciler simulate NAME --units 1000")
def command() -> None:
    """Run a platform on this machine, to try things out against."""


def _command(name: str, simulation: Simulation) -> click.Command:
    def run(port: int, faults: tuple[str, ...], variants: tuple[str, ...], **shape: Any) -> None:
        _run(name, simulation, port, faults, variants, shape)

    port = click.Option(
        ["--port"], type=click.IntRange(0, 65535), default=0, show_default=True, help="0 picks a free port."
    )
    special = [_option(one) for one in simulation.options]
    epilog = HELP.format(name=name, example=simulation.example, device=simulation.device, faults=_faults())
    return click.Command(name, params=[port, *special, *_shared()], callback=run, help=simulation.help, epilog=epilog)


def _faults() -> str:
    from reconciler.simulators.faults import KINDS

    forms = "each KIND=RATE, KIND=RATE@reads, KIND=RATE@writes*3 (at most three times); and latency=20ms."
    return textwrap.fill(f"Faults: {' '.join(KINDS)}, {forms}", 84)


def _option(one: SimulatorOption) -> click.Option:
    kind = click.IntRange(0) if isinstance(one.default, int) else DURATION
    return click.Option([f"--{one.name}"], type=kind, default=one.default, show_default=True, help=one.help)


def _shared() -> list[click.Parameter]:
    """Return the options that every simulator has, besides how many of what there are."""
    shown: dict[str, Any] = {"show_default": True}
    return [
        click.Option(["--versions"], type=click.IntRange(0), default=5, help="Versions of each of these.", **shown),
        click.Option(["--seed"], type=int, default=1, help="The same seed gives the same fleet.", **shown),
        click.Option(["--settle"], type=DURATION, default="2s", help="Time from a command to its effect.", **shown),
        click.Option(["--offline"], default="5%", callback=_share, help="Share of devices offline.", **shown),
        click.Option(["--failing"], default="2%", callback=_share, help="Share of devices that fail.", **shown),
        click.Option(["--fault", "faults"], multiple=True, metavar="KIND=RATE", help="Make calls fail (repeatable)."),
        click.Option(
            ["--variant", "variants"],
            multiple=True,
            metavar="QUESTION=ANSWER",
            help="Choose an answer to an open question about the platform (repeatable).",
        ),
    ]


def _share(context: click.Context, parameter: click.Parameter, value: str) -> float:
    """Return a percentage as a share from 0 to 1."""
    try:
        return percent(value) / 100
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def _run(
    name: str,
    simulation: Simulation,
    port: int,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    shape: dict[str, Any],
) -> None:
    """Serve a simulator until Ctrl-C. `shape` are the fields of its Shape."""
    try:
        wanted = simulation.shape(**shape)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        trouble = simulation.faults(shape["seed"], faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    try:
        answers = simulation.variants(variants)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--variant") from None
    try:
        with wiring.simulators_installed(name):
            served = simulation.serve(wanted, port=port, variants=answers, faults=trouble)
        served.run()
    except OSError as error:
        raise click.ClickException(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; try --port 0") from None
