"""Around every request: is the host ours, who asks, how long is the body; and around every answer: what a browser may do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.ports import Clock
from reconciler.web.access import Access, Person, TooManyGuesses
from reconciler.web.hosts import is_ours
from reconciler.web.shapes import Refusal

LONGEST_BODY = 65_536
"""Bytes of a body at most."""
PATIENCE = 10.0
"""Seconds that a body may take to arrive."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # without any, browsers send forms from nowhere
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
NO_STORE = "no-store"


class Refused(Exception):
    """A request is answered with this status and these words, and nothing is done."""

    def __init__(self, status: int, error: str, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.hint, self.headers = status, error, hint, headers or {}


class Site(msgspec.Struct, frozen=True):
    """What a page is served as."""

    port: int
    names: frozenset[str]
    """Names by which it may be called besides its addresses, in lower case."""
    secure: bool
    """Whether cookies go over TLS alone: anywhere but on the loopback interface."""
    probes: Collection[str] = ()
    """Paths that others of this network ask by any name: off the loopback interface their host is not checked."""

    @property
    def cookie(self) -> str:
        """Return the name of the cookie of a session: cookies know no ports, and two watches may be on one machine."""
        return f"{'__Host-' if self.secure else ''}reconciler-{self.port}"

    @property
    def entry(self) -> str:
        """Return the name of the cookie that binds a form for entering to whom it was given."""
        return f"{self.cookie}-entry"


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = HEADERS | {"cache-control": NO_STORE}
                missing = [(k.encode(), v.encode()) for k, v in more.items() if k.encode() not in given]
                message = {**message, "headers": [*message["headers"], *missing]}
            await send(message)

        if scope["type"] != "http":
            return
        probe = self._site.secure and scope["path"] in self._site.probes
        if not probe and not is_ours(Request(scope).headers.get("host", ""), self._site.names):
            await plain(scope, receive, guarded, 421, "this host is not one of the page: name it with --host\n")
            return
        await self._app(scope, receive, guarded)


async def plain(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    """Answer with a few words."""
    from starlette.responses import PlainTextResponse

    await PlainTextResponse(words, status)(scope, receive, send)


def who(request: Request, access: Access, site: Site, clock: Clock) -> Person:
    """Return who asks. Raises Refused where wrong tokens came too often."""
    peer = request.client.host if request.client is not None else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        return access.who(peer=peer, headers=headers, session=cookie(request, site.cookie), now=clock.monotonic())
    except TooManyGuesses as wrong:
        raise too_many(wrong) from None


def too_many(wrong: TooManyGuesses) -> Refused:
    """Return the refusal of somebody who guesses."""
    wait = str(max(1, int(wrong.wait)))
    return Refused(429, "wrong tokens came too often", f"wait {wait} s", {"retry-after": wait})


def cookie(request: Request, name: str) -> str:
    """Return the value of a cookie; empty for none. Of two of one name the first counts."""
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def body_of(request: Request, largest: int = LONGEST_BODY) -> bytes:
    """Return the body of a request; raise Refused for one that is too long, or does not come."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > largest:
        raise Refused(413, f"the body is longer than {largest:,} bytes")
    found = bytearray()

    async def read() -> None:
        async for part in request.stream():
            found.extend(part)
            if len(found) > largest:
                raise Refused(413, f"the body is longer than {largest:,} bytes")

    try:
        await asyncio.wait_for(read(), PATIENCE)
    except TimeoutError:
        raise Refused(408, "the body did not arrive") from None
    return bytes(found)


def problem(refused: Refused) -> bytes:
    """Return a refusal as JSON."""
    return msgspec.json.encode(Refusal(error=refused.error, hint=refused.hint))
