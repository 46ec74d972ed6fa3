"""The use case "watch" on many machines: which passes are due, tick by tick. Whoever takes them makes them.

Ticks are the multiples of the interval, so that several who count them mean the same ones.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.engine.group import Group, groups_of
from reconciler.engine.manifests import Manifests
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Note
from reconciler.model.fleet import Manifest
from reconciler.ports import Clock


class Lay(Protocol):
    """Lays passes down."""

    def __call__(
        self, manifest: Manifest, commit: str, groups: Sequence[Group], tick: int
    ) -> Sequence[tuple[str, str]]:
        """Lay one down for each group, for a tick; return what a person should know (level, words).

        Raises ReconcilerError where it cannot.
        """
        ...


class Distributing:
    """One watch that makes no pass itself. Iterate `events()`; it ends after a stop, or after one tick with `once`."""

    def __init__(
        self, manifests: Manifests, filters: Filters, lay: Lay, clock: Clock, *, run: str, interval: float, once: bool
    ) -> None:
        """Take the manifests in force, what is in reach, what lays passes down, and how many seconds lie between ticks."""
        self.manifests = manifests
        self.filters = filters
        self.lay = lay
        self.clock = clock
        self.run = run
        self.interval = interval
        self.once = once
        self._said: tuple[tuple[str, str], ...] = ()

    def events(self) -> Generator[AnyEvent, None, None]:
        """Lay passes down, telling what is new. Raises what is wrong with the very first manifests, or with the first tick."""
        first = True
        while not self.clock.stopping():
            yield from self.manifests.reload()
            manifest = self.manifests.manifest
            if manifest is not None:
                groups = groups_of(PlanRequest(manifest=manifest, filters=self.filters))
                tick = int(self._now if self.manifests.changed else self._now // self.interval * self.interval)
                try:
                    said = tuple(self.lay(manifest, self.manifests.commit or "", groups, tick))
                except ReconcilerError as error:
                    if first:
                        raise
                    said = (("error", error.advised),)
                yield from (self._note(*one) for one in said if one not in self._said)
                if any(level == "error" for level, _ in self._said) and not any(level == "error" for level, _ in said):
                    yield self._note("info", "passes are laid down again")
                self._said = said
            first = False
            if self.once or self.clock.sleep(self.interval - self._now % self.interval):
                return

    @property
    def _now(self) -> float:
        return self.clock.now()

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self._now, run=self.run, level=level, message=message)
