"""What the contract suite needs of a platform: a subject, which makes rigs.

A rig is a platform together with the world it talks to, in one process, without sockets or waiting, and what only the
world knows: what is true, which calls came, how to make things go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.model.change import Action
from reconciler.plugin import PlatformPlugin
from reconciler.ports import Platform
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.simulator import Simulator

Truth = dict[tuple[str, str], tuple[str | None, str | None]]
"""(assigned, reported) by (unit id, workload id), for slots that hold anything."""


class RunClock:
    """The run's clock over the world's: sleeping lets the world go on."""

    def __init__(self, world: ManualClock) -> None:
        self.world = world

    def now(self) -> float:
        return self.world.now

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> bool:
        self.world.advance(seconds)
        return False

    def stopping(self) -> bool:
        return False


@dataclass
class Rig:
    """A platform and its world. `versions` are the names that every workload has, oldest first."""

    platform: Platform
    clock: RunClock
    secret: str
    truth: Callable[[], Truth]
    fault: Callable[..., None]
    seen: Callable[[], Sequence[httpx.Request]]
    versions: Sequence[str]
    intrude: Callable[[Action], None]
    """Give a unit that is new what a wide call is about to take from all that have it."""
    own_versions: dict[str, Sequence[str]] = field(default_factory=dict)
    """The versions of workloads (by id) that differ from `versions`."""
    ids: dict[str, str] = field(default_factory=dict)
    """Ids of workloads by name, where they differ."""
    takes: Callable[[str, str], bool] = lambda unit, workload: True
    """Whether a unit is of a kind that can have a workload at all."""

    def versions_of(self, workload: str) -> Sequence[str]:
        """Return the versions that a workload has, oldest first."""
        return self.own_versions.get(workload, self.versions)

    def workload_id(self, name: str) -> str:
        """Return the id of a workload."""
        return self.ids.get(name, name)

    def requests(self) -> int:
        """How many requests came."""
        return len(self.seen())

    def writes(self) -> int:
        """How many of them were to change something."""
        return sum(request.method != "GET" for request in self.seen())

    @property
    def deadline(self) -> float:
        """A minute from now."""
        return self.clock.now() + 60.0

    def settle(self) -> None:
        """Let units take what they were assigned."""
        self.clock.sleep(3600.0)


@dataclass(frozen=True, eq=False)  # known by itself: plug-ins hold functions
class Subject:
    """A platform's name and plug-in, how to make a rig, its simulator's open questions, and what is particular about it."""

    name: str
    plugin: PlatformPlugin
    rig: Callable[..., Rig]
    """Called as `rig(units, workloads, faults=, variants=, seed=, offline=, failing=, rewrite=)`, all of them optional.

    `units` and `workloads` are numbers, `offline` and `failing` shares from 0 to 1, `faults` texts `KIND=RATE`, `variants`
    answers by question; `rewrite` takes and gives the body of every answer.
    """
    variants: tuple[tuple[str, str], ...]
    many: int = 2300
    """How many units are more than fit into two calls, or into a page."""
    malformed: Callable[[bytes], bytes] = lambda body: body
    """Takes an answer and gives it back with a value of another shape in one slot."""
    tells_failures: bool = True
    credentials: bool = True
    """Whether the platform asks who calls."""
    brings: frozenset[str] = frozenset()
    """Workloads that come along with others by themselves."""
    proves_missing: bool = True
    """Whether it can be proved that a version is not there."""
    totals: bool = True
    """Whether listings say how long they are."""
    queues: bool = True
    """Whether the platform keeps assignments for units that are away."""
    silent: bool = False
    """Whether writes are answered without a body."""
    refused: frozenset[str] = frozenset()
    """Calls that the platform never carries out in some variant, whoever asks how often."""

    def __str__(self) -> str:
        return self.name


def _pieces(reply: Reply, clock: ManualClock) -> Iterator[bytes]:
    for piece in reply.pieces():
        clock.advance(reply.pace)
        yield piece


def answering(
    world: Simulator[Any], clock: ManualClock, seen: list[httpx.Request], rewrite: Callable[[bytes], bytes]
) -> Callable[[httpx.Request], httpx.Response]:
    """Return a transport's handler; each request takes a millisecond of the world's time."""

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        clock.advance(0.001)
        query = tuple(request.url.params.multi_items())
        headers = {key.lower(): value for key, value in request.headers.items()}
        reply = world.handle(Request(request.method, request.url.path, query, headers, request.content))
        timeout = request.extensions["timeout"]["read"]
        if reply.delay > timeout:
            clock.advance(timeout)
            raise httpx.ReadTimeout("no answer in time", request=request)
        clock.advance(reply.delay)
        if reply.cut:
            raise httpx.ReadError("connection reset by peer", request=request)
        plain = not reply.pace and not reply.times and "content-encoding" not in reply.headers
        content = rewrite(reply.body) if plain else _pieces(reply, clock)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=content)

    return answer
