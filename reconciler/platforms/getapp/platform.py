"""The platform port for one GetApp agent: a CDN master with its devices, or one agent alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review
from reconciler.model.outcome import Receipt
from reconciler.model.quantity import seconds
from reconciler.model.release import Catalog, Preparation, Release, ReleaseList, ReleaseQuery, Wanted
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.answers import hinted
from reconciler.platforms.credentials import Credentials, NoCredentials
from reconciler.platforms.getapp.catalog import Catalogue
from reconciler.platforms.getapp.check import checks
from reconciler.platforms.getapp.compile import compile_changes
from reconciler.platforms.getapp.connection import GetAppConnection
from reconciler.platforms.getapp.execute import Sender
from reconciler.platforms.getapp.login import Login, LoginRequest
from reconciler.platforms.getapp.observe import Observer
from reconciler.platforms.getapp.prepare import preparation_of
from reconciler.platforms.getapp.review import Reviewer
from reconciler.platforms.getapp.routes import Routes, Server
from reconciler.platforms.getapp.steps import DEVICES_PER_ACTION, UNINSTALL, Table
from reconciler.platforms.http import Client
from reconciler.platforms.reading.readers import Meter, Readers, clocks
from reconciler.plugin.platform import Resolve
from reconciler.ports import SILENT, Capabilities, Check, Clock, ReadProgress

if TYPE_CHECKING:
    import httpx

_GUARDED = (
    "the documents know no credentials of an agent: check that the connection's agent is one, and what stands before it"
)
_ABSENT = "check that the connection's agent is one"
AGENT_HINTS: dict[str, dict[int, str]] = {
    "cdn": {
        401: _GUARDED,
        403: _GUARDED,
        404: f"{_ABSENT}, and a CDN master: of one that manages no others, the topology is agent",
    },
    "agent": {
        401: _GUARDED,
        403: _GUARDED,
        404: f"{_ABSENT}, and not in proxy mode, in which it passes its calls on to the server",
    },
}
SERVER_HINTS = {
    401: "check user and password of the connection's delivery.login",
    403: "the rights of the connection's delivery.login are not sufficient: ask for the role that this needs",
    404: "check that the connection's delivery.url is the server's API",
}
"""What to look at when a call is refused, by status. That agents need no credentials and pass calls on in proxy mode is
confirmed (sections 1 and 3)."""


class GetApp:
    """One agent of GetApp, with the delivery server behind it where the connection names one. Safe in several threads."""

    def __init__(
        self,
        client: Client,
        server: Server | None,
        spec: GetAppConnection,
        clock: Clock,
        *,
        meter: Meter = clocks,
        progress: ReadProgress = SILENT,
    ) -> None:
        """Take the agent's client, the server, what the connection says, the clock, and what readers go by.

        Raises SettingsError for routes that could hit what nobody named.
        """
        self._client = client
        self._clock = clock
        self._routes = Routes(client)
        self._server = server
        self._table = Table(spec)
        readers = Readers(spec.requests.concurrency, meter, progress)
        self._observer = Observer(self._routes, readers, clock, self.identity, fleet=self._table.fleet)
        self._catalogue = Catalogue(self._routes, self._server, readers, fleet=self._table.fleet)
        self._sender = Sender(self._routes, self._server, self._table, clock)

    def __repr__(self) -> str:
        return f"GetApp({self.identity!r})"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="getapp",
            ids_per_call=DEVICES_PER_ACTION if self._table.fleet else 1,
            wide_calls=False,
            orders_versions=False,
            retries_itself=False,  # a delivery is tried a few times, then it is Error and waits, confirmed (config-yaml.md)
            uninstalls=self._table.on(UNINSTALL),
            selectors=frozenset({"ids", "names", "tags"}),
            steps=True,
        )

    @property
    def identity(self) -> str:
        """Return which agent this is, without secrets."""
        return f"getapp:{'cdn' if self._table.fleet else 'agent'}:{self._client.url}"

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Read devices and the releases on them. Raises PlatformError when nothing can be read at all."""
        return self._observer.observe(query, since)

    def catalog(self, wanted: Wanted, seen: Snapshot | None = None, *, probe: Collection[Release] = ()) -> Catalog:
        """Look up releases; every wanted one is a key. Of those in `probe` a caching server may begin preparations.

        Of the units that `wanted` gives also what stands between each and the release.
        """
        return self._catalogue.look_up(wanted, seen, probe)

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """List releases. GetApp knows no revisions, hardware versions or builds: notes say so."""
        return self._catalogue.listing(query)

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Say which changes may not go, what follows, and what to warn of; pure."""
        return Reviewer(snapshot, catalog, self._table).review(changes)

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
        """Turn changes into the next call of each; every call names its devices."""
        del fleet_wide, wide, refused  # no call acts wide
        return compile_changes(changes, snapshot, catalog, self._table)

    def execute(self, action: Action, deadline: float) -> Receipt:
        return self._sender.execute(action, deadline)

    def preparations(self, references: Collection[str], *, probe: bool) -> tuple[Preparation, ...]:
        """Return how preparations on the delivery server stand, in the order asked; without `probe` they are not asked."""
        if self._server is None:
            return ()
        return tuple(preparation_of(self._server, one, probe=probe) for one in references)

    def check(self) -> Iterator[Check]:
        return checks(self._routes, self._server, self._table, self._clock)

    def close(self) -> None:
        self._client.close()
        if self._server is not None:
            self._server.close()


def factory(
    spec: GetAppConnection,
    resolve: Resolve,
    clock: Clock,
    *,
    transport: httpx.BaseTransport | None = None,
    progress: ReadProgress = SILENT,
) -> GetApp:
    """Return the platform of a connection; `transport` replaces the network, `progress` hears of readings and requests.

    Raises SettingsError; sends nothing.
    """

    def client(url: str, credentials: Credentials, hints: dict[int, str]) -> Client:
        return Client(
            url,
            credentials,
            platform="getapp",
            refused=hinted(hints),
            clock=clock,
            timeout=seconds(spec.requests.timeout),
            concurrency=spec.requests.concurrency,
            per_second=spec.requests.per_second,
            max_megabytes=spec.requests.max_megabytes,
            transport=transport,
            progress=progress,
        )

    server = None
    if spec.delivery is not None:
        user = spec.delivery.login
        login = Login(partial(resolve, user.username), partial(resolve, user.password), clock)
        anonymous = client(spec.delivery.url, LoginRequest(login), SERVER_HINTS)
        login.use(anonymous)
        server = Server(client(spec.delivery.url, login, SERVER_HINTS), anonymous, spec.delivery.source)
    return GetApp(
        client(spec.agent, NoCredentials(), AGENT_HINTS[spec.topology]), server, spec, clock, progress=progress
    )
