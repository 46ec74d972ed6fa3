"""A whole simulated platform behind one function, `handle`: access, faults, endpoints, the log of calls.

Order of one call: network faults before the effect (reset, html, 429, 500), access, faults that act on the world (shift,
gone, partial, lag), the endpoint, and faults that bend the answer (lost, truncate, drip, endless, bomb, empty, short, totals, slow). A platform
subclasses `Simulator` and says whom it admits, how it refuses, what an empty and a shortened answer look like.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from reconciler.simulators.control import SimulatedWorld, control
from reconciler.simulators.exchange import HTML_HEADERS, Json, Reply, Request, json_object, json_reply
from reconciler.simulators.faults import BENDING, overstated
from reconciler.simulators.routes import Call, CallLog, Refusal, Route, Write, find

W = TypeVar("W", bound=SimulatedWorld)

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"


class Simulator(ABC, Generic[W]):
    """A world with an API in front of it. `handle` serves sockets and test transports alike.

    `call` makes a platform's own kind of call of request, path, world, and whether `partial` and `lag` strike.
    """

    def __init__(self, world: W, routes: Sequence[Route[Any]], call: Callable[..., Call[W]]) -> None:
        self.world = world
        self.routes = routes
        self.call = call
        self.faults = world.faults
        self.calls = CallLog()

    # --- what a platform says ----------------------------------------------------------------------------------------

    @abstractmethod
    def admit(self, route: Route[Any], path: dict[str, str], request: Request) -> None:
        """Raise `Refusal` for who may not call this, or calls what is not there."""

    @abstractmethod
    def shift(self, route: Route[Any]) -> None:
        """Change the world before a page of it is answered, so that rows have moved while totals agree."""

    @abstractmethod
    def gone(self, path: Mapping[str, str], request: Request) -> bool:
        """Delete something that a call names, and say whether there was anything. May raise `Refusal`."""

    @abstractmethod
    def refused(self, status: int, message: str) -> Reply:
        """An error of the platform's shape."""

    @abstractmethod
    def emptied(self, payload: Json) -> Json:
        """The well-formed answer that says nothing."""

    @abstractmethod
    def shortened(self, payload: Json) -> Json:
        """The answer with some rows missing while its totals stay."""

    # --- one call ----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Reply:
        """Answer one request, API or `/simulator/…`."""
        with self.world.lock:
            self.world.timeline.advance()
            if request.path.startswith("/simulator/"):
                return control(self.world, self.faults, self.calls, request, self.refused)
            at = self.world.timeline.seconds()
            reply = self._api(request)
            return replace(reply, headers={**reply.headers, "date": formatdate(at, usegmt=True)}).held(
                self.faults.latency
            )

    def strikes(self, kind: str, route: Route[Any]) -> bool:
        """Whether a fault strikes this call."""
        return self.faults.draw(kind, route.name, route.groups)

    def _api(self, request: Request) -> Reply:
        found = find(self.routes, request.method, request.path)
        if found is None:
            return self.refused(405, f"{request.method} is not allowed for {request.path}")
        route, path = found
        fault, reply = self._before(route)
        if reply is None:
            try:
                fault, reply = self._serve(route, path, request)
            except Refusal as refusal:
                fault, reply = refusal.fault, refusal.reply
            fault, reply = self._after(route, fault, reply)
        self._record(route, request, fault, reply)
        return reply

    def _before(self, route: Route[Any]) -> tuple[str | None, Reply | None]:
        if self.strikes("reset", route):
            return "reset", Reply(0, cut=True)
        if self.strikes("html", route):
            return "html", Reply(200, PAGE, HTML_HEADERS)
        if self.strikes("429", route):
            reply = self.refused(429, "Too many requests")
            return "429", replace(reply, headers={**reply.headers, "retry-after": str(self.faults.retry_after)})
        if self.strikes("500", route):
            return "500", self.refused(500, "An unexpected error occurred")
        if self.strikes("masked", route):
            return "masked", replace(self.refused(400, "The request is refused"), status=200)
        return None, None

    def _serve(self, route: Route[Any], path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        self.admit(route, path, request)
        if self.strikes("shift", route):
            self.shift(route)
        if self.strikes("gone", route) and self.gone(path, request):
            struck: str | None = "gone"
        else:
            struck = next((kind for kind in ("partial", "lag") if self.strikes(kind, route)), None)
        call = self.call(request, path, self.world, partial=struck == "partial", lag=struck == "lag")
        return struck, route.endpoint(call)

    def _after(self, route: Route[Any], fault: str | None, reply: Reply) -> tuple[str | None, Reply]:
        if self.strikes("lost", route):
            return "lost", Reply(0, cut=True)
        for kind in BENDING:
            if self.strikes(kind, route):
                return kind, self.faults.bend(kind, reply)
        for kind, change in (("empty", self.emptied), ("short", self.shortened), ("totals", overstated)):
            if reply.status == 200 and self.strikes(kind, route):
                return kind, json_reply(200, change(msgspec.json.decode(reply.body)))
        if self.strikes("slow", route):
            return fault or "slow", reply.held(self.faults.slow_for)
        return fault, reply

    def _record(self, route: Route[Any], request: Request, fault: str | None, reply: Reply) -> None:
        if route.reads:
            self.calls.reads[route.name] += 1
            return
        status, at = 0 if reply.cut else reply.status, self.world.timeline.seconds()
        body = json_object(request.body)
        self.calls.writes.append(Write(route.name, request.method, request.path, body, status, fault, at))


class Served(Generic[W]):
    """A simulator being served on 127.0.0.1, with `with` or with `.server.start()` and `.stop()`.

    `details` is what a client needs besides the address (no secrets of the real world: everything here is simulated);
    each is an attribute too.
    """

    def __init__(self, platform: str, simulator: Simulator[W], details: Mapping[str, str], port: int = 0) -> None:
        from reconciler.simulators.server import Server

        self.platform = platform
        self.simulator = simulator
        self.world = simulator.world
        self.details = dict(details)
        self.calls = simulator.calls
        self.server = Server(simulator, port)
        self.url = self.server.url

    def __getattr__(self, name: str) -> str:
        if name == "details" or name not in self.details:
            raise AttributeError(name)
        return self.details[name]

    def announcement(self) -> dict[str, str]:
        """What a caller in another process needs to know: platform, url, and the details."""
        return {"platform": self.platform, "url": self.url, **self.details}

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; the first line of standard output is the announcement."""
        from reconciler.simulators.server import run

        run(self.server, self.announcement())

    def stop(self) -> None:
        """End serving."""
        self.server.stop()

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
