"""Readings of earlier passes of a watch, by connection, from which later ones go on: a cache beside the reader, and no truth.

Losing it makes the next reading a full one, and nothing else. What a reading shows that goes on from another is compared
with git and reported; what is sent rests on full readings alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from reconciler.core.reuse import Before
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Clock

FULL_EVERY = 15
"""Passes of which one reads everything, where nobody says otherwise."""
OLDEST = 3600.0
"""Seconds after which everything is read, however few passes there were."""


@dataclass
class _Kept:
    """What is kept of a connection."""

    snapshot: Snapshot
    full_at: float
    """When it was last read in full, in monotonic seconds."""
    passes: int = 1
    """Passes since then, that one included."""
    due: bool = False
    """Whether everything is to be read next."""


class Recent:
    """What passes read last. Groups of one pass use it at a time, each for its own connections."""

    def __init__(self, full_every: int, clock: Clock, oldest: float = OLDEST) -> None:
        """Take how many passes there are to one full reading, and after how many seconds one is due anyway.

        1 is to read everything in each.
        """
        self._oldest = oldest
        self.full_every = full_every
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self.assessed: dict[str, Before] = {}
        """How connections were assessed last."""
        self._doubts: dict[str, str] = {}
        self._said: dict[str, str] = {}

    def asked(self, connection: str, query: Query, *, full: bool) -> tuple[Query, Snapshot | None]:
        """Return how to ask for everything in this pass, and the reading to go on from."""
        if self.full_every < 2:
            return query, None
        query = msgspec.structs.replace(query, continued=True)
        kept = self._kept.get(connection)
        if kept is None or kept.snapshot.mark is None:
            return query, None
        old = kept.passes >= self.full_every or self._clock.monotonic() - kept.full_at >= self._oldest
        return msgspec.structs.replace(query, full=full or kept.due or old), kept.snapshot

    def keep(self, connection: str, snapshot: Snapshot) -> None:
        """Take what a connection showed; of one whose reading failed, `forget`."""
        if snapshot.doubt and snapshot.doubt == self._doubts.get(connection):
            self._said.setdefault(connection, "")
        elif snapshot.full_at is not None:
            self._said.pop(connection, None)
        self._doubts[connection] = snapshot.doubt
        kept = self._kept.get(connection)
        if snapshot.full_at is None or kept is None:
            self._kept[connection] = _Kept(snapshot, self._clock.monotonic())
        else:
            kept.snapshot, kept.passes = snapshot, kept.passes + 1

    def remarks(self) -> Iterator[str]:
        """Yield which connections are read in full again and again, and why, once."""
        for name in sorted(self._said):
            if self._doubts[name] and self._said[name] != self._doubts[name]:
                self._said[name] = self._doubts[name]
                yield f"every pass reads everything of the connection {name}: {self._doubts[name]}"

    def forget(self, connection: str) -> None:
        """Keep nothing of a connection: there is doubt about what it showed."""
        self._kept.pop(connection, None)
        self.assessed.pop(connection, None)

    def changed(self, connections: Collection[str]) -> None:
        """Have everything read next of these connections: something was sent to them."""
        for name in connections:
            if name in self._kept:
                self._kept[name].due = True

    def clear(self) -> None:
        """Keep nothing: the manifests are others, and what is under the name of a connection may be another one."""
        self._kept.clear()
        self.assessed.clear()
