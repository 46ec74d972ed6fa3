"""What can go wrong between a caller and a platform, each at its own rate and drawn from one seeded source.

| kind | strikes | what happens |
|---|---|---|
| 429 | any | refused before any effect, with Retry-After |
| 500 | any | fails before any effect |
| reset | any | the connection breaks before any effect |
| lost | any | the connection breaks after the effect |
| slow | any | the answer is held back |
| truncate | any | the answer ends in the middle, after the effect |
| html | any | a page of HTML comes instead of JSON, before any effect |
| drip | any | after the effect, the answer comes a byte at a time |
| endless | any | after the effect, an answer that goes on and on; a list repeats its rows |
| bomb | any | after the effect, a small answer that unpacks to a large one (gzip) |
| expire | any | every token expires |
| short | listings | rows are missing, while a total says otherwise |
| totals | listings | every total says a thousand million |
| shift | listings | before a page is answered one unit is swapped for another |
| lag | writes | accepted, but the effect happens and can be read only later |
| partial | writes | accepted, but some of the units that it names are ignored |
| masked | writes | refused before any effect, with a good status |
| empty | reads | a well-formed answer without content |
| gone | writes | a unit that it names is deleted first |

Besides, `latency` is a fixed delay of every answer. `drip`, `endless` and `bomb` end by themselves, in an answer cut short
or complete, once a client should long have given up. A platform subclasses `Faults` with the names of its `routes`, and
with the kinds that strike other routes there (`kinds`: kind -> any, reads, writes, listings or a route).
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from random import Random
from typing import ClassVar, Self, TypeVar

from reconciler.model.quantity import percent, seconds
from reconciler.simulators.exchange import Json, Reply

T = TypeVar("T")

READS, WRITES, LISTINGS = "reads", "writes", "listings"

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("429", "500", "reset", "lost", "slow", "truncate", "html", "expire"), "any"),
    **dict.fromkeys(("drip", "endless", "bomb"), "any"),
    **dict.fromkeys(("short", "shift", "totals"), LISTINGS),
    **dict.fromkeys(("lag", "partial", "masked", "gone"), WRITES),
    "empty": READS,
}
"""What each kind strikes, unless a platform says otherwise."""

BENDING = ("truncate", "drip", "endless", "bomb")
"""Kinds that bend the bytes of an answer, in the order in which they are drawn."""

OVERSTATED = 1_000_000_000
_BLANKS = b" " * (1 << 16)


def rate(text: str | float) -> float:
    """A share from 0 to 1, of `20%`, `0.2` or a number. Raises `ValueError`."""
    if isinstance(text, str) and text.strip().endswith("%"):
        return percent(text.strip()) / 100
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is not a rate: write a share from 0 to 1, or a percentage such as 20%")
    return share


@dataclass(slots=True)
class Fault:
    """A kind at a rate (0 to 1), on some routes only, and at most `left` times (None: without end)."""

    rate: float
    on: str = "any"
    left: int | None = None


class Faults:
    """The faults in force; `draw` decides, `configure` changes them while the world runs.

    `slow_for`, `lag_for`, `latency` and `retry_after` are seconds; so are `pace`, between two bytes of a `drip`, and
    `drip_for`, after which it ends. `much` is how many bytes an `endless` answer and an unpacked `bomb` have at least.
    """

    kinds: ClassVar[Mapping[str, str]] = KINDS
    routes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, seed: int = 1, *, slow_for: float = 3.0, lag_for: float = 1.0, retry_after: int = 1) -> None:
        self.random = Random(seed)
        self.slow_for = slow_for
        self.lag_for = lag_for
        self.retry_after = retry_after
        self.pace = 0.5
        self.drip_for = 600.0
        self.much = 1 << 29
        self.latency = 0.0
        self.expired = False
        self.active: dict[str, Fault] = {}

    def configure(self, kind: str, share: str | float, on: str = "any", maximum: int | None = None) -> None:
        """Set one kind to a rate (0 ends it). `on`: any, reads, writes, listings or a route such as `devices.list`."""
        if kind == "latency":
            self.latency = share if isinstance(share, float | int) else seconds(share)
            return
        if kind not in self.kinds:
            near = get_close_matches(kind, self.kinds, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(self.kinds)} and latency"
            raise ValueError(f"there is no fault {kind!r}: {hint}")
        if on not in {"any", READS, WRITES, LISTINGS, *self.routes}:
            raise ValueError(
                f"{on!r} is nothing that a fault can be narrowed to: any, reads, writes, listings or a route"
            )
        if kind == "expire":
            self.expired = False
        self.active[kind] = Fault(rate(share), on, maximum)

    def parse(self, texts: Iterable[str]) -> Self:
        """Set faults of texts `KIND=RATE`, `KIND=RATE@writes`, `KIND=RATE@writes*3` or `latency=20ms`."""
        for text in texts:
            kind, equals, value = text.partition("=")
            if not equals:
                raise ValueError(f"{text!r} is not a fault: write KIND=RATE, for example lost=20%")
            value, _, maximum = value.partition("*")
            share, _, on = value.partition("@")
            if maximum and not maximum.isdecimal():
                raise ValueError(f"{maximum!r} is not a number of times in the fault {text!r}")
            self.configure(kind.strip(), share, on or "any", int(maximum) if maximum else None)
        return self

    def draw(self, kind: str, route: str, groups: Iterable[str]) -> bool:
        """Whether this kind strikes this call of a route that belongs to these groups (reads, writes, listings)."""
        fault = self.active.get(kind)
        if fault is None or fault.left == 0 or not fault.rate:
            return False
        reach = ("any", route, *groups)
        if fault.on not in reach or self.kinds[kind] not in reach or self.random.random() >= fault.rate:
            return False
        if fault.left is not None:
            fault.left -= 1
        return True

    def without_some(self, items: Sequence[T]) -> list[T]:
        """These in order without a random part of them, at least one where there is any."""
        if not items:
            return []
        missing = set(self.random.sample(range(len(items)), self.random.randint(1, max(1, len(items) // 2))))
        return [item for number, item in enumerate(items) if number not in missing]

    def bend(self, kind: str, reply: Reply) -> Reply:
        """An answer as a kind of `BENDING` leaves it."""
        body = reply.body
        if kind == "truncate":
            return replace(reply, body=body[: len(body) // 2])
        if kind == "drip":
            return replace(reply, body=body[: int(self.drip_for / self.pace)], pace=self.pace)
        if kind == "bomb":
            return replace(reply, body=_packed(body, self.much), headers={**reply.headers, "content-encoding": "gzip"})
        rows = body[1:-1] if body[:1] == b"[" else b""
        more = b"," + rows if rows else _BLANKS
        return replace(reply, body=body[:-1], more=more, times=self.much // len(more) + 1)

    def describe(self) -> dict[str, object]:
        """What is in force, as JSON-ready values."""
        active: dict[str, object] = {
            kind: {"rate": fault.rate, "on": fault.on, "left": fault.left} for kind, fault in self.active.items()
        }
        return active | {"latency": self.latency}


def _packed(body: bytes, much: int) -> bytes:
    """A body with so many blanks before its end, packed."""
    packer = zlib.compressobj(1, wbits=31)
    blanks = (packer.compress(_BLANKS) for _ in range(much // len(_BLANKS) + 1))
    return b"".join([packer.compress(body[:-1]), *blanks, packer.compress(body[-1:]), packer.flush()])


def overstated(payload: Json) -> Json:
    """An answer every total of which, of rows or of pages, says a thousand million."""
    if not isinstance(payload, dict):
        return payload
    return {
        key: OVERSTATED
        if isinstance(value, int) and ("total" in key.lower() or key == "page_count")
        else overstated(value)
        for key, value in payload.items()
    }
