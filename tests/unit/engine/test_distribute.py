"""Ticks of a watch whose passes others make: what is due by the clock is one for all, what is new is one of its own."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from reconciler.core.assessment import Filters
from reconciler.engine.distribute import distributed
from reconciler.engine.group import Group
from reconciler.engine.manifests import Manifests
from reconciler.engine.wake import Wake
from reconciler.model.event import AnyEvent
from reconciler.model.fleet import Manifest
from tests.laws.worlds import Clock
from tests.unit.engine.memory import request

NOW = 1_795_000_020.25


class Commits(Manifests):
    """Manifests that a commit replaces before some passes."""

    def __init__(self, *new: bool) -> None:
        self._new = list(new)
        self.manifest = request().manifest

    def reload(self) -> Generator[AnyEvent, None, None]:
        self.changed = self._new.pop(0)
        yield from ()


def ticks(*new: bool, apart: float, woken: bool) -> list[int]:
    """The ticks of passes that follow each other so many seconds apart, of which some bring new manifests."""
    clock, wake, found = Clock(), Wake(), list[int]()
    clock.time, wake.shared = NOW, True

    def lay(manifest: Manifest, commit: str, groups: Sequence[Group], tick: int) -> Sequence[tuple[str, str]]:
        assert (manifest.digest, commit, [one.asked for one in groups]) == ("digest", "", [("plant",)])
        found.append(tick)
        if woken:
            clock.time += apart
            wake.set()
        clock.stop = len(found) == len(new)
        return ()

    commits = Commits(*new)
    list(distributed(commits, Filters(), lay, clock, run="r", interval=60.0, once=False, wake=wake))
    return found


@pytest.mark.parametrize("new", [(True, True, True), (True, False, True), (True, False, False)])
def test_what_is_new_has_a_tick_of_its_own_within_a_second(new: tuple[bool, ...]) -> None:
    found = ticks(*new, apart=0.125, woken=True)
    assert found == [int(1000 * (NOW + number * 0.125)) for number in range(len(new))]


def test_what_is_due_by_the_clock_has_the_same_tick_for_all_who_count() -> None:
    assert ticks(True, False, False, apart=0.0, woken=False)[1:] == [1_795_000_080_000, 1_795_000_140_000]
