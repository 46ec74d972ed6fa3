"""The application: pages, the API, the stream, and the probes of a watch."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.web.access import Role
from reconciler.web.api import JSON, Served, routes
from reconciler.web.guarding import Guard, Refused, body_of, plain, problem, who
from reconciler.web.operations import PREFIX
from reconciler.web.pages import WebSite
from reconciler.web.server import Page, Taker
from reconciler.web.server import Request as Asked
from reconciler.web.streaming import Stream


def application(served: Served, probes: Mapping[str, Page], takers: Mapping[str, Taker] = {}) -> ASGIApp:
    """Return the application. Where nobody may look, it has the probes alone."""
    found: list[BaseRoute] = [Route(path, _probe(page), methods=["GET"]) for path, page in probes.items()]
    found += [Route(path, _taking(taker), methods=["POST"]) for path, taker in takers.items()]
    if served.access.rules.reachable:
        found += [*routes(served), Route(f"{PREFIX}/stream", _Stream(served), methods=["GET"])]
        found += WebSite(served).routes()
    else:
        found.append(Route("/{path:path}", _closed, methods=["GET"]))
    handlers: Mapping[Any, Any] = {HTTPException: _refused, Exception: _broken}
    return Guard(Starlette(routes=found, exception_handlers=handlers), served.site)


class _Stream:
    """Lets those who may look have the stream."""

    def __init__(self, served: Served) -> None:
        self._served, self._stream = served, Stream(served.board)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            person = who(Request(scope), self._served.access, self._served.site, self._served.board.clock)
        except Refused as refused:
            await plain(scope, receive, send, refused.status, f"{refused.error}\n")
            return
        if person.role is Role.NOBODY:
            await plain(scope, receive, send, 401, "who asks is not known\n")
            return
        await self._stream(scope, receive, send)


def _probe(page: Page) -> Any:  # any callable that starlette takes
    async def answer(request: Request) -> Response:
        del request
        found = await run_in_threadpool(page)
        return Response(found.body, found.status.value, media_type=found.type)

    return answer


def _taking(taker: Taker) -> Any:  # any callable that starlette takes
    async def answer(request: Request) -> Response:
        headers = Message()
        for name, value in request.headers.items():
            headers[name] = value
        try:
            content = await body_of(request, taker.largest)
        except Refused as refused:
            return PlainTextResponse(f"{refused.error}\n", refused.status)
        found = await run_in_threadpool(taker, Asked(headers, content))
        return Response(found.body, found.status.value, media_type=found.type)

    return answer


async def _closed(request: Request) -> Response:
    del request
    words = "the page needs tokens beyond this machine: --token-viewer, --token-operator\n"
    return PlainTextResponse(words, 403)


async def _refused(request: Request, error: HTTPException) -> Response:
    """Answer what no route takes."""
    words = {404: "there is nothing here", 405: "this is not done here"}.get(error.status_code, "refused")
    if request.url.path.startswith(PREFIX):
        return Response(problem(Refused(error.status_code, words)), error.status_code, error.headers, JSON)
    return PlainTextResponse(f"{words}\n", error.status_code, error.headers)


async def _broken(request: Request, error: Exception) -> Response:
    """Answer a mistake of this program without a word of it: it may hold what somebody else wrote."""
    del error
    words = "this page is broken; the watch goes on"
    if request.url.path.startswith(PREFIX):
        return Response(problem(Refused(500, words)), 500, media_type=JSON)
    return PlainTextResponse(f"{words}\n", 500)
