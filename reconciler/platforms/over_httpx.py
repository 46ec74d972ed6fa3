"""Requests by a transport of httpx's: for who brings one along instead of the network, as tests of plug-ins do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import httpx

from reconciler.platforms.body import CannotUnpack
from reconciler.platforms.line import Late, NoAnswer, NotSent
from reconciler.platforms.transport import Asked, Reply, Request

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class OverHttpx:
    """A transport of httpx's as ours."""

    def __init__(self, url: str, transport: httpx.BaseTransport) -> None:
        self._origin = httpx.URL(url).copy_with(raw_path=b"/")
        self._transport = transport

    def ask(self, request: Request) -> Asked:
        """Return a request that is sent once its answer is taken: httpx does both at once."""
        return Asked(request, lambda: self._reply(request), lambda: None)

    def _reply(self, request: Request) -> Reply:
        url = self._origin.copy_with(raw_path=request.target.encode())
        extensions = {"timeout": {"read": request.call.left}}
        asked = httpx.Request(
            request.method, url, headers=request.headers, content=request.content, extensions=extensions
        )
        with _said():
            response = self._transport.handle_request(asked)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, _parts(response), response.close)

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


def _parts(response: httpx.Response) -> Iterator[bytes]:
    with _said():
        yield from cast("httpx.SyncByteStream", response.stream)


@contextmanager
def _said() -> Iterator[None]:
    """Raise what httpx raises as errors of ours."""
    try:
        yield
    except httpx.DecodingError as error:
        raise CannotUnpack(str(error)) from error
    except httpx.HTTPError as error:
        kind = NotSent if isinstance(error, UNSENT) else Late if isinstance(error, httpx.TimeoutException) else NoAnswer
        raise kind(str(error)) from error
