"""`reconciler simulate`: a platform on this machine, to try things out against."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import click

from reconciler.cli.options import DURATION
from reconciler.model.quantity import percent
from reconciler.simulators import require_server

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

FAULTS = """It answers at the URL that its first line of output names, until Ctrl-C. Things are
broken by hand through /simulator/, for instance a device that goes offline:
  curl -d '{"device": "%s", "online": false}' URL/simulator/set_online
POST to /simulator/help names the others; GET /simulator/state shows what is true.
Faults: 429 500 reset lost slow truncate html short empty shift lag partial expire
gone, each KIND=RATE, KIND=RATE@reads, KIND=RATE@writes*3 (at most three times);
and latency=20ms.
"""
"""What helps of all simulators say, with the name of a device."""


@click.group("simulate", epilog="\b\nExample:\n  reconciler simulate losant --units 1000")
def command() -> None:
    """Run a platform on this machine, to try things out against."""


def _share(context: click.Context, parameter: click.Parameter, value: str) -> float:
    """Return a percentage as a share from 0 to 1."""
    try:
        return percent(value) / 100
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def _shared(units: str, workloads: str, *, units_default: int, workloads_default: int) -> Callable[[F], F]:
    """Return what adds the options that every simulator has; `units` and `workloads` say what these are."""
    options = (
        click.option(
            "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes any free port."
        ),
        click.option("--units", type=click.IntRange(0), default=units_default, show_default=True, help=units),
        click.option(
            "--workloads", type=click.IntRange(0), default=workloads_default, show_default=True, help=workloads
        ),
        click.option(
            "--versions", type=click.IntRange(0), default=5, show_default=True, help="Versions of each of these."
        ),
        click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same fleet."),
        click.option("--settle", default="2s", show_default=True, type=DURATION, help="From a command to its effect."),
        click.option("--offline", default="5%", show_default=True, callback=_share, help="Share of devices offline."),
        click.option("--failing", default="2%", show_default=True, callback=_share, help="Share of devices that fail."),
        click.option("--fault", "faults", multiple=True, metavar="KIND=RATE", help="Let calls go wrong. Repeatable."),
        click.option("--variant", "variants", multiple=True, metavar="QUESTION=ANSWER", help="Answer an open request."),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def _run(name: str, port: int, faults: tuple[str, ...], variants: tuple[str, ...], shape: dict[str, Any]) -> None:
    """Serve a simulator until Ctrl-C. `shape` are the fields of its Shape."""
    require_server()
    simulator = import_module(f"reconciler.simulators.{name}")
    try:
        wanted = simulator.Shape(**shape)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        trouble = simulator.Faults(shape["seed"]).parse(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    try:
        answers = simulator.Variants.parse(variants)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--variant") from None
    try:
        simulator.serve(wanted, port=port, variants=answers, faults=trouble).run()
    except OSError as error:
        raise click.ClickException(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; try --port 0") from None


def _epilog(example: str, device: str) -> str:
    return f"\b\nExample:\n  reconciler simulate {example}\n{FAULTS % device}"


@command.command(epilog=_epilog("losant --units 1000 --failing 0% --variant max-per-page=reject", "gw-017"))
@_shared("Edge devices.", "Edge workflows.", units_default=100, workloads_default=3)
def losant(port: int, faults: tuple[str, ...], variants: tuple[str, ...], **shape: Any) -> None:
    """Simulate a Losant application with a fleet of edge devices.

    The first line on standard output is one JSON object with platform, url, application and token.
    """
    _run("losant", port, faults, variants, shape)


@command.command(epilog=_epilog("getapp --units 1000 --variant multi-version=side-by-side", "edge-000017"))
@_shared("Devices, the master being one.", "Projects.", units_default=100, workloads_default=3)
@click.option("--prepare", default="1s", show_default=True, type=DURATION, help="How long preparing a release takes.")
@click.option("--token-life", default="1h", show_default=True, type=DURATION, help="How long a login is good for.")
def getapp(port: int, faults: tuple[str, ...], variants: tuple[str, ...], **shape: Any) -> None:
    """Simulate a GetApp CDN master with its devices, and the delivery server.

    The first line on standard output is one JSON object with platform, url, delivery, username and password. The agent
    of the master's own device answers at the same url.
    """
    _run("getapp", port, faults, variants, shape)


@command.command(epilog=_epilog("memfault --devices 1000 --variant activation-status=in_progress", "DEV-000017"))
@_shared("Cohorts.", "Software types.", units_default=5, workloads_default=2)
@click.option("--devices", type=click.IntRange(0), default=100, show_default=True, help="Devices of all cohorts.")
def memfault(port: int, faults: tuple[str, ...], variants: tuple[str, ...], **shape: Any) -> None:
    """Simulate a Memfault project with cohorts of devices.

    The first line on standard output is one JSON object with platform, url, organization, project, token, email and
    key.
    """
    _run("memfault", port, faults, variants, shape)
