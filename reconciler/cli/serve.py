"""`reconciler serve`: the page of a history, for those who look while others watch."""

from __future__ import annotations

from contextlib import closing

import click

from reconciler.cli import histories, wiring
from reconciler.cli.page_options import Address, AddressType, PageOptions, page_options
from reconciler.cli.paging import EXTRA, HistoryPage, missing
from reconciler.errors import SettingsError


@click.command(
    epilog="""\b
Examples:
  reconciler serve                                   the history of this user, at http://127.0.0.1:8484
  reconciler serve --history /var/lib/reconciler/history.db
  reconciler serve --listen 0.0.0.0:8484 --host fleet.example.com --token-viewer env:VIEWER_TOKEN

\b
Exit codes: 0 after SIGINT or SIGTERM; 1 there is no history, it cannot be read, or the address is taken.""",
)
@click.option(
    "--listen",
    type=AddressType(),
    metavar="[HOST:]PORT",
    default="127.0.0.1:8484",
    show_default=True,
    help="Where to serve it; without HOST on the loopback interface alone.",
)
@page_options
@histories.KEPT
def command(listen: Address, page: PageOptions, history_at: str | None) -> int:
    """Serve the page of a history, read-only: how fleets stood, how versions spread, rollouts, and everything that happened.

    Nothing is read from any platform, and nobody can do anything here; `reconciler watch --listen` has the page on which
    people act. Off the loopback interface it needs a token, and a proxy with TLS in front of it.
    """
    if lacking := missing():
        raise SettingsError(
            f"a page cannot be served here: {', '.join(lacking)} not installed", hint=f"install {EXTRA}"
        )
    rules = page.rules(loopback=listen.loopback)
    if not rules.reachable:
        raise SettingsError(
            "beyond this machine a page needs somebody who may look",
            hint="--token-viewer env:NAME, or --trust-proxy ADDRESS",
        )
    clock = wiring.SystemClock()
    where = histories.existing(history_at)
    with closing(HistoryPage(listen, page, clock, where)), wiring.stoppable(clock, "stopping", list):
        while not clock.sleep(3600.0):
            pass
    return 0
