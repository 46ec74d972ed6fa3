"""`reconciler simulate`: a platform on this machine, to try things out against."""

from collections.abc import Callable
from typing import TypeVar

import click

from reconciler.cli.options import DURATION
from reconciler.model.quantity import percent

T = TypeVar("T")


@click.group("simulate", epilog="\b\nExample:\n  reconciler simulate losant --units 1000")
def command() -> None:
    """Run a platform on this machine, to try things out against."""


def _reading(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str], T]:
    def callback(context: click.Context, parameter: click.Parameter, value: str) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return callback


@command.command(
    epilog="""\b
Example:
  reconciler simulate losant --units 1000 --failing 0% --variant max-per-page=reject
It answers at the URL that its first line of output names, until Ctrl-C. Things are
broken by hand through /simulator/, for instance a device that goes offline:
  curl -d '{"device": "gw-017", "online": false}' URL/simulator/set_online
Faults: 429 500 reset lost slow truncate html short empty shift lag partial expire
gone, each KIND=RATE, KIND=RATE@reads, KIND=RATE@writes*3 (at most three times);
and latency=20ms.
"""
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes any free port.")
@click.option("--units", type=click.IntRange(0), default=100, show_default=True, help="Edge devices.")
@click.option("--workloads", type=click.IntRange(0), default=3, show_default=True, help="Edge workflows.")
@click.option("--versions", type=click.IntRange(0), default=5, show_default=True, help="Versions of each workflow.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same fleet.")
@click.option("--settle", default="2s", show_default=True, type=DURATION, help="From release to running.")
@click.option(
    "--offline", default="5%", show_default=True, callback=_reading(percent), help="Share of devices offline."
)
@click.option(
    "--failing", default="2%", show_default=True, callback=_reading(percent), help="Share of devices that fail."
)
@click.option("--fault", "faults", multiple=True, metavar="KIND=RATE", help="Let calls go wrong. Repeatable.")
@click.option("--variant", "variants", multiple=True, metavar="QUESTION=ANSWER", help="Answer an open question.")
def losant(
    port: int,
    units: int,
    workloads: int,
    versions: int,
    seed: int,
    settle: float,
    offline: float,
    failing: float,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
) -> None:
    """Simulate a Losant application with a fleet of edge devices.

    The first line on standard output is one JSON object with platform, url, application and token.
    """
    from reconciler.simulators.losant import Faults, Shape, Variants, serve

    shape = Shape(units, workloads, versions, seed, settle, offline / 100, failing / 100)
    try:
        trouble = Faults(seed).parse(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from None
    try:
        answers = Variants.parse(variants)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--variant") from None
    try:
        serve(shape, port=port, variants=answers, faults=trouble).run()
    except OSError as error:
        raise click.ClickException(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; try --port 0") from None
