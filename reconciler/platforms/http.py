"""The one HTTP client of all platforms: credentials, time limits, retries of what is safe to retry, rates, errors.

It gives decoded answers or raises `PlatformError`; whether a request may have taken effect is in `error.sent`. Reads
are repeated when the failure may pass. Writes are repeated only when they certainly were not processed: no connection
came about, or the platform answered 429. The retry loop is our own, ten lines: it has to stop when the run is asked to
stop, to obey Retry-After and to fit into a deadline of the caller's clock, which a retry library would have to be
taught piece by piece.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from reconciler import __version__
from reconciler.errors import PlatformError, RateLimited, SettingsError, UnexpectedAnswer, Unreachable
from reconciler.platforms.answers import Answer, Refused, clean, refusal, unreadable
from reconciler.platforms.body import CannotUnpack, TooLarge, start, start_of_refusal, unpacked
from reconciler.platforms.credentials import Credentials, checked_url
from reconciler.platforms.line import STOPPED, Call, Late, NoAnswer, NotSent, is_tls
from reconciler.platforms.transport import Network, Reply, Request, Transport
from reconciler.platforms.written import Written, written
from reconciler.ports import Clock

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Params = Mapping[str, str | int] | Sequence[tuple[str, str | int]]
"""Query parameters; as pairs where a key comes several times."""

ATTEMPTS = 5
LONGEST_PAUSE = 10.0
"""Seconds between two attempts where the platform names no time."""
LONGEST_READ = 120.0
"""Seconds that a read may take with all its attempts and pauses; longer only where one request may."""
MEGABYTE = 1_000_000
_ADDRESS = "%/?:@!$&'()*+,;=~-._"
"""What may stand in the path and query of an address beside letters and digits."""


class Client:
    """Requests to one platform with one set of credentials. Safe to use from several threads.

    `url` is the API's base; `timeout` in seconds, for one request from connecting to the last byte of its
    answer; `per_second` the most requests started in a second; `max_megabytes` the largest answer, unpacked; `ends`
    (monotonic seconds) is when reads are no longer repeated, where that is not as usual; `refused` reads a refusal.
    Raises SettingsError for a URL or token that must not be used.
    """

    def __init__(  # everything outside is an argument: address, credentials, clock, chance, transport, environment
        self,
        url: str,
        credentials: Credentials,
        *,
        platform: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        concurrency: int = 4,
        per_second: float | None = None,
        max_megabytes: int = 256,
        ends: float | None = None,
        refused: Refused = refusal,
        transport: httpx.BaseTransport | None = None,
        chance: Callable[[], float] = random.random,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Check the address; nothing is sent yet, and the network is opened with the first request."""
        self._credentials = credentials
        self.url = checked_url(url, secret=bool(credentials.secrets))
        self._base = urlsplit(self.url).path
        self._platform = platform
        self._clock = clock
        self._timeout = timeout
        self._most = max_megabytes
        self._ends = ends
        self._refused = refused
        self._slots = threading.BoundedSemaphore(concurrency)
        self._pace = _Pace(clock, per_second)
        self._chance = chance
        self._environ = environ
        self._transport: Transport | None = _over_httpx(self.url, transport) if transport is not None else None
        self._opening = threading.Lock()
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"fleet-reconciler/{__version__}",
            **(headers or {}),
        }

    def __repr__(self) -> str:
        """Return what may be shown: the address."""
        return f"Client({self.url!r})"

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._opening:
            if self._transport is not None:
                self._transport.close()

    def scrub(self, text: str) -> str:
        """Return a text without secrets, should the platform echo them."""
        for secret in self._credentials.secrets:
            text = text.replace(secret, "[token]").replace(quote(secret, safe=""), "[token]")
        return text

    def get(self, path: str, operation: str, params: Params | None = None) -> Answer:
        """Read; repeated when the failure may pass. Raises PlatformError."""
        return self._repeated(lambda until: self._sent("GET", path, operation, until, _whole, params=params))

    def read(self, path: str, operation: str, decode: Callable[[bytes], T], params: Params | None = None) -> T:
        """Read and decode; a body that does not decode counts as a failure that may pass. Raises PlatformError."""

        def once(until: float) -> T:
            return self.decoded(self._sent("GET", path, operation, until, _whole, params=params), operation, decode)

        return self._repeated(once)

    def gather(
        self, path: str, operation: str, take: Callable[[Iterator[bytes]], T], params: Params | None = None
    ) -> T:
        """Read what is too long to hold: `take` gets the body part by part, from the start at each attempt.

        It raises msgspec.DecodeError for a body it cannot use, which counts as a failure that may pass. Raises
        PlatformError.
        """

        def folded(answer: Answer, parts: Iterator[bytes]) -> T:
            begun = answer._replace(content=start(parts))
            return self.decoded(begun, operation, lambda first: take(chain([first], parts)))

        return self._repeated(lambda until: self._sent("GET", path, operation, until, folded, params=params))

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

        def once(until: float) -> Answer:
            return self._sent(method, path, operation, until, _whole, body=body)

        return self._repeated(once, deadline)

    def written(
        self, answer: Answer, operation: str, decode: Callable[[bytes], T], units: Collection[str] = ()
    ) -> Written[T]:
        """Return what the answer to a command says. Raises PlatformError for a refusal and for what is no answer to it."""
        return written(answer, f"{self._platform}: {operation}", decode, units, self.scrub)

    def _repeated(self, once: Callable[[float], T], deadline: float | None = None) -> T:
        """Try until something comes of it; without a deadline it is a read, which does no harm."""
        until = deadline or self._ends or self._clock.monotonic() + max(LONGEST_READ, self._timeout)
        attempt = 1
        renewed = False
        while True:
            try:
                return once(until)
            except PlatformError as error:
                if error.status in (401, 403) and not renewed and self._credentials.renew(error.status):
                    renewed = True
                    continue
                limited = isinstance(error, RateLimited) and error.status in {403, 429}
                harmless = deadline is None or not error.sent or limited
                pause = self._pause(error, attempt)
                left = until - self._clock.monotonic()
                if not (error.retryable and harmless) or attempt == ATTEMPTS or pause > left:
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

    def _sent(
        self,
        method: str,
        path: str,
        operation: str,
        until: float,
        use: Callable[[Answer, Iterator[bytes]], T],
        *,
        params: Params | None = None,
        body: object = None,
    ) -> T:
        """Return what `use` makes of a good answer and the parts of its body; raise PlatformError for any other end."""
        operation = f"{self._platform}: {operation}"
        read = method == "GET"
        content = None if read or body is None else msgspec.json.encode(body)
        identity = self._credentials.headers(None if read else until)
        with self._slot(until, operation):
            self._pace.wait()
            call = Call(self._clock, min(until, self._clock.monotonic() + self._timeout), stoppable=read)
            if call.ended():
                raise self._over(call, operation, sent=False)
            request = self._request(method, path, params, content, call, identity)._replace(whole=use is _whole)
            try:
                with closing(self._network(operation).send(request)) as reply:
                    answer = Answer(reply.status, b"", reply.headers)
                    parts = self._parts(reply, operation)
                    if not 200 <= reply.status < 300:
                        refused = answer._replace(content=start_of_refusal(parts))
                        raise self._refused(refused, operation, self._clock.now(), self.scrub)
                    return use(answer, parts)
            except (NoAnswer, CannotUnpack) as failure:
                raise self._failure(failure, operation, call) from None

    @contextmanager
    def _slot(self, until: float, operation: str) -> Iterator[None]:
        """Wait for one of the requests that may run at a time."""
        if not self._slots.acquire(timeout=max(0.0, until - self._clock.monotonic())):
            raise Unreachable("no time was left to send it", operation=operation, sent=False)
        try:
            yield
        finally:
            self._slots.release()

    def _network(self, operation: str) -> Transport:
        with self._opening:
            if self._transport is None:
                try:
                    self._transport = Network(self.url, self._environ)
                except SettingsError as wrong:
                    raise Unreachable(str(wrong), operation=operation, sent=False, hint=wrong.hint) from None
            return self._transport

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None,
        content: bytes | None,
        call: Call,
        identity: Mapping[str, str],
    ) -> Request:
        """Return a request; what no address may hold is quoted in it."""
        target = f"{self._base}{path}?{urlencode(params)}" if params else self._base + path
        headers = {**self._headers, **identity}
        if content is not None:
            headers["Content-Type"] = "application/json"
        return Request(method, quote(target, safe=_ADDRESS), headers, content, call)

    def _parts(self, reply: Reply, operation: str) -> Iterator[bytes]:
        """Yield the body unpacked, as long as it has the time and the size for that."""
        try:
            yield from unpacked(reply.parts, reply.headers.get("content-encoding", ""), self._most * MEGABYTE)
        except TooLarge:
            text = f"the answer is larger than {self._most} MB"
            hint = "raise the connection's requests.max_megabytes if answers may be so large"
            raise UnexpectedAnswer(text, operation=operation, status=reply.status, hint=hint) from None

    def decoded(self, answer: Answer, operation: str, decode: Callable[[bytes], T]) -> T:
        """Return what a body says; raise UnexpectedAnswer where it does not decode."""
        try:
            return decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(answer, f"{self._platform}: {operation}", str(error), self.scrub) from None

    def _over(self, call: Call, operation: str, *, sent: bool = True) -> Unreachable:
        """Return the error for a call that ended before its answer was there."""
        if call.ended() == STOPPED:
            return Unreachable("the run was asked to stop", operation=operation, sent=sent)
        if not sent:
            return Unreachable("no time was left to send it", operation=operation, sent=False)
        hint = "try again, or raise the connection's requests.timeout"
        return Unreachable(
            f"{self.url} did not answer in time", operation=operation, retryable=True, sent=sent, hint=hint
        )

    def _failure(self, error: NoAnswer | CannotUnpack, operation: str, call: Call) -> PlatformError:
        """Return the error for a request without an answer."""
        said = clean(self.scrub(str(error))) or type(error).__name__
        if isinstance(error, CannotUnpack):
            return UnexpectedAnswer(f"the body cannot be unpacked: {said}", operation=operation, retryable=True)
        unsent = isinstance(error, NotSent)
        if unsent and is_tls(error):
            hint = "check the connection's url, and the certificates this machine trusts (SSL_CERT_FILE)"
            return Unreachable(f"TLS with {self.url} failed: {said}", operation=operation, sent=False, hint=hint)
        if call.ended() == STOPPED or isinstance(error, Late):
            return self._over(call, operation, sent=not unsent)
        if unsent:
            text, hint = f"no connection to {self.url}: {said}", "check the connection's url, the network and any proxy"
        else:
            text, hint = f"the connection to {self.url} broke off: {said}", "try again"
        return Unreachable(text, operation=operation, retryable=True, sent=not unsent, hint=hint)


def segment(name: str) -> str:
    """Return a name as one segment of a path: nothing in it is safe, and one of dots alone would change the path."""
    quoted = quote(name, safe="")
    return quoted.replace(".", "%2E") if name in {".", ".."} else quoted


def _whole(answer: Answer, parts: Iterator[bytes]) -> Answer:
    """Return an answer with its body; a long one came as one part, which is not copied."""
    first, second = next(parts, b""), next(parts, b"")
    return Answer(answer.status, b"".join((first, second, *parts)) if second else first, answer.headers)


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


def _over_httpx(url: str, transport: httpx.BaseTransport) -> Transport:
    from reconciler.platforms.over_httpx import OverHttpx  # only who brings a transport of httpx's along needs it

    return OverHttpx(url, transport)
