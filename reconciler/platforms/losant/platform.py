"""The platform port for one Losant application."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review, SlotId
from reconciler.model.drift import Actor
from reconciler.model.outcome import Receipt
from reconciler.model.quantity import seconds
from reconciler.model.release import Catalog, Release, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.credentials import Bearer
from reconciler.platforms.http import Client
from reconciler.platforms.losant.attribute import attributed
from reconciler.platforms.losant.catalog import Catalogue
from reconciler.platforms.losant.check import checks
from reconciler.platforms.losant.compile import IDS_PER_CALL, compile_changes, review_changes
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.execute import Sender
from reconciler.platforms.losant.observe import observe
from reconciler.platforms.losant.routes import Routes
from reconciler.platforms.reading.readers import Meter, Readers, clocks
from reconciler.plugin.platform import Resolve
from reconciler.ports import SILENT, Capabilities, Check, Clock, ReadProgress

if TYPE_CHECKING:
    import httpx

ACCEPT_VERSION = "^1.30.0"
"""The range of API versions that the official client of API 1.30 sends, confirmed (JS lib/api/index.js)."""


class Losant:
    """One application of Losant. Safe to use from several threads."""

    def __init__(
        self,
        client: Client,
        spec: LosantConnection,
        clock: Clock,
        *,
        meter: Meter = clocks,
        progress: ReadProgress = SILENT,
    ) -> None:
        self._client = client
        self._spec = spec
        self._clock = clock
        self._routes = Routes(client, spec.application)
        self._readers = Readers(spec.requests.concurrency, meter, progress)
        self._sender = Sender(self._routes)

    def __repr__(self) -> str:
        return f"Losant({self.identity!r})"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="losant",
            ids_per_call=IDS_PER_CALL,
            wide_calls=self._spec.wide_calls != "never",
            orders_versions=False,
            retries_itself=True,  # at the next connect, confirmed (DOC19 docs/edge-compute/edge-deployments.md)
            uninstalls=False,
            selectors=frozenset({"ids", "names", "tags"}),
        )

    @property
    def identity(self) -> str:
        """Return which application this is, without secrets."""
        return f"losant:{self._client.url}{self._routes.base}"

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Read devices, workflows and edge deployments. Raises PlatformError when nothing can be read at all."""
        return observe(self._routes, self._readers, self._clock, query, since, identity=self.identity)

    def attribute(self, slots: Mapping[SlotId, str | None], before: Snapshot | None = None) -> dict[SlotId, Actor]:
        """Return who assigned these versions, as far as the history of each edge deployment says so."""
        del before  # an entry of the history says itself what it brought
        return attributed(self._routes, slots)

    def catalog(
        self, wanted: Collection[Release], seen: Snapshot | None = None, *, probe: Collection[Release] = ()
    ) -> Catalog:
        """Look up versions of workflows; every wanted one is a key of the answer. `seen` tells what workflows need."""
        del probe  # no question to Losant has an effect
        return Catalogue(self._routes, self._readers).look_up(wanted, seen.workloads if seen is not None else ())

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """List versions of workflows. Losant knows no revisions, hardware versions or builds: notes say so."""
        return Catalogue(self._routes, self._readers).listing(query)

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Say which changes no call can make."""
        del catalog
        return review_changes(changes, snapshot)

    def compile(
        self,
        changes: Sequence[Change],
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        fleet_wide: Collection[str],
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Turn changes into the fewest calls; with `wide=False` into calls that name every device."""
        del catalog, refused  # calls name versions as people do
        base, mode = self._routes.base, self._spec.wide_calls
        return compile_changes(changes, snapshot, base, fleet_wide=fleet_wide, wide_calls=mode, wide=wide)

    def execute(self, action: Action, deadline: float) -> Receipt:
        return self._sender.execute(action, deadline)

    def check(self) -> Iterator[Check]:
        return checks(self._routes, self._clock, ACCEPT_VERSION)

    def close(self) -> None:
        self._client.close()


def factory(
    spec: LosantConnection,
    resolve: Resolve,
    clock: Clock,
    *,
    transport: httpx.BaseTransport | None = None,
    progress: ReadProgress = SILENT,
) -> Losant:
    """Return the platform of a connection; `transport` replaces the network, `progress` hears of readings and requests.

    Raises SettingsError; sends nothing.
    """
    client = Client(
        spec.url,
        Bearer(partial(resolve, spec.token)),
        platform="losant",
        clock=clock,
        headers={"Accept-Version": ACCEPT_VERSION},
        timeout=seconds(spec.requests.timeout),
        concurrency=spec.requests.concurrency,
        per_second=spec.requests.per_second,
        max_megabytes=spec.requests.max_megabytes,
        transport=transport,
        progress=progress,
    )
    return Losant(client, spec, clock, progress=progress)
