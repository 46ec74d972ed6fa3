"""Endpoints by method and path, one call on its way through an endpoint, and the log of all calls."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from reconciler.simulators.exchange import SLASH, Json, Reply, Request
from reconciler.simulators.faults import READS

C = TypeVar("C")
W = TypeVar("W")


class Refusal(Exception):
    """An endpoint will not do what was asked: the reply that says so, in the platform's own shape.

    `fault` is what struck the call, where that is why.
    """

    def __init__(self, reply: Reply, fault: str | None = None) -> None:
        super().__init__(f"{reply.status}: {reply.body.decode(errors='replace')}")
        self.reply = reply
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Call(Generic[W]):
    """A call and the world it meets.

    `path` holds the parts of the path that a route names; `partial` and `lag` say that those faults strike.
    """

    request: Request
    path: Mapping[str, str]
    world: W
    partial: bool = False
    lag: bool = False


@dataclass(frozen=True, slots=True)
class Route(Generic[C]):
    """One endpoint, called with a platform's own kind of call. `groups` are the words by which faults are narrowed.

    `scope` is the right that it asks for, in the platform's own words; empty where it asks for none.
    """

    name: str
    method: str
    path: re.Pattern[str]
    scope: str
    endpoint: Callable[[C], Reply]
    groups: tuple[str, ...]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return READS in self.groups


def route(name: str, method: str, path: str, endpoint: Callable[[C], Reply], *groups: str, scope: str = "") -> Route[C]:
    """A route of a path such as `/devices/{device}`; a closing `*` lets the last part hold slashes."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.removesuffix("*"))
    pattern = pattern if not path.endswith("*") else pattern.removesuffix("[^/]+)") + ".+)"
    return Route(name, method, re.compile(pattern), scope, endpoint, groups)


def find(routes: Sequence[Route[Any]], method: str, path: str) -> tuple[Route[Any], dict[str, str]] | None:
    """The route of a method and a decoded path, with the parts that the path names."""
    for one in routes:
        match = one.path.fullmatch(path) if one.method == method else None
        if match is not None:
            return one, {name: part.replace(SLASH, "/") for name, part in match.groupdict().items()}
    return None


@dataclass(frozen=True, slots=True)
class Write:
    """One write call. `status` is what was answered, 0 where the connection broke; `fault` is what struck it."""

    route: str
    method: str
    path: str
    body: Json
    status: int
    fault: str | None
    at: float


@dataclass(slots=True)
class CallLog:
    """What callers asked: every write with its fate, in order, and how often each read was made, by route."""

    writes: list[Write] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Forget everything."""
        self.writes.clear()
        self.reads.clear()

    def describe(self) -> dict[str, Json]:
        """All of it as JSON-ready values."""
        return {"writes": [asdict(write) for write in self.writes], "reads": dict(self.reads)}
