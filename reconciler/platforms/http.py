"""The one HTTP client of all platforms: credentials, time limits, retries of what is safe to retry, rates, errors.

It gives decoded answers or raises `PlatformError`; whether a request may have taken effect is in `error.sent`. Reads
are repeated when the failure may pass. Writes are repeated only when they certainly were not processed: no connection
came about, or the platform answered 429. The retry loop is our own, ten lines: it has to stop when the run is asked to
stop, to obey Retry-After and to fit into a deadline of the caller's clock, which a retry library would have to be
taught piece by piece.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain
from typing import TypeVar
from urllib.parse import quote, urlencode
from urllib.request import getproxies

import httpx
import msgspec

from reconciler import __version__
from reconciler.errors import PlatformError, RateLimited, UnexpectedAnswer, Unreachable
from reconciler.platforms.answers import Answer, clean, refusal, unreadable
from reconciler.platforms.credentials import Credentials, checked_url
from reconciler.platforms.transport import STREAMED, Direct
from reconciler.platforms.written import Written, written
from reconciler.ports import Clock

T = TypeVar("T")
Params = Mapping[str, str | int] | Sequence[tuple[str, str | int]]
"""Query parameters; as pairs where a key comes several times."""

ATTEMPTS = 5
LONGEST_PAUSE = 10.0
"""Seconds between two attempts where the platform names no time."""
LONGEST_WAIT = 60.0
"""Seconds of Retry-After that a call without deadline obeys; a longer one is reported instead."""
START = 65_536
"""Bytes of a body read part by part that an error may show something of: enough that no secret in them is cut."""


class Client:
    """Requests to one platform with one set of credentials. Safe to use from several threads.

    `url` is the API's base; `timeout` in seconds, for connecting, for each wait for data and for sending; `per_second`
    the most requests started in a second; `hints` say what to look at by the status of a refusal, where the general
    words do not fit the platform. Raises SettingsError for a URL or token that must not be used.
    """

    def __init__(  # everything outside is an argument: address, credentials, clock, chance, transport
        self,
        url: str,
        credentials: Credentials,
        *,
        platform: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        hints: Mapping[int, str] | None = None,
        timeout: float = 30.0,
        concurrency: int = 4,
        per_second: float | None = None,
        transport: httpx.BaseTransport | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Check the address; nothing is sent yet."""
        self._credentials = credentials
        self.url = checked_url(url, secret=bool(credentials.secrets))
        self._platform = platform
        self._hints = hints or {}
        self._clock = clock
        self._timeout = timeout
        self._slots = threading.BoundedSemaphore(concurrency)
        self._pace = _Pace(clock, per_second)
        self._chance = chance
        # Plain http goes to loopback or bears no secret: no proxy is asked, and certificates would be loaded for nothing.
        local = self.url.startswith("http:")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if local else httpx.create_ssl_context()
        if transport is None and (local or not getproxies()):
            transport = Direct(context)
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"fleet-reconciler/{__version__}",
            **(headers or {}),
        }
        self._http = httpx.Client(
            follow_redirects=False,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            verify=context,
            trust_env=not local,
            transport=transport,
        )

    def __repr__(self) -> str:
        """Return what may be shown: the address."""
        return f"Client({self.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def scrub(self, text: str) -> str:
        """Return a text without secrets, should the platform echo them."""
        for secret in self._credentials.secrets:
            text = text.replace(secret, "[token]").replace(quote(secret, safe=""), "[token]")
        return text

    def get(self, path: str, operation: str, params: Params | None = None) -> Answer:
        """Read; repeated when the failure may pass. Raises PlatformError."""
        return self._repeated(lambda: _whole(self._open("GET", path, operation, params=params)), read=True)

    def read(self, path: str, operation: str, decode: Callable[[bytes], T], params: Params | None = None) -> T:
        """Read and decode; a body that does not decode counts as a failure that may pass. Raises PlatformError."""

        def once() -> T:
            return self.decoded(_whole(self._open("GET", path, operation, params=params)), operation, decode)

        return self._repeated(once, read=True)

    def gather(
        self, path: str, operation: str, take: Callable[[Iterator[bytes]], T], params: Params | None = None
    ) -> T:
        """Read what is too long to hold: `take` gets the body part by part, from the start at each attempt.

        It raises msgspec.DecodeError for a body it cannot use, which counts as a failure that may pass. Raises
        PlatformError.
        """

        def once() -> T:
            with self._open("GET", path, operation, params=params, streamed=True) as answer:
                parts = answer.iter_bytes()
                start = b""
                while len(start) < START and (part := next(parts, b"")):
                    start += part
                return self.decoded(_answer(answer, start), operation, lambda first: take(chain([first], parts)))

        return self._repeated(once, read=True)

    def write(
        self,
        path: str,
        operation: str,
        body: object,
        decode: Callable[[bytes], T],
        deadline: float,
        *,
        units: Collection[str] = (),
        method: str = "POST",
    ) -> Written[T]:
        """Send a command and return what its answer says of these units. Raises PlatformError, with `sent`."""
        return self.written(self.send(path, operation, body, deadline, method=method), operation, decode, units)

    def send(self, path: str, operation: str, body: object, deadline: float, *, method: str = "POST") -> Answer:
        """Send a body (None: no body), at most until `deadline` (monotonic seconds). Raises PlatformError, with `sent`.

        Sent again only when it certainly was not processed.
        """

        def once() -> Answer:
            return _whole(self._open(method, path, operation, body=body, deadline=deadline))

        return self._repeated(once, read=False, deadline=deadline)

    def written(
        self, answer: Answer, operation: str, decode: Callable[[bytes], T], units: Collection[str] = ()
    ) -> Written[T]:
        """Return what the answer to a command says. Raises PlatformError for a refusal and for what is no answer to it."""
        return written(answer, f"{self._platform}: {operation}", decode, units, self.scrub)

    def _repeated(self, once: Callable[[], T], *, read: bool, deadline: float | None = None) -> T:
        attempt = 1
        renewed = False
        while True:
            try:
                return once()
            except PlatformError as error:
                if error.status == 401 and not renewed and self._credentials.renew():
                    renewed = True
                    continue
                harmless = read or not error.sent or error.status == 429
                pause = self._pause(error, attempt)
                limit = LONGEST_WAIT if deadline is None else deadline - self._clock.monotonic()
                if not (error.retryable and harmless) or attempt == ATTEMPTS or pause > limit:
                    raise
                if self._clock.sleep(pause):
                    raise
                attempt += 1

    def _pause(self, error: PlatformError, attempt: int) -> float:
        longest = min(LONGEST_PAUSE, 0.25 * 2.0**attempt)
        pause = longest * (0.5 + 0.5 * self._chance())
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after + 0.1 * pause
        return pause

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        params: Params | None = None,
        body: object = None,
        deadline: float | None = None,
        streamed: bool = False,
    ) -> Iterator[httpx.Response]:
        """Give the good answer to a request, whole or `streamed`; raise PlatformError for any other end, then too."""
        operation = f"{self._platform}: {operation}"
        content = None if method == "GET" or body is None else msgspec.json.encode(body)
        identity = self._credentials.headers(deadline)
        with self._slots:
            self._pace.wait()
            timeout = self._timeout if deadline is None else min(self._timeout, deadline - self._clock.monotonic())
            if timeout <= 0:
                raise Unreachable("no time was left to send it", operation=operation, sent=False)
            request = self._request(method, path, params, content, timeout, identity)
            if streamed:
                request.extensions[STREAMED] = True
            try:
                with closing(self._http.send(request, stream=streamed)) as answer:
                    if not answer.is_success:
                        whole = _answer(answer, answer.read())
                        error = refusal(whole, operation, self._clock.now(), self.scrub)
                        error.hint = self._hints.get(answer.status_code, error.hint)
                        raise error
                    yield answer
            except httpx.HTTPError as failure:
                raise self._failure(failure, operation) from None

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None,
        content: bytes | None,
        timeout: float,
        identity: Mapping[str, str],
    ) -> httpx.Request:
        """Return a request, made without httpx's merging of addresses and parameters, half of the cost of a page."""
        url = f"{self.url}{path}?{urlencode(params)}" if params else self.url + path
        headers = {**self._headers, **identity}
        if content is not None:
            headers["Content-Type"] = "application/json"
        extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
        return httpx.Request(method, url, headers=headers, content=content, extensions=extensions)

    def decoded(self, answer: Answer, operation: str, decode: Callable[[bytes], T]) -> T:
        """Return what a body says; raise UnexpectedAnswer where it does not decode."""
        try:
            return decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(answer, f"{self._platform}: {operation}", str(error), self.scrub) from None

    def _failure(self, error: httpx.HTTPError, operation: str) -> PlatformError:
        """Return the error for a request without an answer."""
        said = clean(self.scrub(str(error))) or type(error).__name__
        if isinstance(error, httpx.DecodingError):
            return UnexpectedAnswer(f"the body cannot be unpacked: {said}", operation=operation, retryable=True)
        if isinstance(error, httpx.ConnectError) and _is_tls(error):
            hint = "check the connection's url, and the certificates this machine trusts (SSL_CERT_FILE)"
            return Unreachable(f"TLS with {self.url} failed: {said}", operation=operation, sent=False, hint=hint)
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
        if unsent:
            text, hint = f"no connection to {self.url}: {said}", "check the connection's url, the network and any proxy"
        elif isinstance(error, httpx.TimeoutException):
            text, hint = f"{self.url} did not answer in time", "try again, or raise the connection's requests.timeout"
        else:
            text, hint = f"the connection to {self.url} broke off: {said}", "try again"
        return Unreachable(text, operation=operation, retryable=True, sent=not unsent, hint=hint)


def segment(name: str) -> str:
    """Return a name as one segment of a path: nothing in it is safe, and one of dots alone would change the path."""
    quoted = quote(name, safe="")
    return quoted.replace(".", "%2E") if name in {".", ".."} else quoted


def _whole(opened: AbstractContextManager[httpx.Response]) -> Answer:
    with opened as answer:
        return _answer(answer, answer.content)


def _answer(answer: httpx.Response, content: bytes) -> Answer:
    return Answer(answer.status_code, content, {name.lower(): value for name, value in answer.headers.items()})


class _Pace:
    """At most so many requests a second, evenly spaced; None is no bound."""

    def __init__(self, clock: Clock, per_second: float | None) -> None:
        self._clock = clock
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the turn of one request."""
        if not self._gap:
            return
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._clock.sleep(turn - now)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
