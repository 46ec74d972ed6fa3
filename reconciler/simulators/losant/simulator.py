"""The whole simulated platform behind one function, `handle`: access, faults, endpoints, the log of calls.

Order of one call: network faults before the effect (reset, html, 429, 500), access, application, faults that act on the
world (gone, shift), the endpoint, and faults that bend its answer (lost, truncate, empty, short, slow).
"""

from dataclasses import replace
from email.utils import formatdate

import msgspec

from reconciler.simulators.exchange import HTML_HEADERS, Json, Reply, Request, json_reply
from reconciler.simulators.losant.access import Access
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.call_log import CallLog, Write
from reconciler.simulators.losant.control import control
from reconciler.simulators.losant.listing import Listings
from reconciler.simulators.losant.mishaps import delete_a_named_device, swap_a_device
from reconciler.simulators.losant.refusals import Refusal, malformed, not_found
from reconciler.simulators.losant.routes import Route, find
from reconciler.simulators.losant.world import LosantWorld

_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"


class LosantSimulator:
    """A world with an API in front of it. `handle` serves sockets and test transports alike."""

    def __init__(self, world: LosantWorld) -> None:
        self.world = world
        self.access = Access(world.app.variants)
        self.calls = CallLog()
        self.listings = Listings()
        world.app.watchers.append(self.listings)

    def handle(self, request: Request) -> Reply:
        """Answer one request, API or `/simulator/…`."""
        with self.world.lock:
            self.world.app.advance()
            if request.path.startswith("/simulator/"):
                return control(self.world, self.calls, self.access, request)
            reply = self._api(request)
            dated = {**reply.headers, "date": formatdate(self.world.app.clock(), usegmt=True)}
            return replace(reply, headers=dated).held(self.world.faults.latency)

    def _api(self, request: Request) -> Reply:
        found = find(request.method, request.path)
        if found is None:
            return Refusal(405, "MethodNotAllowed", f"{request.method} is not allowed for {request.path}").reply()
        route, path = found
        fault, reply = self._before(route)
        if reply is None:
            try:
                fault, reply = self._serve(route, path, request)
            except Refusal as refusal:
                reply = refusal.reply()
            fault, reply = self._after(route, fault, reply)
        self._record(route, request, fault, reply)
        return reply

    def _before(self, route: Route) -> tuple[str | None, Reply | None]:
        faults = self.world.faults
        if self._strikes("reset", route):
            return "reset", Reply(0, cut=True)
        if self._strikes("html", route):
            return "html", Reply(200, _PAGE, HTML_HEADERS)
        if self._strikes("429", route):
            reply = Refusal(429, "TooManyRequests", "Too many requests").reply()
            return "429", replace(reply, headers={**reply.headers, "retry-after": str(faults.retry_after)})
        if self._strikes("500", route):
            return "500", Refusal(500, "InternalServerError", "An unexpected error occurred").reply()
        return None, None

    def _serve(self, route: Route, path: dict[str, str], request: Request) -> tuple[str | None, Reply]:
        faults = self.world.faults
        faults.expired = faults.expired or self._strikes("expire", route)
        self.access.check(request.headers, route.scope, reads=route.reads, expired=faults.expired)
        if path["application"].lower() != self.world.app.id:
            raise not_found("Application")
        if self._strikes("shift", route):
            swap_a_device(self.world)
        if self._strikes("gone", route) and delete_a_named_device(self.world, request.body):
            raise malformed("Device was not found")
        partial, lag = self._strikes("partial", route), self._strikes("lag", route)
        struck = "partial" if partial else "lag" if lag else None
        return struck, route.endpoint(Call(request, path, self.world, self.listings, partial, lag))

    def _after(self, route: Route, fault: str | None, reply: Reply) -> tuple[str | None, Reply]:
        faults = self.world.faults
        if self._strikes("lost", route):
            return "lost", Reply(0, cut=True)
        if self._strikes("truncate", route):
            return "truncate", replace(reply, body=reply.body[: len(reply.body) // 2])
        if reply.status == 200 and self._strikes("empty", route):
            return "empty", json_reply(200, _emptied(msgspec.json.decode(reply.body)))
        if reply.status == 200 and self._strikes("short", route):
            return "short", json_reply(200, self._shortened(msgspec.json.decode(reply.body)))
        if self._strikes("slow", route):
            return fault or "slow", reply.held(faults.slow_for)
        return fault, reply

    def _strikes(self, kind: str, route: Route) -> bool:
        return self.world.faults.draw(kind, route.name, route.groups)

    def _shortened(self, page: Json) -> Json:
        items = page["items"]
        missing = self.world.faults.some_of(list(range(len(items))))
        kept = [item for n, item in enumerate(items) if n not in missing]
        return page | {"items": kept, "count": len(kept)}

    def _record(self, route: Route, request: Request, fault: str | None, reply: Reply) -> None:
        if route.reads:
            self.calls.reads[route.name] += 1
            return
        try:
            body = msgspec.json.decode(request.body)
        except msgspec.DecodeError:
            body = None
        status, at = 0 if reply.cut else reply.status, self.world.app.clock()
        self.calls.writes.append(Write(route.name, request.method, request.path, body, status, fault, at))


def _emptied(payload: Json) -> Json:
    """The well-formed answer that says nothing: a collection without items, or an object without fields."""
    return payload | {"items": [], "count": 0, "totalCount": 0} if "items" in payload else {}
