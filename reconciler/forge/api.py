"""A forge's REST API over the one HTTP client: pages, rate limits, and refusals that say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

import msgspec

from reconciler.errors import PlatformError, RateLimited, Rejected, UnexpectedAnswer
from reconciler.platforms.answers import Answer, Refused, Scrub, clean, hinted
from reconciler.platforms.credentials import Credentials, NoCredentials, Read, Reread, checked, checked_url
from reconciler.platforms.http import Client
from reconciler.ports import Clock
from reconciler.views.words import duration

T = TypeVar("T")

LARGEST = 128
"""Megabytes of a file."""
PAGE = 100
"""Rows of a page: the most that both forges give."""
SECONDARY = 60.0
"""Seconds to wait at GitHub's secondary limits, where the answer names none."""

_NEXT = re.compile(r'<([^<>]*)>\s*;[^<]*\brel="?next"?')


class Header(Reread):
    """A token in a header of its own."""

    def __init__(self, name: str, token: str | Read, scheme: str = "") -> None:
        super().__init__(lambda: checked(token, "token"))
        self._name = name
        self._scheme = scheme

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of the token."""
        del deadline
        return {self._name: f"{self._scheme}{self.sent()[0]}"}


class _Elsewhere(UnexpectedAnswer):
    """What was asked for is at another address."""

    location = ""


class Api:
    """Requests to one forge, which end within `seconds` altogether, waiting for rate limits included.

    `name` is what the forge is called, `variable` what names its address, `hints` what to do about a refused request,
    by status.
    """

    def __init__(
        self,
        name: str,
        url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        seconds: float,
        variable: str,
        hints: Mapping[int, str],
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, str],
    ) -> None:
        """Check the address; nothing is sent yet."""
        self.ends = clock.monotonic() + seconds
        self._clock = clock
        self._name = name
        self._environ = environ
        self._unreachable = f"check {variable}, the network and any proxy"
        self._client = Client(
            url,
            credentials,
            platform=name,
            clock=clock,
            headers=headers,
            max_megabytes=32,
            ends=self.ends,
            refused=partial(_refused, hinted(hints)),
            environ=environ,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, operation: str, kind: type[T], params: Mapping[str, str | int] | None = None) -> T:
        """Read one thing."""
        return self._explained(lambda: self._client.read(path, operation, partial(_decoded, kind), params))

    def pages(self, path: str, operation: str, kind: type[T], params: Mapping[str, str | int]) -> Iterator[T]:
        """Yield all rows of a listing. Of the address of a next page only the query counts: the token goes nowhere else."""
        query: Mapping[str, str | int] | None = {"per_page": PAGE, **params}
        while query is not None:
            answer = self._explained(partial(self._client.get, path, operation, query))
            decode = partial(_decoded, list[kind])  # type: ignore[valid-type]  # a type that is known at run time
            rows: list[T] = self._explained(partial(self._client.decoded, answer, operation, decode))
            yield from rows
            found = _NEXT.search(answer.headers.get("link", ""))
            query = dict(parse_qsl(urlsplit(found[1]).query)) if found and rows else None

    def download(self, path: str, operation: str) -> bytes:
        """Read a file. Forges keep files elsewhere, at an address that is good for a while: the token does not go there."""
        try:
            return self._explained(lambda: self._client.get(path, operation)).content
        except _Elsewhere as found:
            at = urlsplit(urljoin(self._client.url, found.location))
        store = Client(
            checked_url(f"{at.scheme}://{at.netloc}"),
            NoCredentials(),
            platform=self._name,
            clock=self._clock,
            max_megabytes=LARGEST,
            ends=self.ends,
            environ=self._environ,
        )
        with closing(store):
            return self._explained(lambda: store.get(f"{at.path}?{at.query}", operation)).content

    def send(self, method: str, path: str, operation: str, body: object = None) -> Answer:
        """Write."""
        return self._explained(lambda: self._client.send(path, operation, body, self.ends, method=method))

    def ask(self, method: str, path: str, operation: str, body: object, kind: type[T]) -> T:
        """Write, and return what the answer says."""
        answer = self.send(method, path, operation, body)
        return self._explained(lambda: self._client.decoded(answer, operation, partial(_decoded, kind)))

    def _explained(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except RateLimited as error:
            wait = f"it asks to wait {duration(error.retry_after)}" if error.retry_after else "it asks to wait"
            error.hint = f"{wait}, longer than the time left: run it again later, or give it more with --timeout"
            raise
        except PlatformError as error:
            if error.status is None or (isinstance(error, UnexpectedAnswer) and error.status < 300):
                error.hint = self._unreachable
            raise


def _decoded(kind: type[T], content: bytes) -> T:
    return msgspec.json.decode(content, type=kind, strict=False)


def _refused(plainly: Refused, answer: Answer, operation: str, now: float, scrub: Scrub) -> PlatformError:
    error = plainly(answer, operation, now, scrub)
    if answer.status in {302, 307} and (location := answer.headers.get("location", "")):
        elsewhere = _Elsewhere(error.reason, operation=operation, status=answer.status, request_id=error.request_id)
        elsewhere.location = location
        return elsewhere
    if answer.status == 422 and (details := _details(answer.content)):
        text = f"{error.reason}: {clean(scrub(details))}"
        return Rejected(text, operation=operation, status=422, request_id=error.request_id)
    wait = _wait(answer, str(error), now)
    if answer.status in {403, 429} and wait is not None:
        limited = RateLimited(
            error.reason, operation=operation, status=answer.status, request_id=error.request_id, retryable=True
        )
        limited.retry_after = wait
        return limited
    return error


def _details(content: bytes) -> str:
    """Return what GitHub says besides `Validation Failed`: which field, and why."""
    try:
        found = msgspec.json.decode(content, type=_Invalid).errors
    except msgspec.DecodeError:
        return ""
    texts = (one if isinstance(one, str) else one.message or f"{one.field} {one.code}".strip() for one in found)
    return "; ".join(filter(None, texts))


class _Field(msgspec.Struct):
    field: str = ""
    code: str = ""
    message: str = ""


class _Invalid(msgspec.Struct):
    errors: list[str | _Field] = []


def _wait(answer: Answer, text: str, now: float) -> float | None:
    """Return how many seconds a limited request must wait; None where it was refused for another reason."""
    named = answer.retry_after(now)
    if named is not None:
        return named
    for prefix in ("x-ratelimit", "ratelimit"):
        reset = answer.headers.get(f"{prefix}-reset", "")
        if answer.headers.get(f"{prefix}-remaining") == "0" and reset.isascii() and reset.isdigit():
            return max(0.0, float(reset[:12]) - now)
    return SECONDARY if "secondary rate limit" in text.lower() or answer.status == 429 else None
