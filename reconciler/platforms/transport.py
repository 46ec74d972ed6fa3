"""HTTP/1.1 to one origin: requests go out and answers come in over lines that are kept; h11 speaks it.

h11 reads heads and chunks. A body of known length is read past it, straight from the line: that is what listings
are, and h11 would copy each byte four times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import h11

from reconciler.platforms.environment import Proxy, proxy_of, tls_context
from reconciler.platforms.line import PART, Call, Late, Line, NoAnswer, NotSent, Tls, connected

T = TypeVar("T")

LONGEST_HEAD = 100_000
"""Bytes that the head of an answer may have, and a line of its chunks."""
BODILESS = {"GET", "HEAD", "DELETE"}
"""Methods that need no length to say that they have no body."""

BLOCK = 4_194_304
"""Bytes of a body that are put in one place at most, before anything of it came."""
FEW = 8_192
"""Bytes read at once while only the head of an answer is waited for: what comes behind it need not pass h11."""


class Request(NamedTuple):
    """What is sent. `target` is the path with the query, behind the host; all of it is ASCII."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None
    call: Call
    whole: bool = True
    """Whether the body of the answer is wanted whole, rather than as it comes."""


class Reply:
    """An answer whose body is read as it is asked for. Header names are lower case."""

    def __init__(self, status: int, headers: dict[str, str], parts: Iterator[bytes], close: Callable[[], None]) -> None:
        self.status = status
        self.headers = headers
        self.parts = parts
        self.close = close


class Asked:
    """A request that was sent. Its answer is taken once, or else it is dropped."""

    def __init__(self, request: Request, reply: Callable[[], Reply], drop: Callable[[], None]) -> None:
        self.request = request
        self.reply = reply
        """Waits for the answer, to be closed. Raises NoAnswer, as do the parts of the answer."""
        self.drop = drop


class Transport(Protocol):
    """What carries requests. Safe to use from several threads."""

    def ask(self, request: Request) -> Asked:
        """Send a request. Raises NoAnswer."""
        ...

    def close(self) -> None:
        """Close all connections; they are opened anew where they are needed."""
        ...


class Network:
    """Connections to one origin, as many as are used at a time."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        """Take the origin and what says how to reach it. Raises SettingsError for a variable that cannot be meant."""
        parts = urlsplit(url)
        self._host = parts.netloc
        self._way = _Way(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self._idle: deque[_Connection] = deque()
        self._opened: list[_Connection] = []
        if parts.scheme == "https":  # http goes to loopback or bears no secret: no proxy is asked
            self._way.secure(environ)

    def ask(self, request: Request) -> Asked:
        """Send a request over a connection that no other uses until its answer was read."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _Connection(self._host, self._way)
            self._opened.append(connection)

        def give_back() -> None:
            self._idle.append(connection)

        def drop() -> None:
            connection.close()
            give_back()

        def tried(act: Callable[[], T]) -> T:
            try:
                return act()
            except BaseException as error:
                drop()
                if isinstance(error, NoAnswer) and not request.call.sent:
                    raise NotSent(str(error)) from error
                raise

        answer = tried(lambda: connection.ask(request, give_back))
        return Asked(request, lambda: tried(answer), drop)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._opened:
            connection.close()


class _Way:
    """How the origin is reached."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._tls: Callable[[Line, str, Call], Line] | None = None
        self._proxy: Proxy | None = None

    def secure(self, environ: Mapping[str, str]) -> None:
        """Speak TLS, and ask a proxy where the environment says so."""
        context = tls_context(environ)
        context.set_alpn_protocols(["http/1.1"])
        self._tls = lambda line, name, call: Tls(line, context, name, call)
        self._proxy = proxy_of(self._host, self._port, environ)

    def open(self, call: Call) -> Line:
        """Return a new line to the origin."""
        if self._tls is None:
            return connected(self._host, self._port, call)
        if self._proxy is None:
            return self._tls(connected(self._host, self._port, call), self._host, call)
        try:
            line = self._through(self._proxy, self._tls, call)
        except NoAnswer as error:
            raise NoAnswer(f"the proxy {self._proxy.url}: {error}") from error
        return self._tls(line, self._host, call)

    def _through(self, proxy: Proxy, tls: Callable[[Line, str, Call], Line], call: Call) -> Line:
        """Return a new line through a proxy, on which nothing was said to the origin yet."""
        asked = urlsplit(proxy.url)
        line = connected(asked.hostname or "", asked.port or 0, call)
        if asked.scheme == "https":
            line = tls(line, asked.hostname or "", call)
        try:
            self._tunnel(line, proxy, call)
        except BaseException:
            line.close()
            raise
        return line

    def _tunnel(self, line: Line, proxy: Proxy, call: Call) -> None:
        """Have a proxy open a way through to the origin."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        target = f"{host}:{self._port}"
        http = _speaking()
        headers = [("Host", target), *proxy.authorization]
        line.write(_said(http, h11.Request(method="CONNECT", target=target, headers=headers)), call)
        answer = _head(http, line, call)
        if not 200 <= answer.status_code < 300:
            raise NoAnswer(f"it answered {answer.status_code} {answer.reason.decode(errors='replace')}")


class _Connection:
    """One connection, opened when it is needed and again when it was closed."""

    def __init__(self, host: str, way: _Way) -> None:
        self._host = host
        self._way = way
        self._line: Line | None = None

    def ask(self, request: Request, give_back: Callable[[], None]) -> Callable[[], Reply]:
        """Send a request; return what waits for its answer."""
        line, call = self._ready(request.call), request.call
        http = _speaking()
        headers = [("Host", self._host), *request.headers.items()]
        if request.content is not None or request.method not in BODILESS:
            headers.append(("Content-Length", str(len(request.content or b""))))
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        data = [h11.Data(data=request.content)] if request.content else []
        whole = _said(http, head, *data, h11.EndOfMessage())
        call.sent = True
        broken: NoAnswer | None = None
        try:
            line.write(whole, call)
        except Late:
            raise
        except NoAnswer as error:  # the server may have answered already
            broken = error
        return lambda: self._reply(http, line, request, give_back, broken)

    def _reply(  # where a request stands, and what is to be done once its answer was read
        self, http: h11.Connection, line: Line, request: Request, give_back: Callable[[], None], broken: NoAnswer | None
    ) -> Reply:
        answer = _head(http, line, request.call)
        body = _Body(http, line, request, answer)

        def close() -> None:
            if broken is not None or not body.ended or http.our_state is not h11.DONE:
                self.close()
            give_back()

        found: dict[str, str] = {}
        for name, value in answer.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
        return Reply(answer.status_code, found, body.parts(), close)

    def _ready(self, call: Call) -> Line:
        line = self._line
        if line is not None and line.is_stale():
            self.close()
            line = None
        if line is None:
            line = self._line = self._way.open(call)
        return line

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Body:
    """The body of an answer. `ended` once it was read to its end, and nothing came after it."""

    def __init__(self, http: h11.Connection, line: Line, request: Request, answer: h11.Response) -> None:
        self._http, self._line, self._call, self._whole = http, line, request.call, request.whole
        self._length = next((int(value) for name, value in answer.headers if name == b"content-length"), None)
        if any(name == b"transfer-encoding" for name, _ in answer.headers):
            self._length = None
        self.ended = False

    def parts(self) -> Iterator[bytes]:
        """Yield it as it comes, or in few parts where it is wanted whole."""
        event = _known(self._http)
        if self._length and (event is None or isinstance(event, h11.Data)):
            first = bytes(event.data) if event is not None else b""
            straight = self._blocks if self._whole and len(first) < self._length else self._straight
            yield from straight(first, self._length)
            return
        if event is None:
            event = _next(self._http, self._line, self._call)
        while isinstance(event, h11.Data):
            yield bytes(event.data)
            event = _next(self._http, self._line, self._call)
        self.ended = isinstance(event, h11.EndOfMessage) and not self._http.trailing_data[0]

    def _straight(self, part: bytes, length: int) -> Iterator[bytes]:
        """Yield a body of known length, from its first part on, which h11 had already."""
        left = length - len(part)
        extra = left == 0 and bool(self._http.trailing_data[0])
        if part:
            yield part
        while left > 0:
            part = self._line.read(self._call)
            if not part:
                raise self._early(length - left, length)
            extra = len(part) > left
            yield part[:left] if extra else part
            left -= len(part)
        self.ended = not extra

    def _blocks(self, part: bytes, length: int) -> Iterator[bytes]:
        """Yield the same in blocks into which the system writes: a page is moved once, and not put together from parts."""
        done = extra = 0
        while done < length:
            size = min(BLOCK, length - done)
            block = bytearray(size + 1)  # the last byte is for what comes behind the body
            block[: len(part)] = part
            with memoryview(block) as place:
                got, failure = self._filled(place, len(part), done, length)
            del block[min(size, got) :]
            yield cast("bytes", block)  # nobody writes into it any more
            if failure is not None:
                raise failure
            part, done, extra = b"", done + size, got - size
        self.ended = not extra

    def _filled(self, block: memoryview, got: int, done: int, length: int) -> tuple[int, NoAnswer | None]:
        """Fill a block but for its last byte; return how much came, and why no more. `done` bytes were before it."""
        try:
            while got < len(block) - 1:
                with block[got:] as place:  # let go at once: a block that an error still shows cannot be cut
                    some = self._line.fill(place, self._call)
                if not some:
                    raise self._early(done + got, length)
                got += some
        except Late:
            raise
        except NoAnswer as error:
            return got, error
        return got, None

    def _early(self, got: int, length: int) -> NoAnswer:
        return NoAnswer(f"the body ended early (received {got} bytes, expected {length})")


def _speaking() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)


def _said(http: h11.Connection, *events: h11.Event) -> bytes:
    """Return events as bytes to send."""
    return b"".join(http.send(event) or b"" for event in events)


def _head(http: h11.Connection, line: Line, call: Call) -> h11.Response:
    """Return the head of the answer; one that only says that there will be one is passed over."""
    while not isinstance(event := _next(http, line, call), h11.Response):
        pass
    return event


def _next(http: h11.Connection, line: Line, call: Call) -> h11.Event:
    """Return what h11 makes of what comes."""
    while (event := _known(http)) is None:
        part = line.read(call, PART if http.their_state is h11.SEND_BODY else FEW)
        if not part and http.their_state is h11.SEND_RESPONSE:
            raise NoAnswer("the server disconnected without an answer")
        http.receive_data(part)
    return event


def _known(http: h11.Connection) -> h11.Event | None:
    """Return what h11 makes of what came so far; None where it needs more. Raises NoAnswer for what is no HTTP."""
    try:
        event = http.next_event()
    except h11.RemoteProtocolError as error:
        raise NoAnswer(str(error)) from error
    return None if event is h11.NEED_DATA else cast("h11.Event", event)  # nobody asks on behind a proxy's answer
