"""Endpoints by method and path, in the order in which they are tried."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reconciler.simulators.exchange import SLASH, Reply
from reconciler.simulators.faults import READS

C = TypeVar("C")


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
