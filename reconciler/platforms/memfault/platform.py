"""The platform port for one Memfault project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from reconciler.errors import SettingsError
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review, SlotId, Staging
from reconciler.model.drift import Actor
from reconciler.model.outcome import Receipt
from reconciler.model.quantity import seconds
from reconciler.model.release import Catalog, Release, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.credentials import Basic, Bearer, Credentials
from reconciler.platforms.http import Client
from reconciler.platforms.memfault.attribute import attributed
from reconciler.platforms.memfault.catalog import Catalogue
from reconciler.platforms.memfault.check import checks
from reconciler.platforms.memfault.compile import RAISE, compile_changes
from reconciler.platforms.memfault.connection import ROLLOUT, MemfaultConnection
from reconciler.platforms.memfault.execute import Sender
from reconciler.platforms.memfault.observe import observe
from reconciler.platforms.memfault.review import review_changes
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.reading.readers import Meter, Readers, clocks
from reconciler.plugin.platform import Resolve
from reconciler.ports import SILENT, Capabilities, Check, Clock, ReadProgress

if TYPE_CHECKING:
    import httpx


class Memfault:
    """One project of Memfault. Safe to use from several threads."""

    def __init__(
        self,
        client: Client,
        spec: MemfaultConnection,
        clock: Clock,
        *,
        meter: Meter = clocks,
        progress: ReadProgress = SILENT,
    ) -> None:
        self._client = client
        self._spec = spec
        self._clock = clock
        self._routes = Routes(client, spec.organization, spec.project)
        self._readers = Readers(spec.requests.concurrency, meter, progress)
        self._sender = Sender(self._routes, redraw=spec.redraw)

    def __repr__(self) -> str:
        return f"Memfault({self.identity!r})"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="memfault",
            ids_per_call=1,
            wide_calls=False,
            orders_versions=True,
            retries_itself=True,  # devices ask again, confirmed (MDX docs/mcu/releases-integration-guide.mdx)
            uninstalls=False,
            selectors=frozenset({"ids", "names", "tags", "cohorts"}),
            steps=True,
            staging=Staging(ROLLOUT, RAISE),
        )

    @property
    def identity(self) -> str:
        """Return which project this is, without secrets."""
        return f"memfault:{self._client.url}{self._routes.project}"

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Read cohorts, software types, devices and deployments. Raises PlatformError when nothing can be read at all."""
        del since
        seen_within = seconds(self._spec.seen_within)
        return observe(self._routes, self._readers, self._clock, query, identity=self.identity, seen_within=seen_within)

    def attribute(self, slots: Mapping[SlotId, str | None], before: Snapshot | None = None) -> dict[SlotId, Actor]:
        """Return who activated these versions, since an earlier reading or ever."""
        return attributed(self._routes, slots, before)

    def catalog(
        self, wanted: Collection[Release], seen: Snapshot | None = None, *, probe: Collection[Release] = ()
    ) -> Catalog:
        """Look up releases; every wanted one is a key of the answer."""
        del probe, seen  # no question to Memfault has an effect
        return Catalogue(self._routes, self._readers).look_up(wanted)

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """List releases, with their software types as far as the platform names them."""
        return Catalogue(self._routes, self._readers).listing(query)

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Say what cannot go, what will be pulled later, and how many devices will not take it."""
        return review_changes(changes, snapshot, catalog, redraw=self._spec.redraw)

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
        """Turn changes into calls, each of one activation."""
        del catalog, fleet_wide, wide  # calls name versions as people do, and there are none that act wide
        refused = refused if self._spec.redraw else NOTHING_REFUSED
        return compile_changes(changes, snapshot, self._routes.project, refused=refused)

    def execute(self, action: Action, deadline: float) -> Receipt:
        return self._sender.execute(action, deadline)

    def check(self) -> Iterator[Check]:
        return checks(self._routes, self._clock, user=self._spec.user is not None)

    def close(self) -> None:
        self._client.close()


def factory(
    spec: MemfaultConnection,
    resolve: Resolve,
    clock: Clock,
    *,
    transport: httpx.BaseTransport | None = None,
    progress: ReadProgress = SILENT,
) -> Memfault:
    """Return the platform of a connection; `transport` replaces the network, `progress` hears of readings and requests.

    Raises SettingsError; sends nothing.
    """
    client = Client(
        spec.url,
        _credentials(spec, resolve),
        platform="memfault",
        clock=clock,
        timeout=seconds(spec.requests.timeout),
        concurrency=spec.requests.concurrency,
        per_second=spec.requests.per_second,
        max_megabytes=spec.requests.max_megabytes,
        transport=transport,
        progress=progress,
    )
    return Memfault(client, spec, clock, progress=progress)


def _credentials(spec: MemfaultConnection, resolve: Resolve) -> Credentials:
    """Return how the client says who it is: a token as Bearer, a user as Basic, confirmed (WEB /api)."""
    if spec.token is not None and spec.user is None:
        return Bearer(partial(resolve, spec.token))
    if spec.user is not None and spec.token is None:
        return Basic(partial(resolve, spec.user.email), partial(resolve, spec.user.key))
    raise SettingsError("the connection needs exactly one of `token` and `user`", hint="remove one, or add one")
