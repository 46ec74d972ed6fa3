"""A recorded reading in a platform's place: plans are made from it offline, and nothing can be sent.

What a platform can do and how it compiles calls comes from the real platform, which is never asked anything over the
network; what it shows comes from the record alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reconciler.errors import PlatformError
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review
from reconciler.model.outcome import Receipt
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Ref
from reconciler.ports import Capabilities, Check, Platform

UNRECORDED = ReleaseInfo(found=None, detail="the snapshot was recorded without asking about it")


class RecordedPlatform:
    """`ports.Platform` over one recorded reading."""

    def __init__(self, real: Platform, snapshot: Snapshot, catalog: Catalog) -> None:
        self._real = real
        self._snapshot = snapshot
        self._catalog = catalog

    @property
    def capabilities(self) -> Capabilities:
        """Return what the real platform can do."""
        return self._real.capabilities

    @property
    def identity(self) -> str:
        """Return which application was recorded."""
        return self._snapshot.identity

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Return the whole recorded reading, whatever part of it is asked for."""
        del query, since
        return self._snapshot

    def catalog(
        self, wanted: Collection[Release], seen: Snapshot | None = None, *, probe: Collection[Release] = ()
    ) -> Catalog:
        """Return what was recorded of these releases; nothing is known of others."""
        del probe, seen
        return {release: self._catalog.get(release, UNRECORDED) for release in wanted}

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """Return the recorded releases, the workloads by their ids; nothing else was kept."""
        del query
        listed = tuple(
            Listed(Ref(release.workload, release.workload), release.version, info)
            for release, info in sorted(self._catalog.items(), key=lambda item: (item[0].workload, item[0].version))
        )
        return ReleaseList(listed, ("a recorded snapshot keeps only the releases it asked about",))

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Review changes as the real platform does."""
        return self._real.review(changes, snapshot, catalog)

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
        """Compile calls as the real platform does."""
        return self._real.compile(changes, snapshot, catalog, fleet_wide=fleet_wide, wide=wide, refused=refused)

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Refuse: raise PlatformError."""
        del deadline
        raise PlatformError(
            "a recorded snapshot cannot be changed", operation=f"{self.identity}: {action.call}", sent=False
        )

    def check(self) -> Iterator[Check]:
        """Yield that there is nothing to examine."""
        yield Check("platform", "unchecked", f"a recorded snapshot of {self.identity} stands in for it")

    def close(self) -> None:
        """Give the real platform back."""
        self._real.close()
