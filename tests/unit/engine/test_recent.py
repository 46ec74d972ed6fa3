"""Passes that read only what changed: what they rest on, and when everything is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from reconciler.engine.manifests import Reloading
from reconciler.engine.recent import OLDEST, Recent
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.model.change import Action
from reconciler.model.event import AnyEvent, Note, Passed
from reconciler.model.fleet import Limits
from reconciler.model.outcome import Receipt
from reconciler.model.snapshot import Query, Snapshot
from tests.unit.engine.memory import Memory, gone, request
from tests.unit.engine.test_watching import Between, Git

INTERVAL = 60.0


class Marking(Memory):
    """A platform that can say what changed. `log` has how each reading was made, and calls, in their order."""

    def __init__(self, clock: Between, count: int = 4) -> None:
        super().__init__(clock, count)
        self.log: list[str] = []
        self.doubt = ""
        self.afterwards: Callable[[], object] = lambda: None
        """What happens right after what changed was read."""

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        goes_on = since is not None and query.continued and not query.full and not self.doubt
        found = super().observe(query, since)
        found.mark = "mark" if query.continued else None
        if goes_on:
            assert since is not None
            assert since.mark == "mark"
            found.full_at = since.read_in_full_at
            self.afterwards()
        elif since is not None:
            found.doubt = self.doubt
        self.log.append("changes" if goes_on else "full")
        return found

    def execute(self, action: Action, deadline: float) -> Receipt:
        self.log.append("call")
        return super().execute(action, deadline)


Happening = Callable[[Marking], object]


def watched(
    *happens: Happening, full_every: int = 4, git: Git | None = None, **how: Any
) -> tuple[Marking, list[AnyEvent]]:
    """Watch, and let something happen after each pass; a last pass is made after the last of it."""
    clock = Between()
    memory = Marking(clock)
    for unit in memory.units:
        memory.set(unit, "2")
    clock.happens = [partial(one, memory) for one in happens]
    source = git or Git(request())
    watching = Watching(
        Reloading(source, lambda _: source.commit, clock, "w"),
        lambda manifest: lambda name: memory,
        clock,
        Watched(interval=INTERVAL, **{"apply": True, "options": Options(concurrency=1, wait=False), **how}),
        run="w",
        random=lambda: 0.5,
        recent=Recent(full_every, clock),
    )
    return memory, list(watching.events())


def nothing(memory: Marking) -> None:
    """Let nothing happen."""


def test_one_of_so_many_passes_reads_everything() -> None:
    memory, events = watched(*[nothing] * 6)
    assert memory.log == ["full", "changes", "changes", "changes", "full", "changes", "changes"]
    times = [(one.read_at, one.full_at) for one in events if isinstance(one, Passed)]
    first, fifth = times[0][0], times[4][0]
    assert [full for _, full in times] == [first] * 4 + [fifth] * 3
    assert [read for read, _ in times] == sorted({read for read, _ in times if read is not None})


def test_a_watch_that_reads_everything_in_each_pass_asks_for_no_more() -> None:
    memory, _ = watched(*[nothing] * 3, full_every=1)
    assert memory.log == ["full"] * 4


def test_after_an_hour_everything_is_read_however_few_passes_there_were() -> None:
    def wait(memory: Marking) -> None:
        memory.clock.time += OLDEST

    memory, _ = watched(nothing, wait, nothing, full_every=1000)
    assert memory.log == ["full", "changes", "full", "changes"]


def test_what_is_sent_rests_on_a_full_reading_and_so_does_what_comes_after_it() -> None:
    memory, _ = watched(nothing, lambda one: one.set("u1", "1"), nothing, nothing)
    assert memory.log == ["full", "changes", "changes", "full", "call", "full", "changes"]
    assert memory.calls == [("2", ("u1",))]


def test_what_a_full_reading_does_not_show_is_not_sent() -> None:
    def drift(memory: Marking) -> None:
        memory.set("u1", "1")
        memory.afterwards = lambda: memory.set("u1", "2")

    memory, events = watched(drift, nothing)
    assert memory.log == ["full", "changes", "full", "changes"]
    assert memory.calls == []
    assert [one.sync for one in events if isinstance(one, Passed)] == ["synced"] * 3


@pytest.mark.parametrize("how", [{"apply": False}, {"propose": True}])
def test_who_sends_nothing_needs_no_full_reading_unless_a_person_is_asked(how: dict[str, Any]) -> None:
    memory, _ = watched(lambda one: one.set("u1", "1"), nothing, **how)
    assert memory.calls == []
    assert memory.log == (["full", *["changes", "full"] * 2] if "propose" in how else ["full", "changes", "changes"])


def test_what_a_limit_blocks_is_not_sent_and_needs_no_full_reading() -> None:
    git = Git(request(limits=Limits(replace="0")))
    memory, _ = watched(lambda one: one.set("u1", "1"), nothing, git=git)
    assert memory.calls == []
    assert memory.log == ["full", "changes", "changes"]


def test_other_manifests_are_held_against_a_full_reading() -> None:
    git = Git(request())
    memory, _ = watched(nothing, lambda _: git.say(request("3", mode="observe")), nothing, git=git)
    assert memory.log == ["full", "changes", "full", "changes"]


def test_after_a_reading_that_failed_everything_is_read() -> None:
    def fail(memory: Marking) -> None:
        memory.unreadable = [gone()]

    memory, _ = watched(nothing, fail, nothing, nothing)
    assert memory.log == ["full", "changes", "full", "changes"]


def test_what_is_read_in_full_again_and_again_is_said_once_with_the_reason() -> None:
    def doubt(memory: Marking) -> None:
        memory.doubt = "the platform does not say what time it has"

    def trust(memory: Marking) -> None:
        memory.doubt = ""

    words = "every pass reads everything of the connection plant: the platform does not say what time it has"
    memory, events = watched(doubt, nothing, nothing, nothing, trust, nothing, doubt, nothing)
    assert [one.message for one in events if isinstance(one, Note)] == [words, words]
    assert memory.log.count("changes") == 2
    _, events = watched(doubt, trust, nothing)
    assert [one for one in events if isinstance(one, Note)] == [], "once is no news"
