"""What came back over HTTP, and how it reads to a person: clean, short, without secrets, as an error of our own tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from reconciler.errors import (
    NotFound,
    PlatformError,
    RateLimited,
    Rejected,
    ServerFailed,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from reconciler.model.outcome import Receipt, ReceiptKind

SHOWN = 300
"""How many characters of a platform's text are shown at most."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_BLANKS = re.compile(r"\s+")
_REQUEST_IDS = ("x-request-id", "x-amzn-requestid", "x-correlation-id", "cf-ray")

Scrub = Callable[[str], str]
"""Takes secrets out of a text."""

Refused = Callable[["Answer", str, float, Scrub], PlatformError]
"""Reads a refusal: the answer, the operation, now in seconds since 1970, and what takes secrets out."""


class Answer(NamedTuple):
    """One answer, whole. Header names are lower case."""

    status: int
    content: bytes
    headers: dict[str, str]

    @property
    def request_id(self) -> str | None:
        """Return the id by which the platform's support finds this request, where it names one."""
        return next((clean(self.headers[name], 80) for name in _REQUEST_IDS if name in self.headers), None)

    @property
    def date(self) -> float | None:
        """Return what time the platform has, in seconds since 1970; None where it does not say."""
        from email.utils import parsedate_to_datetime  # slow, and few answers need it

        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None

    def retry_after(self, now: float) -> float | None:
        """Return how many seconds the platform asks to wait: `Retry-After` as a number or as a date."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        from email.utils import parsedate_to_datetime  # slow, and few answers need it

        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except (ValueError, TypeError, OverflowError):
            return None


class _Problem(msgspec.Struct):
    """An error body: Losant's `type` and `message`, GetApp's `name`, `errorCode` and `message`."""

    message: str | list[str] = ""
    type: str = ""
    name: str = ""
    code: str = msgspec.field(default="", name="errorCode")

    def words(self) -> str:
        """Return what it says in one text; empty where it says nothing."""
        message = self.message if isinstance(self.message, str) else "; ".join(self.message)
        kind = self.code or self.type or self.name
        return f"{kind}: {message}" if kind and message else message or kind


class _Wrapped(msgspec.Struct):
    """Memfault's error body, confirmed in code of its users; that of a preparation of GetApp (confirmed, seed 004)."""

    error: _Problem


_SHAPES: tuple[Callable[[bytes], _Wrapped | _Problem], ...] = (
    msgspec.json.Decoder(_Wrapped).decode,
    msgspec.json.Decoder(_Problem).decode,
)


def clean(text: str, most: int = SHOWN) -> str:
    """Return text on one line, without control and direction characters, at most `most` characters."""
    one_line = _BLANKS.sub(" ", _UNPRINTABLE.sub(" ", text)).strip()
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"


def excerpt(content: bytes, scrub: Scrub) -> str:
    """Return the start of a body for an error text. Secrets go first, so that no cut leaves a part of one."""
    return clean(scrub(content[: 64 * SHOWN].decode("utf-8", "replace")))


def error_text(answer: Answer, scrub: Scrub) -> str:
    """Return what a refusing answer says: `Type: message` of its body, else the start of the body."""
    text = said(answer.content)
    if text:
        return clean(scrub(text))
    if looks_like_html(answer):
        return "an HTML page came instead of an API answer: " + excerpt(answer.content, scrub)
    return excerpt(answer.content, scrub) or "no explanation was given"


def said(content: bytes) -> str:
    """Return what an error body of one of the known shapes says; empty for anything else."""
    for decode in _SHAPES:
        try:
            found = decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if words := (found.error if isinstance(found, _Wrapped) else found).words():
            return words
    return ""


def looks_like_html(answer: Answer) -> bool:
    """Return whether a body is a web page."""
    return "html" in answer.headers.get("content-type", "") or answer.content.lstrip()[:1] == b"<"


def refusal(answer: Answer, operation: str, now: float, scrub: Scrub) -> PlatformError:
    """Return the error that an answer outside 2xx stands for."""
    status, text, request_id = answer.status, error_text(answer, scrub), answer.request_id
    message = f"the platform answered {status}: {text}"
    if 300 <= status < 400:
        return _redirected(answer, operation, scrub)
    if status in (401, 403):
        reason = "not accepted" if status == 401 else "not sufficient"
        hint = f"the credentials are {reason}: check the connection's token, its scopes and its expiry"
        return Unauthorized(message, operation=operation, status=status, request_id=request_id, hint=hint)
    if status == 404:
        hint = "check the names and ids that the connection gives, and that its credentials belong there"
        return NotFound(message, operation=operation, status=status, request_id=request_id, hint=hint)
    if status == 408:
        return Unreachable(message, operation=operation, status=status, request_id=request_id, retryable=True)
    wait = answer.retry_after(now)
    if status == 429 or (status == 503 and wait is not None):
        limited = RateLimited(message, operation=operation, status=status, request_id=request_id, retryable=True)
        limited.retry_after = wait
        return limited
    kind = Rejected if 400 <= status < 500 else ServerFailed  # what no server may answer is no refusal
    return kind(message, operation=operation, status=status, request_id=request_id, retryable=kind is ServerFailed)


def hinted(hints: Mapping[int, str]) -> Refused:
    """Return what reads refusals where the general words do not fit: `hints` say what to look at, by status."""

    def refused(answer: Answer, operation: str, now: float, scrub: Scrub) -> PlatformError:
        error = refusal(answer, operation, now, scrub)
        error.hint = hints.get(answer.status, error.hint)
        return error

    return refused


def _redirected(answer: Answer, operation: str, scrub: Scrub) -> PlatformError:
    location = answer.headers.get("location")
    if location is None:
        return UnexpectedAnswer(
            f"the platform answered {answer.status} with neither data nor another address: {error_text(answer, scrub)}",
            operation=operation,
            status=answer.status,
            request_id=answer.request_id,
            hint="something between here and the platform may answer in its place (a cache, a proxy): check the connection's url",
        )
    target = clean(scrub(location))
    return UnexpectedAnswer(
        f"the platform answered {answer.status}, a redirect to {target}; redirects are not followed, "
        "since the token would go there too",
        operation=operation,
        status=answer.status,
        request_id=answer.request_id,
        hint="set the connection's url to the API itself",
    )


def unreadable(answer: Answer, operation: str, why: str, scrub: Scrub) -> UnexpectedAnswer:
    """Return the error for a 2xx whose body is not what the API describes."""
    if not answer.content.strip():
        text = "the body is empty"
    elif looks_like_html(answer):
        text = "an HTML page came instead of JSON: " + excerpt(answer.content, scrub)
    else:
        text = f"the JSON cannot be used ({clean(scrub(why))}): {excerpt(answer.content, scrub)}"
    return UnexpectedAnswer(
        f"the platform answered {answer.status}, but {text}",
        operation=operation,
        status=answer.status,
        request_id=answer.request_id,
        retryable=True,
        hint="check that the connection's url is the API's, and that no proxy answers in its place",
    )


def receipt_of(error: PlatformError) -> Receipt:
    """Return whether a call was refused for certain, certainly not sent, or nobody knows."""
    text = f"{error} ({error.hint})" if error.hint else str(error)
    if not error.sent:
        return Receipt(ReceiptKind.REJECTED, f"nothing was sent: {text}", error.status)
    refused = isinstance(error, Rejected) or (
        error.status is not None and 400 <= error.status < 500 and error.status != 408
    )
    return Receipt(ReceiptKind.REJECTED if refused else ReceiptKind.UNKNOWN, text, error.status)
