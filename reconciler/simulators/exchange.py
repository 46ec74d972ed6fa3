"""One HTTP exchange as values, so that a simulated world needs no socket to be called.

A server turns bytes into a `Request` and a `Reply` into bytes; a test transport does the same without a network. A
reply says with `cut` that no byte of it may reach the caller (the connection breaks instead), with `delay` how long
to hold it back, and with `pace` and `more` that its body comes slowly or goes on and on: worlds never sleep.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

import msgspec

Json: TypeAlias = Any

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json; charset=utf-8"}
HTML_HEADERS: Mapping[str, str] = {"content-type": "text/html; charset=utf-8"}


SLASH = "\ue000"
"""What stands in a decoded path for a slash that was encoded, and so divides nothing: a letter of private use."""


def decoded(path: bytes) -> str:
    """A path as it was sent, decoded."""
    return unquote(re.sub("%2f", SLASH, path.decode("latin-1"), flags=re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asked: an upper-case method, a decoded path, decoded query pairs, lower-case header names."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller gets: `delay` in seconds before it is sent; with `cut` the connection breaks and nothing is.

    With `pace` each byte of the body comes so many seconds after the one before. `more` follows the body, `times` over.
    Neither body says how long it is.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON_HEADERS)
    delay: float = 0.0
    cut: bool = False
    pace: float = 0.0
    more: bytes = b""
    times: int = 0

    def held(self, seconds: float) -> "Reply":
        """The same reply, held back for so many seconds more."""
        return replace(self, delay=self.delay + seconds)

    def pieces(self) -> Iterator[bytes]:
        """The body in the pieces in which it is sent."""
        if self.pace:
            yield from (self.body[at : at + 1] for at in range(len(self.body)))
        else:
            yield self.body
        for _ in range(self.times):
            yield self.more


class World(Protocol):
    """Anything that can stand behind the server."""

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises for what a caller sent."""


def json_object(content: bytes | str) -> dict[str, Json] | None:
    """JSON text as an object; None where it is anything else."""
    try:
        return msgspec.json.decode(content, type=dict[str, Json])
    except msgspec.MsgspecError:
        return None


def json_reply(status: int, payload: Json) -> Reply:
    """A reply whose body is the payload as JSON."""
    return Reply(status, msgspec.json.encode(payload))
