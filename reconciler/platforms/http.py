"""The one HTTP client of all platforms: credentials, time limits, retries of what is safe to retry, rates, errors.

It gives decoded answers or raises `PlatformError`; whether a request may have taken effect is in `error.sent`. Reads
are repeated when the failure may pass. Writes are repeated only when they certainly were not processed: no connection
came about, or the platform answered 429. The retry loop is our own: it has to stop with the run, to obey Retry-After
and to fit into a deadline of the caller's clock, which a retry library would have to be taught piece by piece.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import chain
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from reconciler import __version__
from reconciler.errors import PlatformError, RateLimited, SettingsError, UnexpectedAnswer, Unreachable
from reconciler.platforms.ahead import Ahead
from reconciler.platforms.answers import Answer, Refused, refusal, unreadable
from reconciler.platforms.body import CannotUnpack, TooLarge, start, start_of_refusal, unpacked
from reconciler.platforms.credentials import Credentials, checked_url
from reconciler.platforms.heard import Heard, brought
from reconciler.platforms.line import Call, NoAnswer
from reconciler.platforms.pace import Pace
from reconciler.platforms.transport import Asked, Network, Reply, Request, Transport
from reconciler.platforms.unanswered import failed, over
from reconciler.platforms.written import Written, written
from reconciler.ports import SILENT, Clock, ReadProgress

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
    (monotonic seconds) is when reads are no longer repeated, where that is not as usual; `refused` reads a refusal; `progress`
    hears how each request went.
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
        progress: ReadProgress = SILENT,
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
        self._pace = Pace(clock, per_second)
        self._chance = chance
        self._environ = environ
        self._progress = progress
        self._transport: Transport | None = brought(self.url, transport, progress) if transport is not None else None
        self._opening = threading.Lock()
        self._ahead = Ahead(self._slots.release)
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
        self._ahead.give_up()
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

    def read(
        self,
        path: str,
        operation: str,
        decode: Callable[[bytes], T],
        params: Params | None = None,
        then: Params | None = None,
    ) -> T:
        """Read and decode; a body that does not decode counts as a failure that may pass. Raises PlatformError.

        With `then` the same is going to be read with these: the platform works on that while what came is decoded.
        """

        def once(until: float) -> T:
            answer = self._sent("GET", path, operation, until, _whole, params=params)
            if then is not None:
                self._ask_ahead(path, operation, then)
            return self.decoded(answer, operation, decode)

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
        target = self._target(path, params)
        asked = self._ahead.taken(target if method == "GET" else "")
        if asked is None:
            asked = self._asked(method, target, body, operation, until, until, whole=use is _whole)
        try:
            with closing(asked.reply()) as reply:
                answer = Answer(reply.status, b"", reply.headers)
                parts = self._parts(reply, operation)
                if not 200 <= reply.status < 300:
                    refused = answer._replace(content=start_of_refusal(parts))
                    raise self._refused(refused, operation, self._clock.now(), self.scrub)
                return use(answer, parts)
        except (NoAnswer, CannotUnpack) as failure:
            raise failed(failure, self.url, operation, asked.request.call, self.scrub) from None
        finally:
            self._slots.release()

    def _asked(  # a request, and how long it may wait for its turn and for its answer
        self, method: str, target: str, body: object, operation: str, turn: float, until: float, *, whole: bool
    ) -> Asked:
        """Send a request, and keep one of those that may run at a time until who takes the answer gives it back."""
        read = method == "GET"
        headers = {**self._headers, **self._credentials.headers(None if read else until)}
        content = None if read or body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        left = max(0.0, turn - self._clock.monotonic())
        if not self._slots.acquire(timeout=0.0) and not (left and self._acquired(left)):
            raise Unreachable("no time was left to send it", operation=operation, sent=False)
        try:
            self._pace.wait()
            call = Call(self._clock, min(until, self._clock.monotonic() + self._timeout), stoppable=read)
            return self._begun(Request(method, target, headers, content, call, whole), operation)
        except BaseException:
            self._slots.release()
            raise

    def _begun(self, request: Request, operation: str) -> Asked:
        if request.call.ended():
            raise over(self.url, operation, request.call, sent=False)
        try:
            return self._network(operation).ask(request)
        except NoAnswer as failure:
            raise failed(failure, self.url, operation, request.call, self.scrub) from None

    def _acquired(self, seconds: float) -> bool:
        """Wait for a turn; what was asked ahead must not keep it from others, and is given up."""
        self._ahead.give_up()
        return self._slots.acquire(timeout=seconds)

    def _ask_ahead(self, path: str, operation: str, params: Params) -> None:
        """Send a read whose answer this thread takes next; not where it would have to wait for its turn."""
        now, target = self._clock.monotonic(), self._target(path, params)
        with suppress(PlatformError):  # who wants the answer asks again
            operation = f"{self._platform}: {operation}"
            asked = self._asked("GET", target, None, operation, now, now + self._timeout, whole=True)
            self._ahead.keep(asked)

    def _network(self, operation: str) -> Transport:
        with self._opening:
            if self._transport is None:
                try:
                    self._transport = Heard(Network(self.url, self._environ), self._progress)
                except SettingsError as wrong:
                    raise Unreachable(str(wrong), operation=operation, sent=False, hint=wrong.hint) from None
            return self._transport

    def _target(self, path: str, params: Params | None) -> str:
        """Return the path with the query; what no address may hold is quoted in it."""
        return quote(f"{self._base}{path}?{urlencode(params)}" if params else self._base + path, safe=_ADDRESS)

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


def segment(name: str) -> str:
    """Return a name as one segment of a path: nothing in it is safe, and one of dots alone would change the path."""
    quoted = quote(name, safe="")
    return quoted.replace(".", "%2E") if name in {".", ".."} else quoted


def _whole(answer: Answer, parts: Iterator[bytes]) -> Answer:
    """Return an answer with its body; a long one came as one part, which is not copied."""
    first, second = next(parts, b""), next(parts, b"")
    return Answer(answer.status, b"".join((first, second, *parts)) if second else first, answer.headers)
