"""A whole simulated platform behind one function, `handle`: faults, endpoints, the log of calls.

Order of one call: network faults before the effect (reset, html, 429, 500), what the platform itself does (`serve`:
access, faults that act on its world, the endpoint), and faults that bend the answer (lost, truncate, empty, short,
slow). A platform subclasses `Simulator` and says how it refuses, what an empty and a shortened answer look like.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate
from threading import RLock
from typing import Any

import msgspec

from reconciler.simulators.call_log import CallLog, Write
from reconciler.simulators.exchange import HTML_HEADERS, Json, Reply, Request, json_reply
from reconciler.simulators.faults import Faults
from reconciler.simulators.routes import Route, find

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"


class Refusal(Exception):
    """An endpoint will not do what was asked: the reply that says so, in the platform's own shape."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status}: {reply.body.decode(errors='replace')}")
        self.status = reply.status
        self._reply = reply

    def reply(self) -> Reply:
        """The refusal as the caller sees it."""
        return self._reply


class Simulator(ABC):
    """A world with an API in front of it. `handle` serves sockets and test transports alike."""

    def __init__(self, routes: Sequence[Route[Any]], faults: Faults, lock: RLock) -> None:
        self.routes = routes
        self.faults = faults
        self.lock = lock
        self.calls = CallLog()

    # --- what a platform says ----------------------------------------------------------------------------------------

    @abstractmethod
    def now(self) -> float:
        """The world's time, in seconds since 1970, after letting it go on."""

    @abstractmethod
    def control(self, request: Request) -> Reply:
        """Answer a request below `/simulator/`."""

    @abstractmethod
    def serve(self, route: Route[Any], path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        """Check access, let faults act on the world, call the endpoint; return the fault that acted, and the reply.

        Raises `Refusal`.
        """

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
        with self.lock:
            at = self.now()
            if request.path.startswith("/simulator/"):
                return self.control(request)
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
                fault, reply = self.serve(route, path, request)
            except Refusal as refusal:
                reply = refusal.reply()
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
        return None, None

    def _after(self, route: Route[Any], fault: str | None, reply: Reply) -> tuple[str | None, Reply]:
        if self.strikes("lost", route):
            return "lost", Reply(0, cut=True)
        if self.strikes("truncate", route):
            return "truncate", replace(reply, body=reply.body[: len(reply.body) // 2])
        if reply.status == 200 and self.strikes("empty", route):
            return "empty", json_reply(200, self.emptied(msgspec.json.decode(reply.body)))
        if reply.status == 200 and self.strikes("short", route):
            return "short", json_reply(200, self.shortened(msgspec.json.decode(reply.body)))
        if self.strikes("slow", route):
            return fault or "slow", reply.held(self.faults.slow_for)
        return fault, reply

    def _record(self, route: Route[Any], request: Request, fault: str | None, reply: Reply) -> None:
        if route.reads:
            self.calls.reads[route.name] += 1
            return
        try:
            body = msgspec.json.decode(request.body)
        except msgspec.DecodeError:
            body = None
        status = 0 if reply.cut else reply.status
        self.calls.writes.append(Write(route.name, request.method, request.path, body, status, fault, self.now()))
