"""The platform port for one store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

import httpx
import msgspec

from reconciler.errors import PlatformError
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.quantity import seconds
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Ref
from reconciler.platforms.answers import receipt_of
from reconciler.platforms.credentials import Bearer
from reconciler.platforms.http import Client
from reconciler.plugin.platform import Resolve
from reconciler.ports import SILENT, Capabilities, Check, Clock, ReadProgress
from reconciler_shelf.compile import ASSIGN, SHELVES_PER_CALL, compile_changes
from reconciler_shelf.connection import ShelfConnection
from reconciler_shelf.translate import snapshot_of
from reconciler_shelf.wire import Accepted, Shelves, Versions

ATTEMPTS = 3
L = TypeVar("L", Shelves, Versions)


class Shelf:
    """One store. Safe to use from several threads."""

    def __init__(self, client: Client, spec: ShelfConnection, clock: Clock, progress: ReadProgress = SILENT) -> None:
        """Take the client, what the connection says, the clock, and who wants to know how far readings are."""
        self._client = client
        self._progress = progress
        self._clock = clock
        self._base = f"/stores/{spec.store}"

    @property
    def capabilities(self) -> Capabilities:
        """Return what the platform can do."""
        return Capabilities(
            platform="shelf",
            ids_per_call=SHELVES_PER_CALL,
            wide_calls=False,
            orders_versions=False,
            retries_itself=False,
            uninstalls=True,
            selectors=frozenset({"ids", "names", "tags"}),
        )

    @property
    def identity(self) -> str:
        """Return which store this is, without secrets."""
        return f"shelf:{self._client.url}{self._base}"

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Read all shelves, which takes one request: a narrowed query gets them all as well."""
        del query, since
        read_at = self._clock.now()
        listed, problems = self._listed("shelves", Shelves, lambda found: len(found.shelves))
        self._progress.read("shelves", len(listed.shelves), len(listed.shelves))
        versions, others = self._versions()
        packages = {one.package for one in versions.versions}
        packages |= {name for shelf in listed.shelves for name in shelf.packages}
        return snapshot_of(self.identity, listed, packages, (*problems, *others), read_at)

    def catalog(
        self, wanted: Collection[Release], seen: Snapshot | None = None, *, probe: Collection[Release] = ()
    ) -> Catalog:
        """Look up releases; one is missing only where the whole list proves it."""
        del seen, probe
        if not wanted:
            return {}
        try:
            versions, problems = self._versions()
        except PlatformError as error:
            return {release: ReleaseInfo(None, detail=str(error)) for release in wanted}
        known = {Release(one.package, one.version): ReleaseInfo(True, identity=one.digest) for one in versions.versions}
        packages = {release.workload for release in known}
        unproved = ReleaseInfo(None, detail="; ".join(problems) or "the package is not known")
        return {
            release: known.get(
                release, ReleaseInfo(False) if release.workload in packages and not problems else unproved
            )
            for release in wanted
        }

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """List the versions asked about, in the order of the server."""
        versions, problems = self._versions()
        return ReleaseList(
            tuple(
                Listed(Ref(one.package, one.package), one.version, ReleaseInfo(True, identity=one.digest))
                for one in versions.versions
                if one.package in (query.workloads or {one.package})
                and one.version in (query.versions or {one.version})
            ),
            problems,
        )

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Return nothing: every change is one call."""
        del changes, snapshot, catalog
        return Review()

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
        """Turn changes into calls that name their shelves."""
        del snapshot, catalog, fleet_wide, wide, refused
        return tuple(compile_changes(changes, f"{self._base}/assign"))

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send one call, at most until `deadline` (monotonic seconds)."""
        if action.call != ASSIGN or action.request.path != f"{self._base}/assign":
            return Receipt(ReceiptKind.REJECTED, f"not sent: {action.call} is no call of this store")
        try:
            self._client.write(action.request.path, "assign", action.request.body, _decoder(Accepted), deadline)
        except PlatformError as error:
            return receipt_of(error)
        return Receipt(ReceiptKind.ACCEPTED, status=200)

    def check(self) -> Iterator[Check]:
        """Examine what can be examined by reading."""
        try:
            found, problems = self._listed("shelves", Shelves, lambda one: len(one.shelves))
        except PlatformError as error:
            yield Check("connection", "failed", str(error), error.hint)
            return
        yield Check("connection", "ok", f"{self._client.url} answers and accepts the token")
        yield from (Check("shelves", "warning", problem) for problem in problems)
        yield Check("shelves", "ok", f"{len(found.shelves)} shelves")
        yield Check("assign", "unchecked", "would need a write")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _versions(self) -> tuple[Versions, tuple[str, ...]]:
        return self._listed("versions", Versions, lambda found: len(found.versions))

    def _listed(self, what: str, kind: type[L], length: Callable[[L], int]) -> tuple[L, tuple[str, ...]]:
        """Return a list and why it proves nothing: it is read again while its total differs, or there is nothing in it."""
        for _ in range(ATTEMPTS):
            found = self._client.read(f"{self._base}/{what}", f"list {what}", _decoder(kind))
            if found.total == length(found) > 0:
                return found, ()
        return found, (f"the list of {what} has {length(found)} rows, and says {found.total}",)


T = TypeVar("T")


def _decoder(kind: type[T]) -> Callable[[bytes], T]:
    return msgspec.json.Decoder(kind).decode


def factory(
    spec: ShelfConnection,
    resolve: Resolve,
    clock: Clock,
    *,
    transport: httpx.BaseTransport | None = None,
    progress: ReadProgress = SILENT,
) -> Shelf:
    """Return the platform of a connection; `transport` replaces the network, `progress` hears of readings.

    Raises SettingsError; sends nothing.
    """
    client = Client(
        spec.url,
        Bearer(resolve(spec.token)),
        platform="shelf",
        clock=clock,
        timeout=seconds(spec.requests.timeout),
        concurrency=spec.requests.concurrency,
        per_second=spec.requests.per_second,
        transport=transport,
    )
    return Shelf(client, spec, clock, progress)
