"""The HTTP server of a running watch: `/metrics`, `/healthz`, `/readyz`. A few threads, and nothing that anybody could change."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from http import HTTPStatus
from io import StringIO
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import msgspec

from reconciler.errors import SettingsError
from reconciler.model.health import Finding
from reconciler.views import health_text

MOST = 16
"""Requests that are answered at a time; more are closed at once."""

PATIENCE = 10.0
"""Seconds that a client may take to say what it wants."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


class Answer(msgspec.Struct, frozen=True):
    """What a page says."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    type: str = PLAIN


Page = Callable[[], Answer]


class Request(msgspec.Struct, frozen=True):
    """What somebody posted. `headers` are found by any case."""

    headers: Message
    body: bytes


class Taker(Protocol):
    """Takes what is posted to a path. A body of more than `largest` bytes is refused unread."""

    largest: int

    def __call__(self, request: Request) -> Answer:
        """Return the answer."""
        ...


def probe(find: Callable[[], Finding]) -> Page:
    """Return the page of a probe: 200 where all is well, else 503, and why."""

    def page() -> Answer:
        found = find()
        status = HTTPStatus.OK if found.well else HTTPStatus.SERVICE_UNAVAILABLE
        return Answer(f"{health_text.render(found)}\n".encode(), status)

    return page


class Server:
    """Serves pages by path from threads of its own until it is closed."""

    def __init__(self, host: str, port: int, pages: Mapping[str, Page], takers: Mapping[str, Taker] = {}) -> None:
        """Listen; port 0 takes a free one. Raises SettingsError where that cannot be done."""
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            self._server = _Threads.of(family, (str(address[0]), port), _application(pages, takers))
        except (OSError, UnicodeError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            hint = "choose another port, or an address of this machine"
            raise SettingsError(f"cannot listen on {shown(host, port)}: {why}", hint=hint) from None
        self.url = f"http://{shown(*self._server.server_address[:2])}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def shown(host: str | bytes | bytearray, port: int) -> str:
    """Return an address as it stands in a URL."""
    name = host if isinstance(host, str) else host.decode()
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _application(pages: Mapping[str, Page], takers: Mapping[str, Taker]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path in takers:
            found = (
                _taken(takers[path], environ) if method == "POST" else Answer(b"POST\n", HTTPStatus.METHOD_NOT_ALLOWED)
            )
        elif path not in pages:
            found = Answer(f"{' '.join(sorted([*pages, *takers]))}\n".encode(), HTTPStatus.NOT_FOUND)
        elif method not in {"GET", "HEAD"}:
            found = Answer(b"GET\n", HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            found = pages[path]()
        headers = [("Content-Type", found.type), ("Content-Length", str(len(found.body)))]
        start(f"{found.status.value} {found.status.phrase}", headers)
        return [] if method == "HEAD" else [found.body]

    return answer


def _taken(taker: Taker, environ: dict[str, Any]) -> Answer:
    """Read what was posted, no more than is allowed, and give it to who takes it."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isascii() or not length.isdigit():
        return Answer(b"Content-Length\n", HTTPStatus.LENGTH_REQUIRED)
    if int(length) > taker.largest:
        return Answer(f"{taker.largest:,} bytes at most\n".encode(), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = environ["wsgi.input"].read(int(length))
    if len(body) < int(length):
        return Answer(b"the body is cut off\n", HTTPStatus.BAD_REQUEST)
    headers = Message()
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            headers[name.removeprefix("HTTP_").replace("_", "-")] = value
    headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
    return taker(Request(headers, body))


class _Quiet(WSGIRequestHandler):
    """One request a connection; nothing of it is logged."""

    timeout = PATIENCE

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def get_stderr(self) -> Any:
        """Return where wsgiref would write what goes wrong."""
        return StringIO()  # nobody reads it


class _Threads(ThreadingMixIn, WSGIServer):
    """A thread a request, a few at a time."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    @classmethod
    def of(cls, family: int, address: tuple[str, int], application: Callable[..., Any]) -> _Threads:
        """Return a server that is bound to an address."""
        kind = type("_Bound", (cls,), {"address_family": family})
        server: _Threads = kind(address, _Quiet)
        server.set_app(application)
        return server

    def server_bind(self) -> None:
        """Bind, without asking any name server who we are."""
        self._free = BoundedSemaphore(MOST)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, or close where too many are answered."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is its own affair."""
